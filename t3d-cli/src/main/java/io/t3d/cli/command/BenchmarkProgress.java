package io.t3d.cli.command;

import io.t3d.cli.benchmark.BenchmarkRun;
import io.t3d.cli.print.Progress;
import org.jspecify.annotations.Nullable;

/** A bar over the benchmark's cells that tells what is being done. */
final class BenchmarkProgress implements BenchmarkRun.Watcher, AutoCloseable {
  private final BenchmarkCommand.Suite suite;
  private @Nullable Progress bar;

  BenchmarkProgress(BenchmarkCommand.Suite suite) {
    this.suite = suite;
  }

  @Override
  public void at(int done, int total, String what) {
    if (bar == null) {
      bar =
          Progress.overItems(
              "Benchmark (" + suite.name().toLowerCase(java.util.Locale.ROOT) + ")", total);
    }
    bar.to(done);
    bar.note(what);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
