package io.t3d.cli.print;

import ai.djl.Device;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * The progress of a task: a bar on the error stream, so that results on the output stream can be
 * piped, or lines of JSON, or nothing.
 */
public final class Progress implements AutoCloseable {
  private final Display display;

  private Progress(Display display) {
    this.display = display;
  }

  /** A way to show it; what it cannot show, it leaves out. */
  interface Display {
    void to(long done);

    default void of(long all) {}

    default void note(String text) {}

    default void close() {}
  }

  /** A bar over so many items, with the time that is left. */
  public static Progress overItems(String task, long count) {
    return overItems(task, 0, count);
  }

  /**
   * The same where some are done already, which say nothing of the speed.
   *
   * @param done items before this process began
   */
  @SuppressWarnings("SystemConsoleNull") // ./t3d asks newer JDKs for the console of JDK 17.
  static Progress overItems(String task, long done, long count) {
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(count)
            .startsFrom(done, Duration.ZERO)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(System.console() == null ? 15_000 : 500)
            .continuousUpdate()
            .setMaxRenderedLength(150)
            .build();
    return new Progress(
        new Display() {
          @Override
          public void to(long reached) {
            bar.stepTo(reached);
          }

          @Override
          public void of(long all) {
            bar.maxHint(all);
          }

          @Override
          public void note(String text) {
            bar.setExtraMessage(text);
          }

          @Override
          public void close() {
            bar.close();
          }
        });
  }

  /** Nothing is shown. */
  static Progress none() {
    return new Progress(done -> {});
  }

  /** Lines of JSON: one a second at most, and one for the last item. */
  static Progress asJson(JsonLog log, String task, long count) {
    return new Progress(new JsonLines(log, task, count));
  }

  private static final class JsonLines implements Display {
    private static final long INTERVAL = 1_000_000_000;

    private final JsonLog log;
    private final String task;
    private final long started = System.nanoTime();
    private long all;
    private long printed = started - INTERVAL;

    JsonLines(JsonLog log, String task, long all) {
      this.log = log;
      this.task = task;
      this.all = all;
    }

    @Override
    public synchronized void to(long done) {
      long now = System.nanoTime();
      if (done < all && now - printed < INTERVAL) {
        return;
      }
      printed = now;
      ObjectNode line = log.line("progress").put("task", task).put("done", done).put("all", all);
      if (done > 0) {
        JsonLog.put(line, "secondsLeft", (now - started) / 1e9 / done * (all - done));
      }
      MemoryUse.now(Device.cpu()).put(line);
      log.print(line);
    }

    @Override
    public synchronized void of(long items) {
      all = items;
    }
  }

  public void to(long done) {
    display.to(done);
  }

  /** So many of so many: where the number of items shows only later. */
  public void of(long done, long all) {
    display.of(all);
    display.to(done);
  }

  public void note(String text) {
    display.note(text);
  }

  @Override
  public void close() {
    display.close();
  }
}
