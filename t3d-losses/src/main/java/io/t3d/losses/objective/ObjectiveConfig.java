package io.t3d.losses.objective;

import io.t3d.core.internal.Checks;
import io.t3d.losses.BaselineConfig;
import io.t3d.losses.ContrastiveConfig;
import io.t3d.losses.TmaConfig;
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

  /** Ablation: views agree as a whole, no text takes part in TMA. */
  public static ObjectiveConfig withoutText() {
    return t3d().withTma(TmaConfig.withoutText());
  }

  /** Ablation: sentences align, views need not agree. */
  public static ObjectiveConfig withoutViews() {
    return t3d().withTma(TmaConfig.withoutViews());
  }

  /** Ablation: sentences align with pooled embeddings alone. */
  public static ObjectiveConfig sentenceClip() {
    return t3d().withTma(TmaConfig.sentenceClip());
  }

  /** Ablation: tokens gather around whole reports. */
  public static ObjectiveConfig wholeReport() {
    return t3d().withTma(TmaConfig.wholeReport());
  }

  /** TMA as swapped prediction of learned prototypes, without text, with weight 0.3. */
  public static ObjectiveConfig swavTma() {
    return t3d().withTma(TmaConfig.swav()).withLambda(0.3);
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
    return baseline
        .map(BaselineConfig::usesText)
        .orElse(contrastive || (lambda > 0 && tma.usesText()));
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
