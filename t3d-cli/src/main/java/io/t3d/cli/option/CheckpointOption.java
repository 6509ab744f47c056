package io.t3d.cli.option;

import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The trained model that a command works with. */
public final class CheckpointOption {
  @Option(
      names = "--checkpoint",
      required = true,
      paramLabel = "DIR",
      description = "A checkpoint, or the --out folder of pretrain.")
  private Path folder;

  @Mixin private DeviceOption device;

  /** The folder that was given. */
  public Path folder() {
    return folder;
  }

  /** The model, on the device of --device; the caller closes it. */
  public TrainedModel open() throws IOException {
    return TrainedModel.open(folder, device.device());
  }
}
