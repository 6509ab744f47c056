package io.t3d.losses;

import io.t3d.core.config.Checks;
import java.util.Objects;
import java.util.Optional;

/**
 * What pre-training minimises: {@code L = L_global + lambda · L_TMA}.
 *
 * @param contrastive whether the global alignment with the report is on
 * @param lambda weight of TMA; 0 switches it off
 * @param global settings of the global alignment
 * @param tma settings of the text-informed multi-view alignment
 * @param baseline another method that replaces all of the above; none when left out
 */
public record ObjectiveConfig(
    boolean contrastive,
    double lambda,
    ContrastiveConfig global,
    TmaConfig tma,
    Optional<BaselineConfig> baseline) {
  /** T3D's own objective. */
  public ObjectiveConfig(
      boolean contrastive, double lambda, ContrastiveConfig global, TmaConfig tma) {
    this(contrastive, lambda, global, tma, Optional.empty());
  }

  /** Checks that something is on. */
  public ObjectiveConfig {
    Checks.inRange("ObjectiveConfig.lambda", lambda, 0, 1e6);
    Objects.requireNonNull(global, "ObjectiveConfig.global");
    Objects.requireNonNull(tma, "ObjectiveConfig.tma");
    Objects.requireNonNull(baseline, "ObjectiveConfig.baseline");
    if (!contrastive && lambda == 0) {
      throw new IllegalArgumentException(
          "ObjectiveConfig has nothing to minimise: contrastive is off and lambda is 0");
    }
  }

  /** The whole method, lambda 1. */
  public static ObjectiveConfig t3d() {
    return new ObjectiveConfig(true, 1, ContrastiveConfig.defaults(), TmaConfig.defaults());
  }

  /** Baseline: the global alignment alone, as CLIP. */
  public static ObjectiveConfig clip() {
    return new ObjectiveConfig(true, 0, ContrastiveConfig.defaults(), TmaConfig.defaults());
  }

  /** Ablation: assignments from visual features, without the report. */
  public static ObjectiveConfig withoutText() {
    return t3d().withTma(TmaConfig.builder().textInformed(false).build());
  }

  /** Ablation: each global view predicts its own assignment. */
  public static ObjectiveConfig singleView() {
    return t3d().withTma(TmaConfig.builder().multiView(false).build());
  }

  /** Ablation: pooled views only. */
  public static ObjectiveConfig viewLevelOnly() {
    return t3d().withTma(TmaConfig.builder().levels(TmaConfig.Levels.VIEW).build());
  }

  /** Ablation: matched tokens only. */
  public static ObjectiveConfig tokenLevelOnly() {
    return t3d().withTma(TmaConfig.builder().levels(TmaConfig.Levels.TOKEN).build());
  }

  /** Baseline: the sigmoid loss of SigLIP. */
  public static ObjectiveConfig siglip() {
    return of(BaselineConfig.SigLip.defaults());
  }

  /** Baseline, visual only: SimCLR. */
  public static ObjectiveConfig simclr() {
    return of(BaselineConfig.SimClr.defaults());
  }

  /** Baseline, visual only: VICReg. */
  public static ObjectiveConfig vicreg() {
    return of(BaselineConfig.VicReg.defaults());
  }

  /** Baseline, visual only: SwAV. */
  public static ObjectiveConfig swav() {
    return of(BaselineConfig.Swav.defaults());
  }

  /** Baseline, visual only: reconstruction of masked blocks. */
  public static ObjectiveConfig masked() {
    return of(BaselineConfig.Masked.defaults());
  }

  /** A baseline. */
  public static ObjectiveConfig of(BaselineConfig baseline) {
    ObjectiveConfig t3d = t3d();
    return new ObjectiveConfig(
        t3d.contrastive, t3d.lambda, t3d.global, t3d.tma, Optional.of(baseline));
  }

  /** Whether reports have a say; without, embeddings of reports mean nothing. */
  public boolean usesText() {
    return baseline.map(BaselineConfig::usesText).orElse(contrastive || tma.textInformed());
  }

  /** The same objective with another TMA. */
  public ObjectiveConfig withTma(TmaConfig newTma) {
    return new ObjectiveConfig(contrastive, lambda, global, newTma, baseline);
  }

  /** The same objective with another weight of TMA. */
  public ObjectiveConfig withLambda(double newLambda) {
    return new ObjectiveConfig(contrastive, newLambda, global, tma, baseline);
  }
}
