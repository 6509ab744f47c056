package io.t3d.examples.cli;

import ai.djl.engine.Engine;
import io.t3d.examples.run.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The trained model that a command works with. */
final class CheckpointOption {
  @Option(
      names = "--checkpoint",
      required = true,
      paramLabel = "DIR",
      description = "A checkpoint, or the --out folder of pretrain.")
  private Path folder;

  /** The model, on the default device; the caller closes it. */
  TrainedModel open() throws IOException {
    return TrainedModel.open(folder, Engine.getInstance().defaultDevice());
  }
}
