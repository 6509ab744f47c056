package io.t3d.bench.report;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A program whose lines are read as they come, for as long as there is time. */
final class Commands implements AutoCloseable {
  private static final int KEPT = 200;
  private static final String END = "\0";

  private final Process process;
  private final Writer in;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Deque<String> last = new ArrayDeque<>();

  /**
   * Starts it; errors and output come together.
   *
   * @param environment added to this process's
   * @throws IOException when there is no such program
   */
  Commands(List<String> command, Path folder, Map<String, String> environment) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    process = builder.start();
    in = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "gpu-report-reader");
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      lines.add("cannot be read: " + e.getMessage());
    } finally {
      lines.add(END);
    }
  }

  /** Writes a line to it. */
  void say(String line) {
    try {
      in.write(line + "\n");
      in.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("It has ended: " + tail(), e);
    }
  }

  /**
   * Waits for a line.
   *
   * @param seconds how long
   * @return empty when it has ended, or time has, before there was one
   */
  Optional<String> await(Predicate<String> wanted, double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    try {
      while (true) {
        String line = lines.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        if (line == null || line.equals(END)) {
          return Optional.empty();
        }
        last.addLast(line);
        if (last.size() > KEPT) {
          last.removeFirst();
        }
        if (wanted.test(line)) {
          return Optional.of(line);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Reads until it ends; whether it did so in time. */
  boolean ends(double seconds) {
    await(line -> false, seconds);
    try {
      return process.waitFor(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Its exit code, after {@link #ends}. */
  int code() {
    return process.exitValue();
  }

  /** The lines that were read, the newest 200. */
  List<String> lines() {
    return List.copyOf(last);
  }

  /** The last line that says something. */
  String tail() {
    return last.stream()
        .filter(line -> !line.isBlank() && !line.startsWith("\tat "))
        .reduce((first, second) -> second)
        .orElse("nothing was printed");
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
