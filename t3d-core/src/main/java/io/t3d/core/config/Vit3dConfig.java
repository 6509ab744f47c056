package io.t3d.core.config;

import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of a 3D vision transformer (ViT).
 *
 * @param patch voxels per patch in (z, y, x) order; need not be a cube
 * @param hiddenSize C, width of a token
 * @param layers transformer layers
 * @param heads attention heads A; divides C
 * @param mlpSize width of the feed-forward layer
 * @param position how tokens learn where they are
 * @param gridSize tokens per axis that a LEARNED or LEARNED_RESIZED table covers; SINCOS takes any
 *     grid and ignores it
 * @param dropout probability, in attention and feed-forward
 * @param qkvBias whether query, key and value have biases; MONAI's have none, those of 2D models do
 * @param layerNormEps added to the variance: 1e-5 in MONAI, 1e-6 in timm, 1e-12 in HuggingFace
 * @param variant what departs from MONAI's plain ViT, e.g. class and register tokens, rotary
 *     positions; nothing when left out
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
    double layerNormEps,
    @LeftOutWhenEmpty Optional<Vit3dVariant> variant)
    implements VisionConfig {
  /** Position embedding. */
  public enum Position {
    /** Fixed sines and cosines of z, y and x: any view size that the patch divides. */
    SINCOS,
    /** A learned vector per token of a grid; views smaller than it use its centre. */
    LEARNED,
    /**
     * A learned vector per token of a grid, which is resized trilinearly to the grid of the view,
     * so that views may have any size that the patch divides.
     */
    LEARNED_RESIZED,
    /** Nothing is added to the tokens: for rotary positions, which attention applies itself. */
    NONE
  }

  /** Checks divisibility. */
  public Vit3dConfig {
    Checks.positive("Vit3dConfig.hiddenSize", hiddenSize);
    Checks.positive("Vit3dConfig.layers", layers);
    Checks.positive("Vit3dConfig.mlpSize", mlpSize);
    Checks.divides("Vit3dConfig.hiddenSize", hiddenSize, "heads", heads);
    Checks.inRange("Vit3dConfig.dropout", dropout, 0, 0.99);
    Checks.positive("Vit3dConfig.layerNormEps", layerNormEps);
    Objects.requireNonNull(variant, "Vit3dConfig.variant");
    if (variant.isPresent()) {
      variant.get().check(hiddenSize, heads);
    }
  }

  /** A plain ViT. */
  public Vit3dConfig(
      Size3 patch,
      int hiddenSize,
      int layers,
      int heads,
      int mlpSize,
      Position position,
      Size3 gridSize,
      double dropout,
      boolean qkvBias,
      double layerNormEps) {
    this(
        patch,
        hiddenSize,
        layers,
        heads,
        mlpSize,
        position,
        gridSize,
        dropout,
        qkvBias,
        layerNormEps,
        Optional.empty());
  }

  /**
   * ViT-B: 768 wide, 12 layers, 12 heads, patches of 8×16×16; as in MONAI, query, key and value
   * without biases and norms with 1e-5.
   */
  public static Vit3dConfig base() {
    return new Vit3dConfig(
        new Size3(8, 16, 16),
        768,
        12,
        12,
        3072,
        Position.SINCOS,
        new Size3(12, 12, 12),
        0.0,
        false,
        1e-5);
  }

  /** What departs from a plain ViT; {@link Vit3dVariant#defaults()} where nothing does. */
  public Vit3dVariant variantOrPlain() {
    return variant.orElseGet(Vit3dVariant::defaults);
  }

  @Override
  public int channels() {
    return variantOrPlain().channels(hiddenSize);
  }

  /** A builder that holds {@link #base()}. */
  public static Builder builder() {
    return base().toBuilder();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Settings by name. */
  public static final class Builder {
    private Size3 patch;
    private int hiddenSize;
    private int layers;
    private int heads;
    private int mlpSize;
    private Position position;
    private Size3 gridSize;
    private double dropout;
    private boolean qkvBias;
    private double layerNormEps;
    private Optional<Vit3dVariant> variant;

    private Builder(Vit3dConfig from) {
      patch = from.patch;
      hiddenSize = from.hiddenSize;
      layers = from.layers;
      heads = from.heads;
      mlpSize = from.mlpSize;
      position = from.position;
      gridSize = from.gridSize;
      dropout = from.dropout;
      qkvBias = from.qkvBias;
      layerNormEps = from.layerNormEps;
      variant = from.variant;
    }

    /** See {@link Vit3dConfig#patch()}. */
    public Builder patch(Size3 value) {
      patch = value;
      return this;
    }

    /** See {@link Vit3dConfig#hiddenSize()}. */
    public Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    /** See {@link Vit3dConfig#layers()}. */
    public Builder layers(int value) {
      layers = value;
      return this;
    }

    /** See {@link Vit3dConfig#heads()}. */
    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** See {@link Vit3dConfig#mlpSize()}. */
    public Builder mlpSize(int value) {
      mlpSize = value;
      return this;
    }

    /** See {@link Vit3dConfig#position()}. */
    public Builder position(Position value) {
      position = value;
      return this;
    }

    /** See {@link Vit3dConfig#gridSize()}. */
    public Builder gridSize(Size3 value) {
      gridSize = value;
      return this;
    }

    /** See {@link Vit3dConfig#dropout()}. */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** See {@link Vit3dConfig#qkvBias()}. */
    public Builder qkvBias(boolean value) {
      qkvBias = value;
      return this;
    }

    /** See {@link Vit3dConfig#layerNormEps()}. */
    public Builder layerNormEps(double value) {
      layerNormEps = value;
      return this;
    }

    /** See {@link Vit3dConfig#variant()}. */
    public Builder variant(Vit3dVariant value) {
      variant = value.equals(Vit3dVariant.defaults()) ? Optional.empty() : Optional.of(value);
      return this;
    }

    /** Checks and builds. */
    public Vit3dConfig build() {
      return new Vit3dConfig(
          patch,
          hiddenSize,
          layers,
          heads,
          mlpSize,
          position,
          gridSize,
          dropout,
          qkvBias,
          layerNormEps,
          variant);
    }
  }
}
