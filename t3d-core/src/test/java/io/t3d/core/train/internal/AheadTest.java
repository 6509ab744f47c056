package io.t3d.core.train.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AheadTest {
  private final List<String> dropped = Collections.synchronizedList(new ArrayList<>());

  private Ahead<String, String> ahead(Iterator<String> source) {
    return new Ahead<>(source, element -> "prepared " + element, dropped::add);
  }

  @Test
  void elementsComeInOrderAndEachIsPreparedOnce() {
    try (Ahead<String, String> ahead = ahead(List.of("a", "b").iterator())) {
      assertThat(ahead.hasNext()).isTrue();
      String a = ahead.next();
      assertThat(a).isEqualTo("a");
      assertThat(ahead.take(a)).contains("prepared a");
      assertThat(ahead.take(a)).isEmpty();
      String b = ahead.next();
      assertThat(ahead.take(a)).isEmpty();
      assertThat(ahead.take(b)).contains("prepared b");
      assertThat(ahead.hasNext()).isFalse();
      assertThatThrownBy(ahead::next).isInstanceOf(NoSuchElementException.class);
    }
    assertThat(dropped).isEmpty();
  }

  @Test
  void theNextIsPreparedWhileThisOneIsInUse() throws InterruptedException {
    CountDownLatch second = new CountDownLatch(2);
    Ahead<String, String> ahead =
        new Ahead<>(
            List.of("a", "b", "c").iterator(),
            element -> {
              second.countDown();
              return element;
            },
            dropped::add);
    assertThat(ahead.next()).isEqualTo("a");
    assertThat(second.await(10, TimeUnit.SECONDS)).isTrue(); // b, though nobody asked for it
    ahead.close();
    assertThat(dropped).containsExactly("a", "b");
  }

  @Test
  void whatNobodyTookIsDropped() {
    try (Ahead<String, String> ahead = ahead(List.of("a", "b", "c").iterator())) {
      ahead.next();
      ahead.next();
    }
    assertThat(dropped).containsExactly("prepared a", "prepared b", "prepared c");
  }

  @Test
  void anErrorComesWhereItsElementWouldHave() {
    Iterator<String> source =
        new Iterator<>() {
          private int asked;

          @Override
          public boolean hasNext() {
            return true;
          }

          @Override
          public String next() {
            if (asked++ == 1) {
              throw new IllegalArgumentException("b is broken");
            }
            return "a";
          }
        };
    try (Ahead<String, String> ahead = ahead(source)) {
      assertThat(ahead.next()).isEqualTo("a");
      assertThatThrownBy(ahead::next)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("b is broken");
    }
  }

  @Test
  void anErrorBehindTheEndOfUseDisturbsNobody() {
    Ahead<String, String> ahead =
        new Ahead<>(
            List.of("a", "b").iterator(),
            element -> {
              if (element.equals("b")) {
                throw new IllegalStateException("no memory for b");
              }
              return element;
            },
            dropped::add);
    assertThat(ahead.next()).isEqualTo("a");
    ahead.close();
    assertThat(dropped).containsExactly("a");
  }
}
