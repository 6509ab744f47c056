package io.t3d.data.dicom.internal;

import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Has one DICOM object written by a process of its own, into its place only when it is whole. */
public final class DcmtkWorker {
  /** How Java tells of a signal: 128 and its number. */
  private static final int SIGNAL = 128;

  private static final int KILL = 9;
  private static final int ALARM = 14;
  private static final int NOT_LOADED = 127;

  private static final AtomicLong COUNTER = new AtomicLong();

  private final List<String> command;
  private final Duration limit;

  /**
   * Another command, for tests.
   *
   * @param limit after which the process is ended
   */
  DcmtkWorker(List<String> command, Duration limit) {
    this.command = List.copyOf(command);
    this.limit = limit;
  }

  /** The worker, with the limits {@code t3d.dcmtk.memoryMiB} and {@code .timeoutSeconds}. */
  public static DcmtkWorker create() throws IOException {
    long seconds = Long.getLong("t3d.dcmtk.timeoutSeconds", 300);
    long memory = Long.getLong("t3d.dcmtk.memoryMiB", 8192);
    return new DcmtkWorker(
        List.of(DcmtkNatives.worker().toString(), Long.toString(memory), Long.toString(seconds)),
        Duration.ofSeconds(seconds));
  }

  /**
   * Identifiers of what was written.
   *
   * @param sopClass SOP Class UID
   * @param sopInstance SOP Instance UID
   */
  public record Written(String sopClass, String sopInstance) {}

  /**
   * Has an object written.
   *
   * @param request all but the line {@code out}
   * @param source what it is made of, for messages
   * @param out replaced as a whole when the object is written
   * @throws T3dException when the source cannot be referred to
   * @throws IOException when the process fails, or the file cannot be written
   */
  public Written write(DcmtkRequest request, Path source, Path out) throws IOException {
    Path folder = AtomicFiles.makeFolder(out.toAbsolutePath().getParent());
    if (Files.isDirectory(out)) {
      throw new T3dException(
          T3dException.Kind.USAGE, out + " is a folder, expected a file to write; add a file name");
    }
    Path temp =
        folder.resolve(
            ".t3d-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet() + ".dcm.tmp");
    try {
      Written written = ask(request.line("out", temp.toString()), source);
      AtomicFiles.force(temp);
      Files.move(temp, out, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      AtomicFiles.force(folder);
      return written;
    } finally {
      Files.deleteIfExists(temp);
    }
  }

  private Written ask(DcmtkRequest request, Path source) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD); // may hold patient data
    builder.environment().clear(); // no other dictionary, no other libraries
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    Thread clock = new Thread(() -> endAfterLimit(process), "t3d-dcmtk-clock");
    clock.setDaemon(true);
    clock.start();
    try {
      try (OutputStream out = process.getOutputStream()) {
        out.write(request.toString().getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // It ended before it had read all: its answer, or the lack of one, tells more.
      }
      String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return understand(answer.strip(), process.waitFor(), source);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while DICOM was written");
    } finally {
      process.destroyForcibly();
      clock.interrupt();
    }
  }

  private void endAfterLimit(Process process) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      // It is done.
    }
  }

  private Written understand(String answer, int exit, Path source) throws IOException {
    String[] fields = answer.split("\t", -1);
    if (exit == 0 && fields.length == 3 && fields[0].equals("ok")) {
      return new Written(fields[1], fields[2]);
    }
    String reason = fields.length > 1 ? fields[1] : "";
    if (exit == 1 && fields[0].equals("format")) {
      throw new T3dException(
          T3dException.Kind.INPUT, source + ": no DICOM can be made of this: " + reason);
    }
    throw new IOException(source + ": " + failure(exit, exit == 1 ? fields[0] : "", reason));
  }

  private String failure(int exit, String status, String reason) {
    if (status.equals("memory")) {
      return "writing DICOM needs more memory than -Dt3d.dcmtk.memoryMiB allows";
    }
    if (status.equals("system")) {
      return "DICOM was not written: " + reason;
    }
    String how = "exit code " + exit;
    if (exit == SIGNAL + KILL || exit == SIGNAL + ALARM) {
      how = "a time-out after " + limit.toSeconds() + " s (-Dt3d.dcmtk.timeoutSeconds)";
    } else if (exit == NOT_LOADED) {
      how += "; is libdcmtk17 installed? (docs/pacs.md)";
    } else if (exit > SIGNAL) {
      how = "signal " + (exit - SIGNAL);
    }
    return "the process that writes DICOM ended with " + how;
  }
}
