package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.View;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ViewsAheadTest {
  private static ViewsAhead failing(Exception e) {
    Callable<View> reader =
        () -> {
          throw e;
        };
    return new ViewsAhead(List.of(reader), ViewConfig.global(Size3.cube(8)));
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
    try (ViewsAhead views = new ViewsAhead(List.of(reader), ViewConfig.global(Size3.cube(8)))) {
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
    try (ViewsAhead views = new ViewsAhead(List.of(slow), ViewConfig.global(Size3.cube(8)))) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> views.take(1))
          .isInstanceOf(IOException.class)
          .hasMessage("Interrupted while reading volumes");
    } finally {
      assertThat(Thread.interrupted()).as("the flag, which this clears").isTrue();
    }
  }

  @Test
  void largeViewsAreReadAndEncodedOneByOneAndNotTwoDozenAhead() {
    AtomicInteger begun = new AtomicInteger();
    Callable<View> reader =
        () -> {
          begun.incrementAndGet();
          throw new IOException("as large as it is");
        };
    Size3 large = new Size3(240, 480, 480);
    try (ViewsAhead views =
        new ViewsAhead(Collections.nCopies(9, reader), ViewConfig.global(large))) {
      assertThat(views.atOnce()).isEqualTo(1);
      assertThatThrownBy(() -> views.take(2)).isInstanceOf(IOException.class);
      assertThat(begun.get()).isBetween(1, 2); // the first one may fail before the second is begun
    }
    try (ViewsAhead views = new ViewsAhead(List.of(reader), ViewConfig.global(Size3.cube(96)))) {
      assertThat(views.atOnce()).isGreaterThan(8);
    }
  }
}
