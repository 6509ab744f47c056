package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.View;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class ViewsAheadTest {
  private static ViewsAhead failing(Exception e) {
    Callable<View> reader =
        () -> {
          throw e;
        };
    return new ViewsAhead(List.of(reader));
  }

  @Test
  void whatAReaderThrowsReachesTheCallerAsItIs() {
    for (Exception thrown :
        List.of(new IOException("cut"), new IllegalArgumentException("no window"))) {
      try (ViewsAhead views = failing(thrown)) {
        assertThatThrownBy(() -> views.take(1)).isSameAs(thrown);
      }
    }
  }

  @Test
  void anErrorOfTheJvmIsTheCauseOfAnException() {
    OutOfMemoryError thrown = new OutOfMemoryError("Java heap space");
    Callable<View> reader =
        () -> {
          throw thrown;
        };
    try (ViewsAhead views = new ViewsAhead(List.of(reader))) {
      assertThatThrownBy(() -> views.take(1))
          .isInstanceOf(IllegalStateException.class)
          .cause()
          .isSameAs(thrown);
    }
  }

  @Test
  void anInterruptedThreadStaysInterrupted() {
    Callable<View> slow =
        () -> {
          Thread.sleep(60_000);
          throw new IOException("never reached");
        };
    try (ViewsAhead views = new ViewsAhead(List.of(slow))) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> views.take(1))
          .isInstanceOf(IOException.class)
          .hasMessage("Interrupted while reading volumes");
    } finally {
      assertThat(Thread.interrupted()).as("the flag, which this clears").isTrue();
    }
  }
}
