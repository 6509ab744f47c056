package io.t3d.losses;

import io.t3d.core.internal.Checks;
import io.t3d.core.text.SentenceSampling;
import java.util.Objects;

/**
 * Settings of {@link TmaLoss}, the text-informed multi-view alignment. A term whose weight is 0 is
 * not computed.
 *
 * @param sentences the texts that tokens gather around: sentences drawn anew at each step, or whole
 *     reports
 * @param gatherTemperature divisor of the cosines in the softmax over tokens
 * @param sentenceTemperature where the learned temperature of the sentence logits starts
 * @param localWeight weight of the alignment of sentences with the tokens gathered around them
 * @param sentenceWeight weight of the alignment of sentences with pooled embeddings
 * @param consistencyWeight weight of the agreement of gathered tokens across views
 * @param consistencyTemperature its fixed divisor of cosines
 * @param viewWeight weight of the agreement of pooled embeddings across views
 * @param viewTemperature its fixed divisor of cosines
 * @param localViews whether local views join the terms with sentences; off by default, since a
 *     small crop often lacks what a sentence speaks of
 * @param prototypeWeight weight of the swapped prediction of learned prototypes; 0: none are
 *     learned
 * @param prototypes settings of that term
 */
public record TmaConfig(
    SentenceSampling sentences,
    double gatherTemperature,
    double sentenceTemperature,
    double localWeight,
    double sentenceWeight,
    double consistencyWeight,
    double consistencyTemperature,
    double viewWeight,
    double viewTemperature,
    boolean localViews,
    double prototypeWeight,
    PrototypeConfig prototypes) {
  /** Checks ranges. */
  public TmaConfig {
    Objects.requireNonNull(sentences, "TmaConfig.sentences");
    Objects.requireNonNull(prototypes, "TmaConfig.prototypes");
    Checks.positive("TmaConfig.gatherTemperature", gatherTemperature);
    Checks.positive("TmaConfig.sentenceTemperature", sentenceTemperature);
    Checks.inRange("TmaConfig.localWeight", localWeight, 0, 1e6);
    Checks.inRange("TmaConfig.sentenceWeight", sentenceWeight, 0, 1e6);
    Checks.inRange("TmaConfig.consistencyWeight", consistencyWeight, 0, 1e6);
    Checks.positive("TmaConfig.consistencyTemperature", consistencyTemperature);
    Checks.inRange("TmaConfig.viewWeight", viewWeight, 0, 1e6);
    Checks.positive("TmaConfig.viewTemperature", viewTemperature);
    Checks.inRange("TmaConfig.prototypeWeight", prototypeWeight, 0, 1e6);
    if (localWeight + sentenceWeight + consistencyWeight + viewWeight + prototypeWeight == 0) {
      throw new IllegalArgumentException(
          "TmaConfig has nothing to minimise: all weights are 0; to leave TMA out set"
              + " the method to clip");
    }
    if (localWeight + sentenceWeight + consistencyWeight > 0
        && sentences.unit() == SentenceSampling.Unit.NONE) {
      throw new IllegalArgumentException(
          "TmaConfig.sentences must be SENTENCE or REPORT where localWeight, sentenceWeight or"
              + " consistencyWeight is > 0, got NONE");
    }
  }

  /**
   * 4 sentences of each report, temperatures 0.1 and, to start with, 0.07; local weight 1, the
   * others 0.5; no prototypes. Chosen on phantoms, see docs/benchmark.md.
   */
  public static TmaConfig defaults() {
    return new TmaConfig(
        SentenceSampling.sentences(4),
        0.1,
        0.07,
        1,
        0.5,
        0.5,
        0.1,
        0.5,
        0.1,
        false,
        0,
        PrototypeConfig.defaults());
  }

  /** Ablation: views agree as a whole, no text takes part. */
  public static TmaConfig withoutText() {
    return defaults().toBuilder().localWeight(0).sentenceWeight(0).consistencyWeight(0).build();
  }

  /** Ablation: sentences align with tokens and pooled embeddings, views need not agree. */
  public static TmaConfig withoutViews() {
    return defaults().toBuilder().consistencyWeight(0).viewWeight(0).build();
  }

  /** Ablation: sentences align with pooled embeddings alone. */
  public static TmaConfig sentenceClip() {
    return withoutViews().toBuilder().localWeight(0).sentenceWeight(1).build();
  }

  /** Ablation: tokens gather around whole reports. */
  public static TmaConfig wholeReport() {
    return defaults().toBuilder().sentences(SentenceSampling.reports()).build();
  }

  /** SwAV on pooled views and matched tokens alone: clusters are learned prototypes, no text. */
  public static TmaConfig swav() {
    return withoutText().toBuilder().viewWeight(0).prototypeWeight(1).build();
  }

  /** Whether sentences are classified against each other, and their temperature is learned. */
  public boolean alignsSentences() {
    return localWeight + sentenceWeight > 0;
  }

  /** Whether reports have a say. */
  public boolean usesText() {
    return alignsSentences() || consistencyWeight > 0;
  }

  /** Starts from {@link #defaults()}. */
  public static Builder builder() {
    return defaults().toBuilder();
  }

  /** Starts from these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Changes some settings and leaves the others. */
  public static final class Builder {
    private SentenceSampling sentences;
    private double gatherTemperature;
    private double sentenceTemperature;
    private double localWeight;
    private double sentenceWeight;
    private double consistencyWeight;
    private double consistencyTemperature;
    private double viewWeight;
    private double viewTemperature;
    private boolean localViews;
    private double prototypeWeight;
    private PrototypeConfig prototypes;

    private Builder(TmaConfig from) {
      sentences = from.sentences;
      gatherTemperature = from.gatherTemperature;
      sentenceTemperature = from.sentenceTemperature;
      localWeight = from.localWeight;
      sentenceWeight = from.sentenceWeight;
      consistencyWeight = from.consistencyWeight;
      consistencyTemperature = from.consistencyTemperature;
      viewWeight = from.viewWeight;
      viewTemperature = from.viewTemperature;
      localViews = from.localViews;
      prototypeWeight = from.prototypeWeight;
      prototypes = from.prototypes;
    }

    /** See {@link TmaConfig#sentences()}. */
    public Builder sentences(SentenceSampling value) {
      sentences = value;
      return this;
    }

    /** See {@link TmaConfig#gatherTemperature()}. */
    public Builder gatherTemperature(double value) {
      gatherTemperature = value;
      return this;
    }

    /** See {@link TmaConfig#sentenceTemperature()}. */
    public Builder sentenceTemperature(double value) {
      sentenceTemperature = value;
      return this;
    }

    /** See {@link TmaConfig#localWeight()}. */
    public Builder localWeight(double value) {
      localWeight = value;
      return this;
    }

    /** See {@link TmaConfig#sentenceWeight()}. */
    public Builder sentenceWeight(double value) {
      sentenceWeight = value;
      return this;
    }

    /** See {@link TmaConfig#consistencyWeight()}. */
    public Builder consistencyWeight(double value) {
      consistencyWeight = value;
      return this;
    }

    /** See {@link TmaConfig#consistencyTemperature()}. */
    public Builder consistencyTemperature(double value) {
      consistencyTemperature = value;
      return this;
    }

    /** See {@link TmaConfig#viewWeight()}. */
    public Builder viewWeight(double value) {
      viewWeight = value;
      return this;
    }

    /** See {@link TmaConfig#viewTemperature()}. */
    public Builder viewTemperature(double value) {
      viewTemperature = value;
      return this;
    }

    /** See {@link TmaConfig#localViews()}. */
    public Builder localViews(boolean value) {
      localViews = value;
      return this;
    }

    /** See {@link TmaConfig#prototypeWeight()}. */
    public Builder prototypeWeight(double value) {
      prototypeWeight = value;
      return this;
    }

    /** See {@link TmaConfig#prototypes()}. */
    public Builder prototypes(PrototypeConfig value) {
      prototypes = value;
      return this;
    }

    /** Checks and builds. */
    public TmaConfig build() {
      return new TmaConfig(
          sentences,
          gatherTemperature,
          sentenceTemperature,
          localWeight,
          sentenceWeight,
          consistencyWeight,
          consistencyTemperature,
          viewWeight,
          viewTemperature,
          localViews,
          prototypeWeight,
          prototypes);
    }
  }
}
