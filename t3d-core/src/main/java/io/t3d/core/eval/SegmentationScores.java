package io.t3d.core.eval;

import io.t3d.core.volume.Volume;

/**
 * Overlap and surface distance between the predicted and the reference mask of one structure.
 *
 * <p>Conventions for empty masks: when neither mask has the structure, both values are NaN and such
 * a volume is left out of means; when only one has it, Dice is 0 and the distance infinite.
 *
 * @param dice {@code 2·|P ∩ R| / (|P| + |R|)}, in [0, 1] or NaN
 * @param hausdorff95 mm, see {@link SurfaceDistances#hausdorff95}; NaN or infinite
 */
public record SegmentationScores(double dice, double hausdorff95) {
  /**
   * Compares a structure of two masks.
   *
   * @param predicted the mask to be judged
   * @param reference on the same voxels
   * @param value that marks the structure in both
   */
  public static SegmentationScores of(Volume predicted, Volume reference, int value) {
    return of(equal(predicted, value), equal(reference, value), reference);
  }

  /**
   * Compares two masks.
   *
   * @param predicted the mask to be judged
   * @param reference on the same voxels
   * @param geometry gives size and spacing
   */
  public static SegmentationScores of(boolean[] predicted, boolean[] reference, Volume geometry) {
    return new SegmentationScores(
        dice(predicted, reference),
        SurfaceDistances.between(
                predicted,
                reference,
                geometry.depth(),
                geometry.height(),
                geometry.width(),
                geometry.spacing())
            .hausdorff95());
  }

  /**
   * The Dice coefficient; NaN when both masks are empty.
   *
   * @throws IllegalArgumentException when the masks differ in length
   */
  public static double dice(boolean[] predicted, boolean[] reference) {
    if (predicted.length != reference.length) {
      throw new IllegalArgumentException(
          "Both masks must have the same voxels, got "
              + predicted.length
              + " and "
              + reference.length);
    }
    long both = 0;
    long sum = 0;
    for (int i = 0; i < predicted.length; i++) {
      both += predicted[i] && reference[i] ? 1 : 0;
      sum += (predicted[i] ? 1 : 0) + (reference[i] ? 1 : 0);
    }
    return sum == 0 ? Double.NaN : 2.0 * both / sum;
  }

  private static boolean[] equal(Volume mask, int value) {
    float[] voxels = mask.voxels();
    boolean[] out = new boolean[voxels.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = voxels[i] == value;
    }
    return out;
  }
}
