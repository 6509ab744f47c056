package io.t3d.cli.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Hands units to several workers, none before the pre-training that it needs. */
final class Schedule {
  private final List<Unit> waiting;
  private final List<Unit> running = new ArrayList<>();
  private boolean stopped;

  Schedule(List<Unit> units) {
    this.waiting = new ArrayList<>(units);
  }

  /** The next unit that can be done; waits for one. Empty when there are no more. */
  synchronized Optional<Unit> next() throws InterruptedException {
    while (!stopped && !waiting.isEmpty()) {
      Optional<Unit> ready = waiting.stream().filter(this::ready).findFirst();
      if (ready.isPresent()) {
        waiting.remove(ready.get());
        running.add(ready.get());
        return ready;
      }
      wait();
    }
    return Optional.empty();
  }

  private boolean ready(Unit unit) {
    return waiting.stream().noneMatch(u -> u.pretrains(unit))
        && running.stream().noneMatch(u -> u.pretrains(unit));
  }

  /** A unit is done: others may wait for it. */
  synchronized void done(Unit unit) {
    running.remove(unit);
    notifyAll();
  }

  /** Hands out nothing more. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
  }
}
