package io.t3d.cli.print;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on the error stream, so that results on the output stream can be piped. */
public final class Progress implements AutoCloseable {
  private final ProgressBar bar;

  private Progress(ProgressBar bar) {
    this.bar = bar;
  }

  @SuppressWarnings("SystemConsoleNull") // ./t3d asks newer JDKs for the console of JDK 17.
  public static Progress overItems(String task, long count) {
    return new Progress(
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(count)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(System.console() == null ? 15_000 : 500)
            .continuousUpdate()
            .setMaxRenderedLength(150)
            .build());
  }

  public void to(long done) {
    bar.stepTo(done);
  }

  /** So many of so many: where the number of items shows only later. */
  public void of(long done, long all) {
    bar.maxHint(all);
    bar.stepTo(done);
  }

  public void note(String text) {
    bar.setExtraMessage(text);
  }

  @Override
  public void close() {
    bar.close();
  }
}
