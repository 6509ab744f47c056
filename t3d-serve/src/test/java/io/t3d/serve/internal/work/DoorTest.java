package io.t3d.serve.internal.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.serve.internal.Refusal;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DoorTest {
  private final Door door = new Door(2);

  @Test
  void aFullHouseTellsWhenToComeBack() {
    Door.Visit first = door.enter();
    Door.Visit second = door.enter();
    assertThatThrownBy(door::enter)
        .isInstanceOfSatisfying(
            Refusal.class,
            e -> {
              assertThat(e.status()).isEqualTo(429);
              assertThat(e.retryAfter().orElseThrow()).isBetween(1, 60);
            });
    first.close();
    door.enter().close();
    second.close();
    assertThat(door.inside()).isZero();
  }

  @Test
  void aClosedDoorWaitsForThoseInside() throws InterruptedException {
    Door.Visit last = door.enter();
    assertThat(door.close(Duration.ofMillis(20))).isFalse();
    assertThat(door.isOpen()).isFalse();
    assertThatThrownBy(door::enter).hasMessageContaining("stopping");
    Thread leaving = new Thread(last::close);
    leaving.start();
    assertThat(door.close(Duration.ofSeconds(20))).isTrue();
    leaving.join();
  }
}
