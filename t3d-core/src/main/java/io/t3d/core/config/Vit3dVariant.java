package io.t3d.core.config;

import io.t3d.core.internal.Checks;
import java.util.Objects;
import java.util.Optional;

/**
 * What departs from MONAI's plain ViT in a 3D vision transformer. Keys that are left out are those
 * of {@link #defaults()}.
 *
 * <pre>{@code
 * vision:
 *   type: vit3d
 *   preset: base
 *   position: NONE
 *   variant: {classToken: true, registers: 4, layerScale: 1.0e-5, pooling: CLS, rotary: {base: 100}}
 * }</pre>
 *
 * @param classToken whether a learned token goes along with the patches (Dosovitskiy et al. 2021);
 *     it is no token of the grid
 * @param registers learned tokens that go along to hold what belongs to no patch (Darcet et al.
 *     2024, "Vision Transformers Need Registers"); no tokens of the grid either
 * @param pooling what becomes the view's features
 * @param layerScale what the learned factors of each layer's two branches start with, one factor
 *     per channel (Touvron et al. 2021, "Going deeper with Image Transformers"); 0 for none
 * @param rotary positions that turn queries and keys
 * @param mlp the feed-forward layer
 * @param mlpNorm whether a norm stands before the feed-forward layer's last map, as in EVA-02
 * @param attentionNorm whether a norm stands before the attention's last map, as in EVA-02
 * @param outputSize width of a token after a linear map behind the final norm; 0 for no such map
 * @param poolingHeads heads of ATTENTION pooling; else ignored
 * @param globalEvery every how many-th layer sees the whole view; in the others each slice of
 *     patches (those of one z) attends to itself alone, with class and register tokens of its own,
 *     whose mean goes on. 1: all layers see all. (Zhao et al. 2025, "Towards Scalable
 *     Language-Image Pre-training for 3D Medical Imaging", arXiv 2505.21862)
 */
public record Vit3dVariant(
    boolean classToken,
    int registers,
    Pooling pooling,
    double layerScale,
    Optional<Rotary> rotary,
    Mlp mlp,
    boolean mlpNorm,
    boolean attentionNorm,
    int outputSize,
    int poolingHeads,
    int globalEvery) {
  /** What becomes the view's features. */
  public enum Pooling {
    /** The mean of the patches' tokens. */
    MEAN,
    /** The class token. */
    CLS,
    /**
     * The class token and the mean of the patches' tokens, one after the other, as in DINOv2's
     * probes. Every token bears the class token before its own channels, so that the mean of the
     * tokens is that vector: twice as wide.
     */
    CLS_AND_MEAN,
    /**
     * What one attention gathers, whose query is the mean of the patches' tokens. The tokens pass
     * the attention's value and output maps, so that they lie in the space of what it gathers.
     * (Radford et al. 2021, section 2.4; Zhou et al. 2022, "Extract Free Dense Labels from CLIP")
     */
    ATTENTION
  }

  /**
   * Rotary positions of a grid of tokens: attention turns pairs of channels of queries and keys by
   * angles that grow with z, y and x, so that a query and a key see how far apart they lie. (Su et
   * al. 2021, "RoFormer"; along axes as in Heo et al. 2024, "Rotary Position Embedding for Vision
   * Transformer")
   *
   * @param coordinates what a token's place counts in
   * @param base the slowest pair turns about this many times as slowly as the fastest
   */
  public record Rotary(Coordinates coordinates, double base) {
    /** What a token's place counts in. */
    public enum Coordinates {
      /**
       * From -1 to 1 over the view, so that views of any size span the same angles, as in DINOv3,
       * SPECTRE and VoxelFM: angle {@code 2π · (2(i + ½)/n − 1) / base^(j/F)}.
       */
      CENTRED,
      /** Tokens from the view's corner, as in Primus: angle {@code i / base^(j/F)}. */
      INDEX
    }

    /** Checks. */
    public Rotary {
      Objects.requireNonNull(coordinates, "Vit3dVariant.Rotary.coordinates");
      Checks.positive("Vit3dVariant.Rotary.base", base);
    }

    /** Centred coordinates with base 100, as in DINOv3. */
    public static Rotary defaults() {
      return new Rotary(Coordinates.CENTRED, 100);
    }
  }

  /** Kind of the feed-forward layer. */
  public enum Mlp {
    /** Two maps with a GELU between. */
    GELU,
    /**
     * {@code W₂ (silu(W₃ x + b₃) · (W₁ x + b₁)) + b₂}. (Shazeer 2020, "GLU Variants Improve
     * Transformer")
     */
    SWIGLU
  }

  /** Checks sizes. */
  public Vit3dVariant {
    Checks.inRange("Vit3dVariant.registers", registers, 0, 1024);
    Objects.requireNonNull(pooling, "Vit3dVariant.pooling");
    Checks.inRange("Vit3dVariant.layerScale", layerScale, 0, 10);
    Objects.requireNonNull(rotary, "Vit3dVariant.rotary");
    Objects.requireNonNull(mlp, "Vit3dVariant.mlp");
    Checks.inRange("Vit3dVariant.outputSize", outputSize, 0, 1 << 20);
    Checks.positive("Vit3dVariant.poolingHeads", poolingHeads);
    Checks.positive("Vit3dVariant.globalEvery", globalEvery);
    if (globalEvery > 1 && rotary.isPresent()) {
      throw new IllegalArgumentException(
          "Vit3dVariant.globalEvery must be 1 with rotary positions, which turn a whole view, got "
              + globalEvery
              + "; use Vit3dConfig.position SINCOS or LEARNED");
    }
    if ((pooling == Pooling.CLS || pooling == Pooling.CLS_AND_MEAN) && !classToken) {
      throw new IllegalArgumentException(
          "Vit3dVariant.pooling " + pooling + " needs a class token; set classToken to true");
    }
  }

  /** A plain ViT: nothing departs. */
  public static Vit3dVariant defaults() {
    return new Vit3dVariant(
        false, 0, Pooling.MEAN, 0, Optional.empty(), Mlp.GELU, false, false, 0, 8, 1);
  }

  /** Checks against the sizes of the transformer. */
  void check(int hiddenSize, int heads) {
    if (rotary.isPresent() && hiddenSize / heads % 6 != 0) {
      throw new IllegalArgumentException(
          "Vit3dVariant.rotary turns pairs of channels for three axes: Vit3dConfig.hiddenSize /"
              + " heads must be a multiple of 6, got "
              + hiddenSize
              + " / "
              + heads);
    }
    if (pooling == Pooling.ATTENTION) {
      Checks.divides("width of the pooled tokens", width(hiddenSize), "poolingHeads", poolingHeads);
    }
  }

  private int width(int hiddenSize) {
    return outputSize > 0 ? outputSize : hiddenSize;
  }

  /** The width of a token of the encoder. */
  int channels(int hiddenSize) {
    return width(hiddenSize) * (pooling == Pooling.CLS_AND_MEAN ? 2 : 1);
  }

  /** Tokens that go along with the patches. */
  public int prefix() {
    return (classToken ? 1 : 0) + registers;
  }

  /** A builder that holds {@link #defaults()}. */
  public static Builder builder() {
    return defaults().toBuilder();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Settings by name. */
  public static final class Builder {
    private boolean classToken;
    private int registers;
    private Pooling pooling;
    private double layerScale;
    private Optional<Rotary> rotary;
    private Mlp mlp;
    private boolean mlpNorm;
    private boolean attentionNorm;
    private int outputSize;
    private int poolingHeads;
    private int globalEvery;

    private Builder(Vit3dVariant from) {
      classToken = from.classToken;
      registers = from.registers;
      pooling = from.pooling;
      layerScale = from.layerScale;
      rotary = from.rotary;
      mlp = from.mlp;
      mlpNorm = from.mlpNorm;
      attentionNorm = from.attentionNorm;
      outputSize = from.outputSize;
      poolingHeads = from.poolingHeads;
      globalEvery = from.globalEvery;
    }

    /** See {@link Vit3dVariant#classToken()}. */
    public Builder classToken(boolean value) {
      classToken = value;
      return this;
    }

    /** See {@link Vit3dVariant#registers()}. */
    public Builder registers(int value) {
      registers = value;
      return this;
    }

    /** See {@link Vit3dVariant#pooling()}. */
    public Builder pooling(Pooling value) {
      pooling = value;
      return this;
    }

    /** See {@link Vit3dVariant#layerScale()}. */
    public Builder layerScale(double value) {
      layerScale = value;
      return this;
    }

    /** See {@link Vit3dVariant#rotary()}. */
    public Builder rotary(Rotary value) {
      rotary = Optional.of(value);
      return this;
    }

    /** See {@link Vit3dVariant#mlp()}. */
    public Builder mlp(Mlp value) {
      mlp = value;
      return this;
    }

    /** See {@link Vit3dVariant#mlpNorm()}. */
    public Builder mlpNorm(boolean value) {
      mlpNorm = value;
      return this;
    }

    /** See {@link Vit3dVariant#attentionNorm()}. */
    public Builder attentionNorm(boolean value) {
      attentionNorm = value;
      return this;
    }

    /** See {@link Vit3dVariant#outputSize()}. */
    public Builder outputSize(int value) {
      outputSize = value;
      return this;
    }

    /** See {@link Vit3dVariant#poolingHeads()}. */
    public Builder poolingHeads(int value) {
      poolingHeads = value;
      return this;
    }

    /** See {@link Vit3dVariant#globalEvery()}. */
    public Builder globalEvery(int value) {
      globalEvery = value;
      return this;
    }

    /** Checks and builds. */
    public Vit3dVariant build() {
      return new Vit3dVariant(
          classToken,
          registers,
          pooling,
          layerScale,
          rotary,
          mlp,
          mlpNorm,
          attentionNorm,
          outputSize,
          poolingHeads,
          globalEvery);
    }
  }
}
