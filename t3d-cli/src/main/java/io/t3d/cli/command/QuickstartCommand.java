package io.t3d.cli.command;

import io.t3d.cli.option.DeviceOption;
import io.t3d.cli.option.Given;
import io.t3d.cli.page.Quickstart;
import io.t3d.cli.print.EvaluationPrinter;
import io.t3d.cli.print.ProgressOptions;
import io.t3d.cli.print.TrainingView;
import io.t3d.core.T3dException;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OutputCheck;
import io.t3d.pipeline.evaluate.Evaluation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d quickstart}: the whole method on phantom CT, in minutes. */
@Command(
    name = "quickstart",
    description = "Make phantom CT, pre-train a small model on it, evaluate it on unseen patients.",
    mixinStandardHelpOptions = true)
public final class QuickstartCommand implements Callable<Integer> {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Where data, log, checkpoint, metrics.json and report.html go (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("quickstart-out");

  @Option(
      names = "--pairs",
      description = "Volume–report pairs over all splits (default: ${DEFAULT-VALUE}).")
  private int pairs = Quickstart.PAIRS;

  @Option(
      names = "--epochs",
      description = "Passes over the training pairs (default: ${DEFAULT-VALUE}).")
  private int epochs = Quickstart.EPOCHS;

  @Option(names = "--seed", description = "Of data, weights and order (default: ${DEFAULT-VALUE}).")
  private long seed = 42;

  @Option(names = "--json", description = "Print the metrics as JSON.")
  private boolean json;

  @Mixin private DeviceOption device;

  @Mixin private ProgressOptions shown;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    shown.check();
    if (pairs < 1) {
      throw new T3dException(T3dException.Kind.USAGE, "--pairs must be >= 1, got " + pairs);
    }
    OutputCheck.folder(out);
    Evaluation found;
    try (FolderLock lock = FolderLock.take(out);
        DeviceOption.Scope chosen = device.asDefault();
        TrainingView progress = shown.training()) {
      Quickstart quickstart = Given.by(() -> new Quickstart(out, pairs, epochs, seed));
      shown.say("writing " + pairs + " phantom studies to " + quickstart.data());
      quickstart.writeData();
      found = quickstart.run(progress);
    }
    if (!shown.printed("result", found)) {
      EvaluationPrinter.print(found, json, spec.commandLine().getOut());
    }
    shown.say("see " + out.resolve("report.html") + " and " + out.resolve("metrics.json"));
    return 0;
  }
}
