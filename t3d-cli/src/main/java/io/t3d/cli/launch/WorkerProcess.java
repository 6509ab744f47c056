package io.t3d.cli.launch;

import io.t3d.core.torch.TorchEngine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A worker in a JVM of its own, with this one's class path and options. */
final class WorkerProcess {
  private static final String ERROR = "error: ";
  private static final String THREADS = "OMP_NUM_THREADS";
  private static final String MAIN = "io.t3d.cli.T3dCommand";
  private static final long MEGABYTE = 1L << 20;
  private static final long GRACE_SECONDS = 3;

  /** Options of which each process needs its own: ports, agents, files of recordings. */
  private static final List<String> OWN =
      List.of(
          "-agentlib",
          "-agentpath",
          "-javaagent",
          "-Xdebug",
          "-Xrun",
          "-Xloggc",
          "-XX:StartFlightRecording",
          "-XX:FlightRecorderOptions",
          "-Dcom.sun.management.");

  /** What goes on with an error: a list's lines, a trace. */
  private static final Pattern GOES_ON =
      Pattern.compile(
          "\\s.*|Caused by: .*|[\\w.$]+(Exception|Error)\\b.*|This looks like a bug .*");

  private final int rank;
  private final Process process;
  private final List<Thread> readers;
  private volatile Optional<String> error = Optional.empty();

  private WorkerProcess(
      int rank, Process process, boolean speaks, PrintWriter out, PrintWriter err) {
    this.rank = rank;
    this.process = process;
    this.readers =
        List.of(
            new Thread(() -> readErrors(speaks, err), "t3d-worker-err-" + rank),
            new Thread(() -> readOutput(speaks, out), "t3d-worker-out-" + rank));
    for (Thread reader : readers) {
      reader.setDaemon(true);
      reader.start();
    }
  }

  /**
   * Starts one.
   *
   * @param of workers on this machine, which share its cores and memory
   * @param speaks whether what it prints is passed on; its error is kept apart
   */
  static WorkerProcess start(
      int rank,
      int of,
      boolean speaks,
      Map<String, String> environment,
      List<String> arguments,
      PrintWriter out,
      PrintWriter err)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    List<String> options = passedOn(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(options);
    if (options.stream().noneMatch(o -> o.startsWith("-Xmx") || o.contains("MaxHeapSize"))) {
      command.add("-Xmx" + Math.max(256, Runtime.getRuntime().maxMemory() / of / MEGABYTE) + "m");
    }
    int cores = Runtime.getRuntime().availableProcessors();
    command.add("-XX:ActiveProcessorCount=" + Math.max(1, cores / of));
    String device = System.getProperty(TorchEngine.DEVICE);
    if (device != null) {
      command.add("-D" + TorchEngine.DEVICE + "=" + device);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> variables = builder.environment();
    variables.putAll(environment);
    variables.put(THREADS, Integer.toString(threads(variables.get(THREADS), cores, of)));
    variables.putIfAbsent("TORCH_CPP_LOG_LEVEL", "FATAL"); // what it says comes as an exception
    return new WorkerProcess(rank, builder.start(), speaks, out, err);
  }

  /** The options of this JVM that a second one can have too. */
  static List<String> passedOn(List<String> options) {
    return options.stream()
        .filter(option -> OWN.stream().noneMatch(option::startsWith))
        .filter(option -> !(option.startsWith("-Xlog:") && option.contains("file=")))
        .toList();
  }

  /** Threads of libtorch in each worker: those of the variable, or all cores, divided. */
  static int threads(@Nullable String variable, int cores, int of) {
    int all = cores;
    if (variable != null && variable.matches("\\d{1,4}")) {
      all = Integer.parseInt(variable);
    }
    return Math.max(1, all / of);
  }

  private void readOutput(boolean speaks, PrintWriter out) {
    try (BufferedReader lines = process.inputReader(Charset.defaultCharset())) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (speaks) {
          out.println(line);
          out.flush();
        }
      }
    } catch (IOException e) {
      // The pipe of a process that was killed.
    }
  }

  private void readErrors(boolean speaks, PrintWriter err) {
    try (BufferedReader lines = process.errorReader(Charset.defaultCharset())) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(ERROR)) {
          error = Optional.of(line.substring(ERROR.length()));
        } else if (error.isPresent() && GOES_ON.matcher(line).matches()) {
          error = Optional.of(error.get() + "\n" + line);
        } else if (speaks) {
          err.println(line);
          err.flush();
        }
      }
    } catch (IOException e) {
      // The pipe of a process that was killed.
    }
  }

  int rank() {
    return rank;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** How it ended: 0, or more; 128 and the number of the signal that killed it. */
  int exitValue() {
    return process.exitValue();
  }

  /** What it said from its last line beginning with {@code error:} on. */
  Optional<String> error() {
    awaitOutput();
    return error;
  }

  /** Waits until what it printed is passed on. */
  void awaitOutput() {
    try {
      for (Thread reader : readers) {
        reader.join(2000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends them: all gently at once, and those that are left after a few seconds by force. */
  static void stop(List<WorkerProcess> workers) {
    workers.forEach(worker -> worker.process.destroy());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
    for (WorkerProcess worker : workers) {
      try {
        long left = Math.max(0, end - System.nanoTime());
        if (!worker.process.waitFor(left, TimeUnit.NANOSECONDS)) {
          worker.process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        worker.process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
