package io.t3d.data.itk.internal.worker;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One decoder process. It serves one request at a time; after a failure of its own it is dead. */
final class Worker implements AutoCloseable {
  private static final int PROGRESS = 250;
  private static final int OK = 0;
  private static final int FORMAT = 1;
  private static final int FAILURE = 2;
  private static final int MEMORY = 3;
  private static final int LONGEST_ANSWER = 1 << 30;

  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "t3d-itk-clock");
            thread.setDaemon(true);
            return thread;
          });

  private final WorkerSettings settings;
  private final Process process;
  private final DataOutputStream out;
  private final InputStream in;
  private volatile boolean timedOut;
  private volatile boolean dead;

  Worker(WorkerSettings settings, List<String> command) throws IOException {
    this.settings = settings;
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD); // may hold patient data
    builder.environment().clear(); // no plug-ins, no other libraries
    builder.environment().put("LC_ALL", "C");
    process = builder.start();
    out = new DataOutputStream(process.getOutputStream());
    in = process.getInputStream();
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return !dead && process.isAlive(); // a signal takes its time
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param files what the request is about, in its order: errors name the one at fault
   * @param bytes how much is to be read, for the time limit
   * @throws VolumeFormatException when the input cannot be read, or the worker did not survive it
   */
  ByteBuffer ask(Message request, List<Path> files, long bytes) throws IOException {
    Duration limit = settings.timeoutFor(bytes);
    int current = 0;
    send(request);
    try {
      while (true) {
        ByteBuffer answer = nextFrame(limit);
        int status = answer.get() & 0xff;
        if (status == OK) {
          return answer;
        }
        int index = Math.min(answer.getInt(), files.size() - 1);
        if (status != PROGRESS) {
          throw failure(status, Message.text(answer), files.get(Math.max(index, current)));
        }
        current = Math.max(index, current);
      }
    } catch (NonsenseException | IndexOutOfBoundsException | BufferUnderflowException e) {
      kill(); // what else stands in the pipe cannot be known
      throw nonsense(files.get(current), e);
    } catch (EOFException e) {
      throw ended(files.get(current), limit, e);
    }
  }

  /** What it sent is no frame, or none of ours. */
  private static final class NonsenseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private NonsenseException(String what) {
      super(what);
    }
  }

  /** The error for an answer that cannot be read. */
  static VolumeFormatException nonsense(Path file, RuntimeException cause) {
    return new VolumeFormatException(
        file, "the decoder's answer to this input makes no sense; the file is damaged", cause);
  }

  /** It died before it had the request, so the input is not to blame. */
  static final class GoneException extends IOException {
    private static final long serialVersionUID = 1L;

    private GoneException(IOException cause) {
      super("A decoder process cannot be reached", cause);
    }
  }

  private void send(Message request) throws GoneException {
    try {
      byte[] frame = request.toBytes();
      out.writeInt(Integer.reverseBytes(frame.length));
      out.write(frame);
      out.flush();
    } catch (IOException e) {
      throw new GoneException(e);
    }
  }

  private IOException failure(int status, String why, Path file) throws IOException {
    if (status == FORMAT) {
      return new VolumeFormatException(file, why);
    }
    if (status == MEMORY) {
      close(); // what it holds is not worth keeping
      return new VolumeFormatException(
          file,
          "decoding needs more than the "
              + settings.memoryMiB()
              + " MiB that a decoder process may use; if the file is sound, raise"
              + " -Dt3d.itk.memoryMiB");
    }
    if (status != FAILURE) {
      throw new NonsenseException("The decoder sent status " + status);
    }
    return new IOException(file + ": " + why);
  }

  private VolumeFormatException ended(Path file, Duration limit, EOFException cause) {
    close();
    String what =
        timedOut
            ? "the decoder did nothing for "
                + limit.toSeconds()
                + " s on this input and was ended; the file is damaged, or raise"
                + " -Dt3d.itk.timeoutSeconds"
            : "the decoder process ended with " + exit() + " on this input; the file is damaged";
    return new VolumeFormatException(file, what, cause);
  }

  /** How Java tells of a signal: 128 and its number. */
  private String exit() {
    int value = process.exitValue();
    return value > 128 ? "signal " + (value - 128) : "exit code " + value;
  }

  private ByteBuffer nextFrame(Duration limit) throws IOException {
    Future<?> alarm =
        CLOCK.schedule(
            () -> {
              timedOut = true;
              process.destroyForcibly();
            },
            limit.toMillis(),
            TimeUnit.MILLISECONDS);
    try {
      int size = Integer.reverseBytes(ByteBuffer.wrap(read(4)).getInt());
      if (size < 1 || size > LONGEST_ANSWER) {
        throw new NonsenseException("The decoder sent a frame of " + size + " bytes");
      }
      return ByteBuffer.wrap(read(size)).order(ByteOrder.LITTLE_ENDIAN);
    } finally {
      alarm.cancel(false);
    }
  }

  private byte[] read(int count) throws IOException {
    byte[] bytes;
    try {
      bytes = in.readNBytes(count);
    } catch (IOException e) {
      throw endOf(e); // "Stream closed" when it was ended meanwhile
    }
    if (bytes.length < count) {
      throw endOf(null);
    }
    return bytes;
  }

  private static EOFException endOf(@Nullable IOException cause) {
    EOFException end = new EOFException("The decoder process ended");
    if (cause != null) {
      end.initCause(cause);
    }
    return end;
  }

  /** Ends the process, and waits until it has. */
  @Override
  public void close() {
    try {
      if (!process.waitFor(timedOut ? 0 : 200, TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
      process.waitFor(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the process at once. */
  void kill() {
    process.destroyForcibly();
    dead = true;
  }
}
