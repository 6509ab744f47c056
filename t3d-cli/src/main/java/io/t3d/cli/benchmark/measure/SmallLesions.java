package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.BinaryMetrics;
import java.util.Arrays;
import java.util.OptionalDouble;

/** Classification where it is hard: positives whose lesion is small, against all negatives. */
public final class SmallLesions {
  private SmallLesions() {}

  /**
   * AUROC of the smallest third of the positives against all negatives.
   *
   * @param sizes of each volume's lesion; 0 where there is none
   * @param scores higher when more likely there
   * @return empty without a negative or with fewer than three positives
   */
  public static OptionalDouble auroc(double[] sizes, double[] scores) {
    double[] positive = Arrays.stream(sizes).filter(s -> s > 0).sorted().toArray();
    if (positive.length < 3) {
      return OptionalDouble.empty();
    }
    double largest = positive[positive.length / 3 - 1];
    boolean[] truth = new boolean[sizes.length];
    double[] kept = new double[sizes.length];
    int n = 0;
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] <= largest) {
        truth[n] = sizes[i] > 0;
        kept[n++] = scores[i];
      }
    }
    return BinaryMetrics.auroc(Arrays.copyOf(truth, n), Arrays.copyOf(kept, n));
  }
}
