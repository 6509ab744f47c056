package io.t3d.cli.option;

import io.t3d.pipeline.TrainedSegmenter;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The trained segmenter that a command works with. */
public final class SegmenterOption {
  @Option(
      names = "--segmenter",
      required = true,
      paramLabel = "DIR",
      description = "The --out folder of t3d segment train.")
  private Path folder;

  @Mixin private DeviceOption device;

  /** The folder that was given. */
  public Path folder() {
    return folder;
  }

  /** The segmenter, on the device of --device; the caller closes it. */
  public TrainedSegmenter open() throws IOException {
    return TrainedSegmenter.open(folder, device.device());
  }
}
