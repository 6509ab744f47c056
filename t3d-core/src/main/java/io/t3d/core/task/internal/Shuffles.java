package io.t3d.core.task.internal;

import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** Random orders that a seed fixes. */
public final class Shuffles {
  private Shuffles() {}

  /** Fisher and Yates; {@code Collections.shuffle} does not take this generator in Java 17. */
  public static void shuffle(List<?> list, SplittableRandom random) {
    for (int i = list.size() - 1; i > 0; i--) {
      Collections.swap(list, i, random.nextInt(i + 1));
    }
  }
}
