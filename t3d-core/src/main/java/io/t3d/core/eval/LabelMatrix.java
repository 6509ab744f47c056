package io.t3d.core.eval;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/**
 * The known labels of N samples: L binary labels each, some of which may be missing.
 *
 * @param names L names, all different
 * @param values {@code [N][L]}: 1 yes, 0 no, NaN not known
 */
public record LabelMatrix(List<String> names, double[][] values) {
  /**
   * Copies the names and checks the values.
   *
   * @throws IllegalArgumentException when names repeat, a row has another length or a value is none
   *     of these
   */
  public LabelMatrix {
    names = List.copyOf(names);
    if (names.isEmpty() || new HashSet<>(names).size() < names.size()) {
      throw new IllegalArgumentException("Labels must have different names, got " + names);
    }
    for (int i = 0; i < values.length; i++) {
      check(names, values[i], i);
    }
  }

  private static void check(List<String> names, double[] row, int i) {
    if (row.length != names.size()) {
      throw new IllegalArgumentException(
          "Every row must have one value per label ("
              + names.size()
              + "), got "
              + row.length
              + " at sample "
              + i);
    }
    for (int j = 0; j < row.length; j++) {
      if (row[j] != 0 && row[j] != 1 && !Double.isNaN(row[j])) {
        throw new IllegalArgumentException(
            "Targets must be 0, 1 or NaN (not known), got "
                + row[j]
                + " for "
                + names.get(j)
                + " at sample "
                + i);
      }
    }
  }

  /** N. */
  public int size() {
    return values.length;
  }

  /**
   * Checks that two sets of samples have the same labels in the same order.
   *
   * @param who both, for the message, e.g. {@code Training and validation}
   * @throws IllegalArgumentException when they have not
   */
  public void requireNamesOf(LabelMatrix other, String who) {
    if (!names.equals(other.names)) {
      throw new IllegalArgumentException(
          who + " must have the same labels, got " + names + " and " + other.names);
    }
  }

  /** The named samples, in that order. */
  public LabelMatrix select(int[] samples) {
    return new LabelMatrix(
        names, Arrays.stream(samples).mapToObj(i -> values[i]).toArray(double[][]::new));
  }

  /** How many samples say yes. */
  public int positives(int label) {
    return count(label, 1);
  }

  /** How many samples say no. */
  public int negatives(int label) {
    return count(label, 0);
  }

  private int count(int label, double value) {
    return (int) Arrays.stream(values).filter(row -> row[label] == value).count();
  }

  /**
   * What a positive must weigh so that both classes of a label weigh the same: negatives /
   * positives, as {@code pos_weight} of PyTorch's {@code BCEWithLogitsLoss}; 1 when a class is
   * missing.
   *
   * @param most bound, so that a label with one positive among thousands does not rule all others
   */
  public double positiveWeight(int label, double most) {
    int positives = positives(label);
    int negatives = negatives(label);
    return positives == 0 || negatives == 0 ? 1 : Math.min(most, negatives / (double) positives);
  }
}
