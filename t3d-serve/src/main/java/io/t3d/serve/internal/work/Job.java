package io.t3d.serve.internal.work;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/** A request in the device's queue. */
final class Job<I, O> {
  private enum State {
    WAITS,
    RUNS,
    GIVEN_UP
  }

  final Batch<I, O> batch;
  final I input;
  final CompletableFuture<O> result = new CompletableFuture<>();
  final long since = System.nanoTime();
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITS);

  Job(Batch<I, O> batch, I input) {
    this.batch = batch;
    this.input = input;
  }

  /** Whether the worker may begin: not when the client has given up. */
  boolean begin() {
    return state.compareAndSet(State.WAITS, State.RUNS);
  }

  /** Whether nobody had begun. */
  boolean giveUp() {
    return state.compareAndSet(State.WAITS, State.GIVEN_UP);
  }
}
