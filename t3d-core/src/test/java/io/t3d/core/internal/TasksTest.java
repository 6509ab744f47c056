package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class TasksTest {
  private static <T> T result(FutureTask<T> task) throws IOException {
    return Tasks.result(
        task,
        cause -> {
          if (cause instanceof RuntimeException r) {
            throw r;
          }
          return new IOException("failed", cause);
        },
        e -> new IOException("interrupted", e));
  }

  @Test
  void aResultIsHandedOn() throws IOException {
    FutureTask<Integer> task = new FutureTask<>(() -> 7);
    task.run();
    assertThat(result(task)).isEqualTo(7);
  }

  @Test
  void theCallerSaysWhatAFailureBecomes() {
    IOException full = new IOException("disk full");
    FutureTask<Integer> checked =
        new FutureTask<>(
            () -> {
              throw full;
            });
    checked.run();
    assertThatThrownBy(() -> result(checked))
        .isInstanceOf(IOException.class)
        .hasMessage("failed")
        .cause()
        .isSameAs(full);

    UncheckedIOException thrown = new UncheckedIOException(full);
    FutureTask<Integer> unchecked =
        new FutureTask<>(
            () -> {
              throw thrown;
            });
    unchecked.run();
    assertThatThrownBy(() -> result(unchecked)).isSameAs(thrown);
  }

  @Test
  void anInterruptedThreadStaysInterrupted() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(
              () ->
                  Tasks.result(
                      new CompletableFuture<Integer>(),
                      cause -> new IOException("failed", cause),
                      e -> new IOException("interrupted", e)))
          .isInstanceOf(IOException.class)
          .hasMessage("interrupted")
          .hasCauseInstanceOf(InterruptedException.class);
    } finally {
      assertThat(Thread.interrupted()).as("the flag, which this clears").isTrue();
    }
  }
}
