package io.t3d.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class BoundedCacheTest {
  private final BoundedCache<String, Integer> cache = new BoundedCache<>(100);

  @Test
  void keepsWhileThereIsRoom() throws IOException {
    assertThat(cache.keep("a", 60, () -> 1)).contains(1);
    assertThat(cache.keep("b", 41, () -> fail("made without room"))).isEmpty();
    assertThat(cache.keep("c", 40, () -> 3)).as("what did not fit took no room").contains(3);
    assertThat(cache.get("a")).contains(1);
    assertThat(cache.get("b")).isEmpty();
    assertThat(cache.bytes()).isEqualTo(100);
  }

  @Test
  void aValueThatIsThereAlreadyIsCountedOnce() throws IOException {
    cache.keep("a", 40, () -> 1);
    assertThat(cache.keep("a", 40, () -> 2)).contains(2);
    assertThat(cache.get("a")).contains(1);
    assertThat(cache.bytes()).isEqualTo(40);
  }

  @Test
  void aValueThatCannotBeMadeTakesNoRoom() {
    assertThatThrownBy(
            () ->
                cache.keep(
                    "a",
                    40,
                    () -> {
                      throw new IOException("gone");
                    }))
        .hasMessage("gone");
    assertThat(cache.bytes()).isZero();
    assertThat(cache.get("a")).isEmpty();
  }
}
