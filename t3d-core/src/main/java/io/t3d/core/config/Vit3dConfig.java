package io.t3d.core.config;

/**
 * Settings of a 3D vision transformer.
 *
 * @param patch voxels per patch in (z, y, x) order; need not be a cube
 * @param hiddenSize C, width of a token
 * @param layers transformer layers
 * @param heads attention heads A; divides C
 * @param mlpSize width of the feed-forward layer
 * @param position how tokens learn where they are
 * @param gridSize tokens per axis that a LEARNED table covers; SINCOS takes any grid and ignores it
 * @param dropout probability, in attention and feed-forward
 * @param qkvBias whether query, key and value have biases; MONAI's have none, those of 2D models do
 * @param layerNormEps added to the variance: 1e-5 in MONAI, 1e-6 in timm, 1e-12 in HuggingFace
 */
public record Vit3dConfig(
    Size3 patch,
    int hiddenSize,
    int layers,
    int heads,
    int mlpSize,
    Position position,
    Size3 gridSize,
    double dropout,
    boolean qkvBias,
    double layerNormEps)
    implements VisionConfig {
  /** Position embedding. */
  public enum Position {
    /** Fixed sines and cosines of z, y and x: any view size that the patch divides. */
    SINCOS,
    /** A learned vector per token of a grid; views smaller than it use its centre. */
    LEARNED
  }

  /** Checks divisibility. */
  public Vit3dConfig {
    Checks.positive("Vit3dConfig.hiddenSize", hiddenSize);
    Checks.positive("Vit3dConfig.layers", layers);
    Checks.positive("Vit3dConfig.mlpSize", mlpSize);
    Checks.divides("Vit3dConfig.hiddenSize", hiddenSize, "heads", heads);
    Checks.inRange("Vit3dConfig.dropout", dropout, 0, 0.99);
    Checks.positive("Vit3dConfig.layerNormEps", layerNormEps);
  }

  /** MONAI's kind: query, key and value without biases, norms with 1e-5. */
  public Vit3dConfig(
      Size3 patch,
      int hiddenSize,
      int layers,
      int heads,
      int mlpSize,
      Position position,
      Size3 gridSize,
      double dropout) {
    this(patch, hiddenSize, layers, heads, mlpSize, position, gridSize, dropout, false, 1e-5);
  }

  /** ViT-B: 768 wide, 12 layers, 12 heads, patches of 8×16×16. */
  public static Vit3dConfig base() {
    return new Vit3dConfig(
        new Size3(8, 16, 16), 768, 12, 12, 3072, Position.SINCOS, new Size3(12, 12, 12), 0.0);
  }

  @Override
  public int channels() {
    return hiddenSize;
  }
}
