package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import io.t3d.losses.internal.BatchArrays;

/**
 * Soft Dice plus cross-entropy for segmentation, with the semantics of MONAI's {@code
 * DiceCELoss(softmax=True, to_onehot_y=True)}:
 *
 * <pre>{@code
 * p       = softmax over classes,  y = one-hot target
 * dice(k) = 1 - (2·Σ p(k)·y(k) + nr) / (Σ p(k) + Σ y(k) + dr)      sums over voxels
 * L       = wDice · mean over samples and classes of dice(k) + wCe · mean over voxels of -log p(y)
 * }</pre>
 *
 * <p>Milletari, Navab, Ahmadi 2016, "V-Net", eq. 2 (with plain instead of squared sums); the sum of
 * both: Isensee et al. 2021, "nnU-Net". Differs from MONAI: voxels with a target below 0 are left
 * out of both terms.
 */
public final class DiceCrossEntropyLoss {
  private static final int[] VOXELS = {2, 3, 4};

  private final Settings settings;

  /**
   * Settings.
   *
   * @param includeBackground whether class 0 counts in the Dice term; in the cross-entropy it does
   * @param batch whether voxels of all samples are summed before the quotient is taken
   * @param smoothNumerator nr; a class that is absent and not predicted then costs nothing
   * @param smoothDenominator dr
   * @param diceWeight wDice
   * @param crossEntropyWeight wCe
   */
  public record Settings(
      boolean includeBackground,
      boolean batch,
      double smoothNumerator,
      double smoothDenominator,
      double diceWeight,
      double crossEntropyWeight) {
    /** Checks ranges. */
    public Settings {
      Checks.inRange("smoothNumerator", smoothNumerator, 0, 1);
      Checks.positive("smoothDenominator", smoothDenominator);
      Checks.inRange("diceWeight", diceWeight, 0, 1e6);
      Checks.inRange("crossEntropyWeight", crossEntropyWeight, 0, 1e6);
    }

    /** MONAI's defaults: background included, per sample, 1e-5 twice, weights 1. */
    public static Settings defaults() {
      return new Settings(true, false, 1e-5, 1e-5, 1, 1);
    }

    /** The same with another choice for the background. */
    public Settings withBackground(boolean include) {
      return new Settings(
          include, batch, smoothNumerator, smoothDenominator, diceWeight, crossEntropyWeight);
    }

    /** The same with the sums over the whole batch. */
    public Settings overBatch() {
      return new Settings(
          includeBackground,
          true,
          smoothNumerator,
          smoothDenominator,
          diceWeight,
          crossEntropyWeight);
    }
  }

  /** MONAI's defaults. */
  public DiceCrossEntropyLoss() {
    this(Settings.defaults());
  }

  /** With other settings. */
  public DiceCrossEntropyLoss(Settings settings) {
    this.settings = settings;
  }

  /**
   * The loss of a batch.
   *
   * @param logits {@code (B, K, D, H, W)}, float32, K &gt; 1
   * @param target {@code (B, D, H, W)}, int64, classes 0..K-1; below 0 where a voxel is ignored
   * @return scalar, float32, differentiable in the logits; owned by their manager
   * @throws IllegalArgumentException when shapes or dtypes differ, or a target is K or more
   */
  public NDArray compute(NDArray logits, NDArray target) {
    check(logits, target);
    return Scopes.within(logits, x -> loss(x, Scopes.handle(target, x.getManager())));
  }

  private static void check(NDArray logits, NDArray target) {
    Shapes.check(
        "logits", logits, "B, K, D, H, W", "one score per class and voxel", -1, -1, -1, -1, -1);
    long[] s = logits.getShape().getShape();
    Shapes.check(
        "target",
        target,
        "B, D, H, W",
        "it must hold one class per voxel of the logits, not one-hot",
        s[0],
        s[2],
        s[3],
        s[4]);
    BatchArrays.requireFloat32("logits", logits);
    if (target.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "target must be int64, got " + target.getDataType() + "; use NDArray.toType");
    }
    if (s[1] < 2) {
      throw new IllegalArgumentException(
          "logits must have at least two classes, background among them, got " + s[1]);
    }
    try (NDArray max = target.max()) {
      if (max.getLong() >= s[1]) {
        throw new IllegalArgumentException(
            "target must be below K = " + s[1] + ", got " + max.getLong());
      }
    }
  }

  private NDArray loss(NDArray logits, NDArray target) {
    NDManager manager = logits.getManager();
    long k = logits.getShape().get(1);
    NDArray classes =
        manager.arange(0, (float) k, 1, DataType.INT64, logits.getDevice()).reshape(1, k, 1, 1, 1);
    NDArray column = target.expandDims(1); // (B, 1, D, H, W)
    NDArray y = column.eq(classes).toType(DataType.FLOAT32, false); // (B, K, D, H, W)
    NDArray valid = column.gte(0).toType(DataType.FLOAT32, false); // (B, 1, D, H, W)
    NDArray logP = logits.logSoftmax(1); // (B, K, D, H, W)
    NDArray entropy = logP.mul(y).sum().neg().div(Scalars.atLeast(valid.sum(), 1));
    NDArray dice = dice(logP.exp().mul(valid), y);
    return Scalars.multiply(dice, settings.diceWeight)
        .add(Scalars.multiply(entropy, settings.crossEntropyWeight));
  }

  private NDArray dice(NDArray p, NDArray y) {
    NDArray both = reduce(p.mul(y));
    NDArray either = reduce(p).add(reduce(y));
    NDArray quotient =
        Scalars.multiply(both, 2)
            .add(settings.smoothNumerator)
            .div(either.add(settings.smoothDenominator));
    return Scalars.add(quotient.mean().neg(), 1);
  }

  /** Sums over voxels: {@code (B, K)}, or {@code (1, K)} over the batch; without background. */
  private NDArray reduce(NDArray x) {
    NDArray sums = x.sum(VOXELS); // (B, K)
    sums = settings.batch ? sums.sum(new int[] {0}, true) : sums; // (1, K)
    return settings.includeBackground ? sums : sums.get(":, 1:");
  }
}
