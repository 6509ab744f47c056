package io.t3d.core.config;

import java.util.List;
import java.util.Objects;

/**
 * Settings of a {@code T3DModel}.
 *
 * @param vision visual encoder
 * @param text text encoder
 * @param embedDim E, width of the shared embedding
 * @param prototypes K, number of clusters
 * @param fusionHeads attention heads of the text-informed fusion; divides E
 * @param fusionGate where the fusion's residual gate starts; small, so that vision leads at first
 * @param projection what follows the encoders
 * @param temperature where the learned temperature of the contrastive loss starts; 0.07 in CLIP
 */
public record T3DConfig(
    VisionConfig vision,
    TextConfig text,
    int embedDim,
    int prototypes,
    int fusionHeads,
    double fusionGate,
    Projection projection,
    double temperature) {
  /** From encoder features to the shared embedding. */
  public enum Projection {
    /** A linear map, as in CLIP: loads published weights, and rows of a batch stay independent. */
    LINEAR,
    /** A linear map and a batch norm: learns faster from scratch on few pairs. */
    BATCH_NORM
  }

  /** Checks sizes. */
  public T3DConfig {
    Objects.requireNonNull(vision, "T3DConfig.vision");
    Objects.requireNonNull(text, "T3DConfig.text");
    Checks.divides("T3DConfig.embedDim", embedDim, "fusionHeads", fusionHeads);
    Checks.positive("T3DConfig.embedDim", embedDim);
    Checks.positive("T3DConfig.prototypes", prototypes);
    Objects.requireNonNull(projection, "T3DConfig.projection");
    Checks.positive("T3DConfig.temperature", temperature);
    Checks.inRange("T3DConfig.fusionGate", fusionGate, -1, 1);
  }

  /** A narrow ResNet and two text layers: trains on phantoms in minutes on two cores. */
  public static T3DConfig tiny() {
    ResNet3dConfig vision =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(16, 32, 64, 128), 5, 2, true);
    return new T3DConfig(vision, TextConfig.tiny(), 128, 64, 4, 0.1, Projection.BATCH_NORM, 0.07);
  }

  /** ResNet3d-50 with a BERT-base text encoder, as in the paper. */
  public static T3DConfig resnet50() {
    return new T3DConfig(
        ResNet3dConfig.resnet50(),
        TextConfig.bertBase(),
        512,
        512,
        8,
        0.1,
        Projection.LINEAR,
        0.07);
  }

  /** ViT-B with patches of 8×16×16 and a BERT-base text encoder. */
  public static T3DConfig vitBase() {
    return new T3DConfig(
        Vit3dConfig.base(), TextConfig.bertBase(), 512, 512, 8, 0.1, Projection.LINEAR, 0.07);
  }

  /** The same settings with another text encoder. */
  public T3DConfig withText(TextConfig newText) {
    return new T3DConfig(
        vision, newText, embedDim, prototypes, fusionHeads, fusionGate, projection, temperature);
  }
}
