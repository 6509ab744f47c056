package io.t3d.core.config;

import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of a {@code T3DModel}.
 *
 * @param vision visual encoder
 * @param text text encoder
 * @param embedDim E, width of the shared embedding
 * @param projection what follows the encoders
 * @param temperature where the learned temperature of the contrastive loss starts; 0.07 in CLIP
 * @param visionProjection what follows the visual encoder, where that is another than {@code
 *     projection}
 * @param textProjection likewise of the text encoder
 */
public record T3DConfig(
    VisionConfig vision,
    TextEncoderConfig text,
    int embedDim,
    Projection projection,
    double temperature,
    @LeftOutWhenEmpty Optional<Projection> visionProjection,
    @LeftOutWhenEmpty Optional<Projection> textProjection) {
  /** From encoder features to the shared embedding. */
  public enum Projection {
    /** A linear map, as in CLIP: loads published weights, and rows of a batch stay independent. */
    LINEAR,
    /** A linear map and a batch norm: learns faster from scratch on few pairs. */
    BATCH_NORM,
    /** A linear map with a bias. */
    LINEAR_BIAS,
    /**
     * Of visual tokens: a linear map of its own for each place of a slab, so that the mean of the
     * results is one linear map of the flattened mean slab, as in CT-CLIP. Needs an encoder whose
     * views have one size, see {@code VisionConfig.places}.
     */
    LINEAR_PER_PLACE,
    /** Nothing: the encoder's features are the embedding. */
    NONE
  }

  /** Checks sizes. */
  public T3DConfig {
    Objects.requireNonNull(vision, "T3DConfig.vision");
    Objects.requireNonNull(text, "T3DConfig.text");
    Checks.positive("T3DConfig.embedDim", embedDim);
    Objects.requireNonNull(projection, "T3DConfig.projection");
    Checks.positive("T3DConfig.temperature", temperature);
    Objects.requireNonNull(visionProjection, "T3DConfig.visionProjection");
    Objects.requireNonNull(textProjection, "T3DConfig.textProjection");
    Projection seeing = visionProjection.orElse(projection);
    Projection reading = textProjection.orElse(projection);
    checkWidth("vision", seeing, vision.channels(), embedDim);
    checkWidth("text", reading, text.hiddenSize(), embedDim);
    if (reading == Projection.LINEAR_PER_PLACE
        || (seeing == Projection.LINEAR_PER_PLACE && vision.places() == 0)) {
      throw new IllegalArgumentException(
          "LINEAR_PER_PLACE can only be the visionProjection of an encoder whose views have one"
              + " size, a CtVit");
    }
  }

  /** With one kind of projection for both encoders. */
  public T3DConfig(
      VisionConfig vision,
      TextEncoderConfig text,
      int embedDim,
      Projection projection,
      double temperature) {
    this(vision, text, embedDim, projection, temperature, Optional.empty(), Optional.empty());
  }

  private static void checkWidth(String part, Projection kind, int channels, int embedDim) {
    if (kind == Projection.NONE && channels != embedDim) {
      throw new IllegalArgumentException(
          "Without a projection the "
              + part
              + " encoder's width must be T3DConfig.embedDim, "
              + embedDim
              + ", got "
              + channels);
    }
  }

  /** What follows the visual encoder. */
  public Projection projectionOfVision() {
    return visionProjection.orElse(projection);
  }

  /** What follows the text encoder. */
  public Projection projectionOfText() {
    return textProjection.orElse(projection);
  }

  /** A narrow ResNet and two text layers: trains on phantoms in minutes on two cores. */
  public static T3DConfig tiny() {
    ResNet3dConfig vision =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(16, 32, 64, 128), 5, 2, true);
    return new T3DConfig(vision, TextConfig.tiny(), 128, Projection.BATCH_NORM, 0.07);
  }

  /** ResNet3d-50 of MONAI, as in the paper, with a BERT-base text encoder. */
  public static T3DConfig resnet50() {
    return new T3DConfig(
        ResNet3dConfig.resnet50(), TextConfig.bertBase(), 512, Projection.LINEAR, 0.07);
  }

  /** ViT-B with patches of 8×16×16 and a BERT-base text encoder. */
  public static T3DConfig vitBase() {
    return new T3DConfig(Vit3dConfig.base(), TextConfig.bertBase(), 512, Projection.LINEAR, 0.07);
  }

  /** The same settings with another text encoder. */
  public T3DConfig withText(TextEncoderConfig newText) {
    return toBuilder().text(newText).build();
  }

  /** A builder that holds {@link #resnet50()}. */
  public static Builder builder() {
    return resnet50().toBuilder();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Settings by name. */
  public static final class Builder {
    private VisionConfig vision;
    private TextEncoderConfig text;
    private int embedDim;
    private Projection projection;
    private double temperature;
    private Optional<Projection> visionProjection;
    private Optional<Projection> textProjection;

    private Builder(T3DConfig from) {
      vision = from.vision;
      text = from.text;
      embedDim = from.embedDim;
      projection = from.projection;
      temperature = from.temperature;
      visionProjection = from.visionProjection;
      textProjection = from.textProjection;
    }

    /** See {@link T3DConfig#vision()}. */
    public Builder vision(VisionConfig value) {
      vision = value;
      return this;
    }

    /** See {@link T3DConfig#text()}. */
    public Builder text(TextEncoderConfig value) {
      text = value;
      return this;
    }

    /** See {@link T3DConfig#embedDim()}. */
    public Builder embedDim(int value) {
      embedDim = value;
      return this;
    }

    /** See {@link T3DConfig#projection()}. */
    public Builder projection(Projection value) {
      projection = value;
      return this;
    }

    /** See {@link T3DConfig#temperature()}. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** See {@link T3DConfig#visionProjection()}. */
    public Builder visionProjection(Projection value) {
      visionProjection = Optional.of(value);
      return this;
    }

    /** See {@link T3DConfig#textProjection()}. */
    public Builder textProjection(Projection value) {
      textProjection = Optional.of(value);
      return this;
    }

    /** Checks and builds. */
    public T3DConfig build() {
      return new T3DConfig(
          vision, text, embedDim, projection, temperature, visionProjection, textProjection);
    }
  }
}
