package io.t3d.core.torch.distributed;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Knows whether the other workers live. Each worker counts up a number in the store every few
 * seconds. Who sees a connection break calls all to answer, and writes down who does not: so all
 * that are left give the same reason.
 */
final class PeerWatch implements AutoCloseable {
  private static final long POLL_MILLIS = 500;
  private static final long BEAT_EVERY = 6; // polls
  private static final long SILENCE_NANOS = 22_000_000_000L;
  private static final long ANSWER_MILLIS = 6_000;
  private static final String ABORT = "t3d/abort";
  private static final String ALIVE = "t3d/alive/";
  private static final String VERDICT = "t3d/verdict";
  private static final String BEAT = "t3d/beat/";
  private static final String BYE = "t3d/bye";

  private final NativeStore store;
  private final Rendezvous rendezvous;
  private final Thread thread;
  private volatile boolean closed;
  private volatile long lastAnswer = System.nanoTime();
  private volatile Optional<String> verdict = Optional.empty();

  private volatile boolean failed; // this worker itself
  private boolean called; // guarded by this

  /**
   * Starts to watch.
   *
   * @param store a connection of its own, so that no call of others holds it up; closed with this
   */
  PeerWatch(NativeStore store, Rendezvous rendezvous) {
    this.store = store;
    this.rendezvous = rendezvous;
    this.thread = new Thread(this::watch, "t3d-peers");
    thread.setDaemon(true);
    thread.start();
  }

  /** Why the group is at its end, once that is known. */
  Optional<String> verdict() {
    if (verdict.isEmpty() && System.nanoTime() - lastAnswer > SILENCE_NANOS) {
      verdict = Optional.of(storeGone());
    }
    return verdict;
  }

  private String storeGone() {
    return rendezvous.file().isPresent()
        ? "the file " + rendezvous.file().get() + " cannot be read"
        : "worker 0, which keeps the rendezvous "
            + rendezvous.place()
            + ", has ended or cannot be reached";
  }

  /**
   * Finds out who is missing after a call between the workers has failed.
   *
   * @param ifAllLive what to say when nobody is missing
   */
  String findOut(String ifAllLive) {
    try {
      if (verdict().isPresent()) {
        return verdict().get();
      }
      if (store.add(ABORT, 1) > 1) {
        return awaitVerdict().orElse(ifAllLive);
      }
      answer();
      List<Integer> silent = silent();
      String found =
          silent.isEmpty()
              ? ifAllLive
              : (silent.size() == 1 ? "worker " : "workers ")
                  + silent.toString().replaceAll("[\\[\\]]", "")
                  + (silent.size() == 1 ? " has" : " have")
                  + " ended or cannot be reached";
      return tell(found);
    } catch (RuntimeException e) {
      return verdict.orElse(storeGone());
    }
  }

  /** Tells the others why this worker ends; they hear it within a second. */
  void fail(String why) {
    failed = true;
    try {
      store.add(ABORT, 1);
      tell("worker " + rendezvous.rank() + " failed: " + why);
    } catch (RuntimeException e) {
      verdict = Optional.of(why); // nobody to tell
    }
  }

  /** Whether it is this worker that has failed. */
  boolean failedItself() {
    return failed;
  }

  private String tell(String found) {
    Optional<String> earlier = store.find(VERDICT);
    if (earlier.isEmpty()) {
      store.set(VERDICT, found);
    }
    String told = earlier.orElse(found);
    verdict = Optional.of(told);
    return told;
  }

  /** Workers that do not answer within a few seconds. */
  private List<Integer> silent() {
    List<Integer> silent = new ArrayList<>();
    for (int r = 0; r < rendezvous.size(); r++) {
      silent.add(r);
    }
    long end = System.nanoTime() + ANSWER_MILLIS * 1_000_000;
    while (!silent.isEmpty() && System.nanoTime() < end) {
      silent.removeIf(r -> store.find(ALIVE + r).isPresent());
      if (!silent.isEmpty()) {
        sleep(100);
      }
    }
    return silent;
  }

  private Optional<String> awaitVerdict() {
    long end = System.nanoTime() + 2 * ANSWER_MILLIS * 1_000_000;
    while (verdict.isEmpty() && System.nanoTime() < end) {
      answer();
      verdict = store.find(VERDICT);
      if (verdict.isEmpty()) {
        sleep(100);
      }
    }
    return verdict;
  }

  private synchronized void answer() {
    if (!called) {
      called = true;
      store.set(ALIVE + rendezvous.rank(), "yes");
    }
  }

  private void watch() {
    Map<Integer, long[]> beats = new HashMap<>(); // rank → {number, when it was new}
    long polls = 0;
    try {
      while (!closed && verdict.isEmpty()) {
        if (polls++ % BEAT_EVERY == 0) {
          store.add(BEAT + rendezvous.rank(), 1);
          if (rendezvous.rank() == 0) {
            lookForSilence(beats);
          }
        }
        if (store.add(ABORT, 0) > 0) {
          answer();
          store.find(VERDICT).ifPresent(v -> verdict = Optional.of(v));
        }
        lastAnswer = System.nanoTime();
        sleep(POLL_MILLIS);
      }
    } catch (RuntimeException e) {
      if (!closed && verdict.isEmpty()) {
        verdict = Optional.of(storeGone());
      }
    }
  }

  private void lookForSilence(Map<Integer, long[]> beats) {
    for (int r = 1; r < rendezvous.size(); r++) {
      long number = store.add(BEAT + r, 0);
      long now = System.nanoTime();
      long[] seen = beats.computeIfAbsent(r, key -> new long[] {number, now});
      if (seen[0] != number) {
        beats.put(r, new long[] {number, now});
      } else if (now - seen[1] > SILENCE_NANOS && store.find(BYE + "/" + r).isEmpty()) {
        store.add(ABORT, 1);
        tell("worker " + r + " has not been heard of for " + SILENCE_NANOS / 1_000_000_000 + " s");
        return;
      }
    }
  }

  /** Ends without a word. */
  void vanish() {
    closed = true;
    sleep(2 * POLL_MILLIS);
    store.close();
  }

  /** Says goodbye; rank 0, which keeps the store, waits for the others' a while. */
  @Override
  public void close() {
    boolean orderly = verdict.isEmpty();
    closed = true;
    try {
      thread.join(2 * POLL_MILLIS);
      if (orderly) {
        store.set(BYE + "/" + rendezvous.rank(), "yes");
        store.add(BYE, 1);
      }
      long end = System.nanoTime() + (orderly ? 10_000_000_000L : 2_500_000_000L);
      while (rendezvous.rank() == 0
          && System.nanoTime() < end
          && store.add(BYE, 0) < rendezvous.size()) {
        sleep(50);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // The store is gone: there is nobody to say goodbye to.
    }
    store.close();
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
