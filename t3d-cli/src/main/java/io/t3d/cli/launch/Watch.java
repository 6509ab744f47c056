package io.t3d.cli.launch;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;

/**
 * Waits for the workers of this machine; when one fails, ends the others and says which and why.
 */
final class Watch {
  private static final long POLL_MILLIS = 100;
  private static final long OTHERS_MILLIS = 20_000;
  private static final int SIGNAL = 128;
  private static final int KILL = 9;
  private static final String OF_OTHERS = "Training by several workers stops: ";

  private final List<WorkerProcess> workers;

  Watch(List<WorkerProcess> workers) {
    this.workers = workers;
  }

  /**
   * Waits.
   *
   * @return the exit code: 0 when all have ended well
   */
  int toTheEnd(PrintWriter err) {
    Optional<WorkerProcess> first = Optional.empty();
    long end = Long.MAX_VALUE;
    while (workers.stream().anyMatch(WorkerProcess::isAlive) && System.nanoTime() < end) {
      if (first.isEmpty()) {
        first = failed().stream().findFirst();
        if (first.isPresent()) {
          end =
              System.nanoTime() + OTHERS_MILLIS * 1_000_000; // they notice, and say what they know
        }
      }
      if (!sleep()) {
        break;
      }
    }
    List<WorkerProcess> failed = failed();
    workers.stream().filter(w -> !w.isAlive()).forEach(WorkerProcess::awaitOutput);
    if (failed.isEmpty()) {
      return workers.stream().anyMatch(WorkerProcess::isAlive) ? 1 : 0;
    }
    Optional<WorkerProcess> killed =
        failed.stream().filter(w -> w.exitValue() > SIGNAL && w.error().isEmpty()).findFirst();
    WorkerProcess.stop(workers);
    err.println("error: " + message(failed, killed));
    err.flush();
    return failed.stream()
        .mapToInt(WorkerProcess::exitValue)
        .filter(c -> c < SIGNAL)
        .min()
        .orElse(1);
  }

  private List<WorkerProcess> failed() {
    return workers.stream().filter(w -> !w.isAlive() && w.exitValue() != 0).toList();
  }

  /** The reason of the one that failed by itself; what others say of it is less. */
  private String message(List<WorkerProcess> failed, Optional<WorkerProcess> killed) {
    if (killed.isPresent()) {
      WorkerProcess worker = killed.get();
      return "worker "
          + worker.rank()
          + " (process "
          + worker.pid()
          + ") was ended by signal "
          + (worker.exitValue() - SIGNAL)
          + (worker.exitValue() == SIGNAL + KILL
              ? " (a system that is out of memory sends it: lower data.batchSize or set"
                  + " training.microBatch)"
              : "")
          + ", so the others were stopped. Start all again with --resume, which goes on from the last"
          + " checkpoint";
    }
    for (WorkerProcess worker : failed) {
      Optional<String> own = worker.error().filter(e -> !e.startsWith(OF_OTHERS));
      if (own.isPresent()) {
        boolean alone = failed.stream().noneMatch(o -> o != worker && o.error().equals(own));
        return (alone && workers.size() > 1 ? "worker " + worker.rank() + ": " : "") + own.get();
      }
    }
    WorkerProcess worker = failed.get(0);
    return worker
        .error()
        .orElse(
            "worker "
                + worker.rank()
                + " (process "
                + worker.pid()
                + ") ended with exit code "
                + worker.exitValue());
  }

  private static boolean sleep() {
    try {
      Thread.sleep(POLL_MILLIS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
