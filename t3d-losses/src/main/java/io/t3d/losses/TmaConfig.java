package io.t3d.losses;

import io.t3d.core.config.Checks;
import java.util.Objects;

/**
 * Settings of the text-informed multi-view alignment, ablation switches among them.
 *
 * @param epsilon entropy of the Sinkhorn assignments
 * @param iterations of Sinkhorn–Knopp
 * @param temperature divisor of the predictions' cosines
 * @param viewWeight weight of the loss between pooled views
 * @param tokenWeight weight of the loss between matched tokens
 * @param entropyWeight weight of the term against collapse; 0 still logs it
 * @param textInformed whether assignments come from text-informed features; off: from visual ones
 * @param multiView whether a view predicts the others' assignments; off: each global view its own
 * @param levels where views are aligned
 */
public record TmaConfig(
    double epsilon,
    int iterations,
    double temperature,
    double viewWeight,
    double tokenWeight,
    double entropyWeight,
    boolean textInformed,
    boolean multiView,
    Levels levels) {
  /** Where views are aligned. */
  public enum Levels {
    /** Pooled views only. */
    VIEW,
    /** Matched tokens only. */
    TOKEN,
    /** Both. */
    BOTH
  }

  /** Checks ranges. */
  public TmaConfig {
    Checks.positive("TmaConfig.epsilon", epsilon);
    Checks.positive("TmaConfig.iterations", iterations);
    Checks.positive("TmaConfig.temperature", temperature);
    Checks.inRange("TmaConfig.viewWeight", viewWeight, 0, 1e6);
    Checks.inRange("TmaConfig.tokenWeight", tokenWeight, 0, 1e6);
    Checks.inRange("TmaConfig.entropyWeight", entropyWeight, 0, 1e6);
    Objects.requireNonNull(levels, "TmaConfig.levels");
  }

  /**
   * SwAV's epsilon 0.05, 3 iterations and temperature 0.1; both levels with weight 1; a light
   * entropy term, since Sinkhorn already balances the targets.
   */
  public static TmaConfig defaults() {
    return new TmaConfig(0.05, 3, 0.1, 1, 1, 0.1, true, true, Levels.BOTH);
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
    private double epsilon;
    private int iterations;
    private double temperature;
    private double viewWeight;
    private double tokenWeight;
    private double entropyWeight;
    private boolean textInformed;
    private boolean multiView;
    private Levels levels;

    private Builder(TmaConfig from) {
      epsilon = from.epsilon;
      iterations = from.iterations;
      temperature = from.temperature;
      viewWeight = from.viewWeight;
      tokenWeight = from.tokenWeight;
      entropyWeight = from.entropyWeight;
      textInformed = from.textInformed;
      multiView = from.multiView;
      levels = from.levels;
    }

    /** See {@link TmaConfig#epsilon()}. */
    public Builder epsilon(double value) {
      epsilon = value;
      return this;
    }

    /** See {@link TmaConfig#iterations()}. */
    public Builder iterations(int value) {
      iterations = value;
      return this;
    }

    /** See {@link TmaConfig#temperature()}. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** See {@link TmaConfig#viewWeight()}. */
    public Builder viewWeight(double value) {
      viewWeight = value;
      return this;
    }

    /** See {@link TmaConfig#tokenWeight()}. */
    public Builder tokenWeight(double value) {
      tokenWeight = value;
      return this;
    }

    /** See {@link TmaConfig#entropyWeight()}. */
    public Builder entropyWeight(double value) {
      entropyWeight = value;
      return this;
    }

    /** See {@link TmaConfig#textInformed()}. */
    public Builder textInformed(boolean value) {
      textInformed = value;
      return this;
    }

    /** See {@link TmaConfig#multiView()}. */
    public Builder multiView(boolean value) {
      multiView = value;
      return this;
    }

    /** See {@link TmaConfig#levels()}. */
    public Builder levels(Levels value) {
      levels = value;
      return this;
    }

    /** Checks and builds. */
    public TmaConfig build() {
      return new TmaConfig(
          epsilon,
          iterations,
          temperature,
          viewWeight,
          tokenWeight,
          entropyWeight,
          textInformed,
          multiView,
          levels);
    }
  }
}
