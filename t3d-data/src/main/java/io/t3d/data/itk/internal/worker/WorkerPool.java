package io.t3d.data.itk.internal.worker;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Lends decoder processes to threads, and replaces those that died. */
public final class WorkerPool implements AutoCloseable {
  private static @Nullable WorkerPool shared;

  private final WorkerSettings settings;
  private final List<String> command;
  private final Exchange exchange;
  private final Semaphore free;
  private final Deque<Worker> idle = new ArrayDeque<>();
  private final List<Worker> all = new ArrayList<>();

  WorkerPool(WorkerSettings settings, List<String> command) throws IOException {
    this.settings = settings;
    this.command = List.copyOf(command);
    this.exchange = new Exchange(settings.exchange());
    this.free = new Semaphore(settings.workers());
  }

  /** The pool of this JVM, made at the first use and ended with the JVM. */
  public static synchronized WorkerPool shared() throws IOException {
    if (shared == null) {
      WorkerSettings settings = WorkerSettings.fromProperties();
      WorkerPool pool =
          new WorkerPool(
              settings,
              List.of(ItkNatives.worker().toString(), Long.toString(settings.memoryMiB())));
      Runtime.getRuntime().addShutdownHook(new Thread(pool::close, "t3d-itk-end"));
      shared = pool;
    }
    return shared;
  }

  /** Takes an answer. */
  public interface AnswerTaker<T> {
    T take(ByteBuffer answer) throws IOException;
  }

  /** Asks a worker for information; see {@link Worker#ask}. */
  public ByteBuffer ask(Message request, List<Path> files, long bytes) throws IOException {
    return ask(request, files, bytes, answer -> answer);
  }

  /**
   * Asks a worker for information, and reads its answer.
   *
   * @throws VolumeFormatException as {@link Worker#ask}, and when the answer makes no sense
   */
  public <T> T ask(Message request, List<Path> files, long bytes, AnswerTaker<T> taker)
      throws IOException {
    Work<T> work =
        worker -> {
          ByteBuffer answer = worker.ask(request, files, bytes);
          return understood(files, answer, taker, worker::kill);
        };
    try {
      return withWorker(work);
    } catch (Worker.GoneException e) { // killed from outside while idle: a new one will do
      return withWorker(work);
    }
  }

  private static <T> T understood(
      List<Path> files, ByteBuffer answer, AnswerTaker<T> taker, Runnable otherwise)
      throws IOException {
    try {
      return taker.take(answer);
    } catch (IndexOutOfBoundsException | BufferUnderflowException | IllegalArgumentException e) {
      otherwise.run();
      throw Worker.nonsense(files.get(0), e);
    }
  }

  /** Makes the request that names the file for the voxels. */
  public interface VoxelRequest {
    Message into(String exchangePath);
  }

  /** Takes the answer and the voxels, which are gone after it. */
  public interface VoxelTaker<T> {
    T take(ByteBuffer answer, Exchange.Voxels voxels) throws IOException;
  }

  /** Asks a worker for voxels. */
  public <T> T askVoxels(VoxelRequest request, List<Path> files, long bytes, VoxelTaker<T> taker)
      throws IOException {
    try (Exchange.Slot slot = exchange.slot()) {
      Message message = request.into(slot.path().toString());
      ByteBuffer answer = ask(message, files, bytes);
      try (Exchange.Voxels voxels = slot.map()) {
        return understood(files, answer, a -> taker.take(a, voxels), () -> {});
      } catch (NoSuchFileException e) {
        throw new VolumeFormatException(
            files.get(0), "the decoder gave no voxels of this input; the file is damaged", e);
      }
    }
  }

  private interface Work<T> {
    T with(Worker worker) throws IOException;
  }

  private <T> T withWorker(Work<T> work) throws IOException {
    try {
      free.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while waiting for a decoder process");
    }
    try {
      Worker worker = take();
      boolean sound = false;
      try {
        T result = work.with(worker);
        sound = true;
        return result;
      } catch (VolumeFormatException e) {
        sound = true; // its verdict on the file; it is alive unless it died of it
        throw e;
      } finally {
        giveBack(worker, sound);
      }
    } finally {
      free.release();
    }
  }

  private Worker take() throws IOException {
    synchronized (idle) {
      Worker worker;
      while ((worker = idle.pollFirst()) != null) {
        if (worker.isAlive()) {
          return worker;
        }
        all.remove(worker);
      }
      worker = new Worker(settings, command);
      all.add(worker);
      return worker;
    }
  }

  private void giveBack(Worker worker, boolean sound) {
    if (!sound) {
      worker.kill();
    }
    synchronized (idle) {
      if (sound && worker.isAlive()) {
        idle.addFirst(worker);
      } else {
        all.remove(worker);
      }
    }
  }

  /** Ends all workers and removes the folder in which voxels are handed over. */
  @Override
  public void close() {
    synchronized (idle) {
      all.forEach(Worker::kill);
      all.clear();
      idle.clear();
    }
    exchange.close();
  }
}
