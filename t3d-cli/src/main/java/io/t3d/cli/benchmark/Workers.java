package io.t3d.cli.benchmark;

import com.sun.management.OperatingSystemMXBean;
import io.t3d.core.torch.TorchEngine;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Several worker processes that do a benchmark's units. Gradients of all threads of a JVM go to one
 * collector, so that a JVM trains one model at a time.
 */
final class Workers {
  private static final long MEMORY_EACH = 4L << 30;

  private final Path out;
  private final int count;

  /** Makes the listener of a worker. */
  interface Listeners {
    UnitRunner.Listener of(int worker);
  }

  Workers(Path out, int count) {
    this.out = out;
    this.count = count;
  }

  /** One per core with 4 GiB of memory each; one where there is a GPU, which they would share. */
  static int most() {
    if (TorchEngine.defaultDevice().isGpu()) {
      return 1;
    }
    long memory =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    int cores = Runtime.getRuntime().availableProcessors();
    return (int) Math.max(1, Math.min(cores, memory / MEMORY_EACH));
  }

  /**
   * Does all units.
   *
   * @throws IOException of the worker that fails first; the others are ended then
   */
  void run(List<Unit> units, Listeners listeners) throws IOException {
    Schedule schedule = new Schedule(units);
    int processes = Math.min(count, units.size());
    ExecutorService threads = Executors.newFixedThreadPool(Math.max(1, processes));
    CompletionService<@Nullable Void> ends = new ExecutorCompletionService<>(threads);
    List<WorkerProcess> all = new ArrayList<>();
    boolean done = false;
    try {
      for (int i = 0; i < processes; i++) {
        WorkerProcess worker = new WorkerProcess(out, i + 1, processes);
        all.add(worker);
        UnitRunner.Listener listener = listeners.of(i);
        ends.submit(
            () -> {
              work(worker, schedule, listener);
              return null;
            });
      }
      for (int i = 0; i < processes; i++) {
        ends.take().get();
      }
      done = true;
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while worker processes run");
    } finally {
      schedule.stop();
      if (!done) {
        all.forEach(WorkerProcess::kill);
      }
      all.forEach(WorkerProcess::close);
      threads.shutdownNow();
    }
  }

  private static void work(WorkerProcess worker, Schedule schedule, UnitRunner.Listener listener)
      throws IOException, InterruptedException {
    Optional<Unit> unit = schedule.next();
    while (unit.isPresent()) {
      worker.run(unit.get(), listener);
      schedule.done(unit.get());
      unit = schedule.next();
    }
  }

  private static IOException rethrown(Throwable cause) {
    if (cause instanceof RuntimeException e) {
      throw e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    return cause instanceof IOException e ? e : new IOException(cause);
  }
}
