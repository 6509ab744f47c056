package io.t3d.cli.benchmark;

import io.t3d.cli.benchmark.task.Tasks;
import io.t3d.core.config.Configs;
import io.t3d.pipeline.internal.CleanStop;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A process that does units of a benchmark; {@link WorkerProcess} is its other end.
 *
 * <pre>{@code
 * in:   METHOD STEPS REPLICATE CELL…   a unit; the end of input ends the process at once
 * out:  at WHAT                progress
 *       cell NAME              a cell of the unit is stored
 *       ready                  the unit is done
 *       failed WHY             it is not, and the process ends; the stack trace is on stderr
 * }</pre>
 */
public final class BenchmarkWorker {
  static final String AT = "at ";
  static final String CELL = "cell ";
  static final String READY = "ready";
  static final String FAILED = "failed ";

  private BenchmarkWorker() {}

  /** Works in the folder that is the only argument; data and settings are there. */
  public static void main(String[] args) throws InterruptedException {
    PrintStream answers =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err); // what libraries print is no answer
    CleanStop.install(); // never finished: it ends when its input does
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    Thread reader = new Thread(() -> read(lines), "t3d-benchmark-units");
    reader.setDaemon(true);
    reader.start();
    try {
      UnitRunner runner = open(Path.of(args[0]));
      while (true) {
        runner.run(Unit.parse(lines.take()), listener(answers));
        answers.println(READY);
      }
    } catch (IOException | RuntimeException | Error e) {
      e.printStackTrace();
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      answers.println(FAILED + oneLine(why));
      System.exit(1);
    }
  }

  private static UnitRunner open(Path out) throws IOException {
    BenchmarkConfig config =
        Configs.load(out.resolve(CellStore.SETTINGS_FILE), BenchmarkConfig.class);
    return new UnitRunner(config, CellStore.open(out, config), Tasks.all());
  }

  /** The other end closes our input when there is no more to do, and so does its death. */
  @SuppressWarnings("CatchAndPrintStackTrace") // The error stream is the worker's log.
  private static void read(BlockingQueue<String> lines) {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      e.printStackTrace(); // as good as the end
    }
    System.exit(0);
  }

  private static UnitRunner.Listener listener(PrintStream answers) {
    return new UnitRunner.Listener() {
      @Override
      public void at(String what) {
        answers.println(AT + oneLine(what));
      }

      @Override
      public void done(Unit unit, String cell) {
        answers.println(CELL + cell);
      }
    };
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\R", " ");
  }
}
