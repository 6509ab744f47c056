package io.t3d.serve.internal.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests that wait share a batch, in the order of their coming, and a bad one spoils itself. */
class WorkerTest {
  private final List<Integer> sizes = new CopyOnWriteArrayList<>();
  private final Worker worker = new Worker(Duration.ofSeconds(20), sizes::add);
  private final CountDownLatch gate = new CountDownLatch(1);

  /** Doubles numbers; holds the thread at a zero, and fails with a negative number. */
  private final Batch<Integer, Integer> doubling =
      new Batch<>() {
        @Override
        public int most() {
          return 3;
        }

        @Override
        public List<Integer> run(List<Integer> inputs) throws IOException {
          for (int i : inputs) {
            if (i == 0) {
              hold();
            } else if (i < 0) {
              throw new IOException("negative " + i);
            }
          }
          return inputs.stream().map(i -> 2 * i).toList();
        }
      };

  private void hold() {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterEach
  void stop() {
    gate.countDown();
    assertThat(worker.stop(Duration.ofSeconds(20))).isTrue();
  }

  private CompletableFuture<Integer> ask(int input, Duration time) {
    Worker.Expected expected = worker.expect();
    CompletableFuture<Integer> out = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                out.complete(worker.run(doubling, input, expected, Deadline.in(time)));
              } catch (IOException | RuntimeException e) {
                out.completeExceptionally(e);
              }
            });
    thread.start();
    return out;
  }

  private void awaitWaiting(int count) throws InterruptedException {
    while (worker.waiting() < count) {
      Thread.sleep(1);
    }
  }

  /** Occupies the worker, then lets the given ones wait. */
  private List<CompletableFuture<Integer>> together(int... inputs) throws InterruptedException {
    CompletableFuture<Integer> first = ask(0, Duration.ofSeconds(20));
    while (sizes.isEmpty()) {
      Thread.sleep(1);
    }
    List<CompletableFuture<Integer>> out = new ArrayList<>(List.of(first));
    for (int input : inputs) {
      out.add(ask(input, Duration.ofSeconds(20)));
      awaitWaiting(out.size() - 1);
    }
    return out;
  }

  @Test
  void thoseThatWaitShareABatchUpToTheMost() throws Exception {
    List<CompletableFuture<Integer>> all = together(1, 2, 3, 4);
    gate.countDown();
    for (int i = 0; i < all.size(); i++) {
      assertThat(all.get(i).get()).isEqualTo(2 * i);
    }
    assertThat(sizes).containsExactly(1, 3, 1);
  }

  @Test
  void aBadOneSpoilsItselfAlone() throws Exception {
    List<CompletableFuture<Integer>> all = together(1, -7, 3);
    gate.countDown();
    assertThat(all.get(1).get()).isEqualTo(2);
    assertThatThrownBy(() -> all.get(2).get()).hasCauseInstanceOf(IOException.class);
    assertThat(all.get(3).get()).isEqualTo(6);
  }

  @Test
  void anIdleWorkerWaitsForNobody() throws Exception {
    try (Worker.Expected slow = worker.expect()) {
      assertThat(ask(5, Duration.ofSeconds(20)).get(5, TimeUnit.SECONDS)).isEqualTo(10);
      assertThat(ask(6, Duration.ofSeconds(20)).get(5, TimeUnit.SECONDS)).isEqualTo(12);
    }
    assertThat(sizes).containsExactly(1, 1);
  }

  @Test
  void oneThatQueuedWaitsForAnotherThatIsBeingRead() throws Exception {
    CompletableFuture<Integer> first = together(5).get(1);
    Worker.Expected slow = worker.expect();
    gate.countDown();
    Thread.sleep(50);
    assertThat(first).isNotDone();
    assertThat(worker.run(doubling, 6, slow, Deadline.in(Duration.ofSeconds(20)))).isEqualTo(12);
    assertThat(first.get()).isEqualTo(10);
    assertThat(sizes).containsExactly(1, 2);
  }

  @Test
  void itWaitsNoLongerWhenTheOtherWillNotCome() throws Exception {
    CompletableFuture<Integer> first = together(5).get(1);
    Worker.Expected broken = worker.expect();
    gate.countDown();
    Thread.sleep(50);
    assertThat(first).isNotDone();
    broken.close();
    broken.close();
    assertThat(first.get()).isEqualTo(10);
    assertThat(sizes).containsExactly(1, 1);
  }

  @Test
  void aDeadlineTellsWhetherTheWorkHadBegun() throws Exception {
    CompletableFuture<Integer> running = ask(0, Duration.ofMillis(300));
    while (sizes.isEmpty()) {
      Thread.sleep(1);
    }
    CompletableFuture<Integer> waiting = ask(1, Duration.ofMillis(100));
    assertThat(refusal(waiting).status()).isEqualTo(503);
    assertThat(refusal(waiting).retryAfter()).hasValue(1);
    assertThat(refusal(running).status()).isEqualTo(504);
    gate.countDown();
    assertThat(ask(4, Duration.ofSeconds(20)).get()).isEqualTo(8);
    assertThat(sizes).as("nobody works for one who has given up").containsExactly(1, 1);
  }

  private static Refusal refusal(CompletableFuture<Integer> result) {
    Throwable thrown = catchThrowable(result::get);
    assertThat(thrown.getCause()).isInstanceOf(Refusal.class);
    return (Refusal) thrown.getCause();
  }

  @Test
  void aStoppedWorkerFinishesWhatWaitsAndTakesNothingMore() throws Exception {
    List<CompletableFuture<Integer>> all = together(1, 2);
    worker.close();
    assertThat(refusal(ask(3, Duration.ofSeconds(20))).status()).isEqualTo(503);
    gate.countDown();
    assertThat(all.get(2).get()).isEqualTo(4);
  }
}
