package io.t3d.cli.command;

import io.t3d.cli.benchmark.BenchmarkConfig;
import io.t3d.cli.benchmark.BenchmarkRun;
import io.t3d.cli.benchmark.BenchmarkTable;
import io.t3d.cli.option.CommandText;
import io.t3d.cli.option.DeviceOption;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OutputCheck;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d benchmark}: pre-training methods compared on all tasks. */
@Command(
    name = "benchmark",
    description =
        "Pre-train with each method on several replicates, evaluate all tasks, write tables and a"
            + " page. A run that was stopped goes on when started again.",
    mixinStandardHelpOptions = true)
public final class BenchmarkCommand implements Callable<Integer> {
  /** Data that methods are compared on. */
  enum Suite {
    /** Phantom chest CT, made on the spot. */
    PHANTOM
  }

  /** Settings that come with the program. */
  enum Size {
    /** Three replicates: two cores, an hour. */
    SMALL,
    /** Ten replicates, what the claims are about: two cores, four hours. */
    FULL,
    /** A minute; shows that all works, not which method does. */
    SMOKE
  }

  @Option(
      names = "--suite",
      description = "Data: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Suite suite = Suite.PHANTOM;

  @Option(
      names = "--size",
      description = "Budget: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Size size = Size.SMALL;

  @Option(
      names = "--config",
      paramLabel = "YAML",
      description = "Settings instead of a size; e.g. 'preset: small' and what differs.")
  private @Nullable Path config;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Where data, runs, results.json, results.md, forest.svg and report.html go"
              + " (default:"
              + " ${DEFAULT-VALUE}).")
  private Path out = Path.of("benchmark-out");

  @Option(
      names = "--restart",
      description = "Delete the results in DIR first; needed after a change of settings.")
  private boolean restart;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description =
          "Processes that train at the same time, with one thread each unless OMP_NUM_THREADS says"
              + " more; 1: this process alone, with all cores (default: one per core with 4 GiB of"
              + " memory; 1 with a GPU). They log to DIR/workers.")
  private @Nullable Integer workers;

  @Mixin private DeviceOption device;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    BenchmarkConfig settings =
        config == null ? preset() : Configs.load(config, BenchmarkConfig.class);
    OutputCheck.folder(out);
    BenchmarkTable table;
    try (FolderLock lock = FolderLock.take(out);
        DeviceOption.Scope chosen = device.asDefault();
        BenchmarkProgress progress = new BenchmarkProgress(suite)) {
      if (restart) {
        BenchmarkRun.clear(out);
      }
      int processes = workers == null ? BenchmarkRun.workers() : workers;
      if (processes < 1) {
        throw new T3dException(T3dException.Kind.USAGE, "--workers must be >= 1, got " + processes);
      }
      table =
          new BenchmarkRun(settings, out, processes, progress).command(CommandText.of(spec)).run();
    }
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.print(table.markdown());
    stdout.flush();
    PrintWriter err = spec.commandLine().getErr();
    err.println("t3d: see " + out.resolve("report.html") + " and " + out.resolve("results.json"));
    err.flush();
    return 0;
  }

  private BenchmarkConfig preset() {
    return switch (size) {
      case SMALL -> BenchmarkConfig.small();
      case FULL -> BenchmarkConfig.full();
      case SMOKE -> BenchmarkConfig.smoke();
    };
  }
}
