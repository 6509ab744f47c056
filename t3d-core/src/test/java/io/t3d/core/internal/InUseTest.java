package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InUseTest {
  private final InUse inUse = new InUse("It must be open, got a closed one");
  private final AtomicBoolean freed = new AtomicBoolean();

  @Test
  void closingWaitsForTheCallThatRunsAndRefusesThoseThatComeMeanwhile() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    CompletableFuture<Boolean> call =
        CompletableFuture.supplyAsync(
            () -> {
              try (InUse.Use use = inUse.use()) {
                begun.countDown();
                goOn.await();
                try (InUse.Use within = inUse.use()) {
                  return freed.get();
                }
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    begun.await();
    CompletableFuture<Void> close =
        CompletableFuture.runAsync(() -> inUse.close(() -> freed.set(true)));
    while (!refuses()) {
      Thread.onSpinWait();
    }
    assertThat(close).isNotDone();
    goOn.countDown();
    assertThat(call.get(30, TimeUnit.SECONDS)).isFalse();
    close.get(30, TimeUnit.SECONDS);
    assertThat(freed).isTrue();
    assertThatThrownBy(inUse::use).hasMessage("It must be open, got a closed one");
  }

  private boolean refuses() {
    try (InUse.Use use = inUse.use()) {
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  @Test
  void aCloseWithinACallIsRefusedAndTheCallGoesOn() {
    try (InUse.Use use = inUse.use()) {
      assertThatThrownBy(() -> inUse.close(() -> freed.set(true)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("would wait for itself");
      assertThat(refuses()).isFalse();
    }
    inUse.close(() -> freed.set(true));
    assertThat(freed).isTrue();
  }
}
