package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.BinaryMetrics;
import io.t3d.data.phantom.Side;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** Whether texts tell a finding on the right from the same finding on the left. */
public final class Laterality {
  private Laterality() {}

  /**
   * AUROC of right against left among the volumes that have a finding on one side only.
   *
   * @param sides {@code [n][F]}: the side, or {@link Side#MIDLINE} where it is absent or on both
   * @param scores {@code [n][F]}: higher when more likely on the right
   * @param finding column
   * @return empty when one side is missing
   */
  public static OptionalDouble auroc(Side[][] sides, double[][] scores, int finding) {
    int[] oneSided =
        IntStream.range(0, sides.length).filter(i -> sides[i][finding] != Side.MIDLINE).toArray();
    boolean[] right = new boolean[oneSided.length];
    double[] score = new double[oneSided.length];
    for (int k = 0; k < oneSided.length; k++) {
      right[k] = sides[oneSided[k]][finding] == Side.RIGHT;
      score[k] = scores[oneSided[k]][finding];
    }
    return oneSided.length == 0 ? OptionalDouble.empty() : BinaryMetrics.auroc(right, score);
  }

  /** The mean over findings; empty when none has both sides. */
  public static OptionalDouble mean(Side[][] sides, double[][] scores) {
    int findings = sides.length == 0 ? 0 : sides[0].length;
    return IntStream.range(0, findings)
        .mapToObj(f -> auroc(sides, scores, f))
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .average();
  }
}
