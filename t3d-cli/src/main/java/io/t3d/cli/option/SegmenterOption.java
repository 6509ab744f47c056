package io.t3d.cli.option;

import io.t3d.core.torch.TorchEngine;
import io.t3d.pipeline.TrainedSegmenter;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The trained segmenter that a command works with. */
public final class SegmenterOption {
  @Option(
      names = "--segmenter",
      required = true,
      paramLabel = "DIR",
      description = "The --out folder of t3d segment train.")
  private Path folder;

  /** The segmenter, on the default device; the caller closes it. */
  public TrainedSegmenter open() throws IOException {
    return TrainedSegmenter.open(folder, TorchEngine.defaultDevice());
  }
}
