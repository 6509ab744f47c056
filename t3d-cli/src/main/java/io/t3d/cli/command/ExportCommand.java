package io.t3d.cli.command;

import com.google.common.base.Joiner;
import io.t3d.cli.option.CheckpointOption;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.model.ModelExport;
import io.t3d.core.model.OnnxExport;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d export}: a model's weights for Python. */
@Command(
    name = "export",
    description =
        "Write a model's parts as safetensors under the names that PyTorch users expect, or as ONNX.",
    mixinStandardHelpOptions = true)
public final class ExportCommand implements Callable<Integer> {
  @Mixin private CheckpointOption checkpoint;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description =
          "Gets text/ (for transformers), vision.safetensors (for MONAI) and"
              + " projections.safetensors; docs/pretrained.md shows the loading.")
  private Path out;

  @Option(
      names = "--onnx",
      description = {
        "Write vision.onnx, text.onnx and tokenizer.json instead: encoders with their projections,",
        "whose output is the embedding (docs/pretrained.md)."
      })
  private boolean onnx;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    OutputCheck.folder(out);
    try (TrainedModel trained = checkpoint.open()) {
      if (onnx) {
        Size3 view = trained.data().views().globalSize();
        List<Path> files = OnnxExport.write(trained.model(), view, out);
        spec.commandLine().getOut().println("exported " + Joiner.on(", ").join(files));
        return 0;
      }
      ModelExport.write(trained.model(), out);
    }
    spec.commandLine().getOut().println("text, vision and projections exported to " + out);
    return 0;
  }
}
