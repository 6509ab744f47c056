package io.t3d.cli.benchmark;

import com.sun.management.OperatingSystemMXBean;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.torch.TorchEngine;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link BenchmarkWorker} in a JVM of its own, with this one's class path and options. */
final class WorkerProcess implements AutoCloseable {
  private static final int LAST_LINES = 12;
  private static final long MEGABYTE = 1L << 20;
  private static final long GRACE_SECONDS = 10;

  private final int number;
  private final Path log;
  private final Process process;
  private final BufferedWriter units;
  private final BufferedReader answers;
  private volatile String at = "the start";

  /**
   * Starts one.
   *
   * @param out the benchmark's folder: settings and data are there
   * @param number of the worker, from 1
   * @param of how many there are, which share the memory
   */
  WorkerProcess(Path out, int number, int of) throws IOException {
    this.number = number;
    Path folder = AtomicFiles.makeFolder(out.toAbsolutePath().resolve("workers"));
    log = folder.resolve("worker-" + number + ".log");
    ProcessBuilder builder = new ProcessBuilder(command(out.toAbsolutePath(), folder, of));
    builder.redirectError(log.toFile());
    // Threads within small convolutions cost more than they bring, and processes use the cores.
    builder.environment().putIfAbsent("OMP_NUM_THREADS", "1");
    process = builder.start();
    units = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  private static List<String> command(Path out, Path folder, int of) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    List<String> options =
        new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
    // What watches this JVM, a debugger or a recording, cannot watch another at the same place.
    options.removeIf(
        o ->
            o.startsWith("-agentlib")
                || o.startsWith("-agentpath")
                || o.startsWith("-javaagent")
                || o.startsWith("-XX:StartFlightRecording"));
    command.addAll(options);
    if (options.stream().noneMatch(o -> o.startsWith("-Xmx") || o.contains("MaxHeapSize"))) {
      command.add("-Xmx" + heapBytes(of) / MEGABYTE + "m");
    }
    int cores = Math.max(1, Runtime.getRuntime().availableProcessors() / of);
    command.add("-XX:ActiveProcessorCount=" + cores);
    command.add("-XX:ErrorFile=" + folder.resolve("crash-%p.log"));
    String device = System.getProperty(TorchEngine.DEVICE);
    if (device != null) {
      command.add("-D" + TorchEngine.DEVICE + "=" + device); // as --device set it
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(BenchmarkWorker.class.getName());
    command.add(out.toString());
    return command;
  }

  /** Half of the memory is for all heaps; libtorch needs some of the rest. */
  private static long heapBytes(int of) {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return Math.min(Runtime.getRuntime().maxMemory(), system.getTotalMemorySize() / 2 / of);
  }

  /**
   * Does a unit, and waits until it is done.
   *
   * @throws IOException when it fails or the process ends; says where it was and why
   */
  void run(Unit unit, UnitRunner.Listener listener) throws IOException {
    at = unit.arm().title();
    try {
      units.write(unit.line());
      units.newLine();
      units.flush();
    } catch (IOException e) {
      throw ended();
    }
    for (String line = read(); !line.equals(BenchmarkWorker.READY); line = read()) {
      if (line.startsWith(BenchmarkWorker.AT)) {
        at = line.substring(BenchmarkWorker.AT.length());
        listener.at(at);
      } else if (line.startsWith(BenchmarkWorker.CELL)) {
        listener.done(unit, line.substring(BenchmarkWorker.CELL.length()));
      } else if (line.startsWith(BenchmarkWorker.FAILED)) {
        String why = line.substring(BenchmarkWorker.FAILED.length());
        throw new IOException(at + " failed: " + why + "; see " + log + goOn());
      }
    }
  }

  private String read() throws IOException {
    String line;
    try {
      line = answers.readLine();
    } catch (IOException e) {
      throw ended();
    }
    if (line == null) {
      throw ended();
    }
    return line;
  }

  private IOException ended() {
    return new IOException(
        "Worker process "
            + number
            + " ended with "
            + exit()
            + " at "
            + at
            + "; the end of "
            + log
            + ":\n"
            + lastLines()
            + goOn());
  }

  private static String goOn() {
    return "\nWhat is done is kept: the same command goes on from there.";
  }

  /** How Java tells of a signal: 128 and its number. */
  private String exit() {
    try {
      if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        return "its pipe closed";
      }
      int value = process.exitValue();
      return value > 128 ? "signal " + (value - 128) : "exit code " + value;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "an interruption";
    }
  }

  private String lastLines() {
    try {
      List<String> lines =
          new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList();
      List<String> last = lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
      return last.isEmpty() ? "  (nothing)" : "  " + String.join("\n  ", last);
    } catch (IOException e) {
      return "  (cannot be read: " + e.getMessage() + ")";
    }
  }

  /** Ends the process at once, whatever it does. */
  void kill() {
    process.destroyForcibly();
  }

  /** Ends the process, which has nothing to do. */
  @Override
  public void close() {
    try {
      closeUnits();
      if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void closeUnits() {
    try {
      units.close();
    } catch (IOException e) {
      process.destroyForcibly(); // a broken pipe: it is dead, or will not listen
    }
  }
}
