package io.t3d.losses;

import io.t3d.core.internal.Checks;
import java.util.Objects;

/**
 * Settings of {@link PrototypeLoss}, the swapped prediction of prototypes.
 *
 * @param count K, the number of prototypes
 * @param epsilon entropy of the Sinkhorn assignments
 * @param iterations of Sinkhorn–Knopp
 * @param temperature divisor of the predictions' cosines
 * @param viewWeight weight of the loss between pooled views
 * @param tokenWeight weight of the loss between matched tokens
 * @param entropyWeight weight of the term against collapse; 0 still logs it
 * @param levels where views are aligned
 */
public record PrototypeConfig(
    int count,
    double epsilon,
    int iterations,
    double temperature,
    double viewWeight,
    double tokenWeight,
    double entropyWeight,
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
  public PrototypeConfig {
    Checks.positive("PrototypeConfig.count", count);
    Checks.positive("PrototypeConfig.epsilon", epsilon);
    Checks.positive("PrototypeConfig.iterations", iterations);
    Checks.positive("PrototypeConfig.temperature", temperature);
    Checks.inRange("PrototypeConfig.viewWeight", viewWeight, 0, 1e6);
    Checks.inRange("PrototypeConfig.tokenWeight", tokenWeight, 0, 1e6);
    Checks.inRange("PrototypeConfig.entropyWeight", entropyWeight, 0, 1e6);
    Objects.requireNonNull(levels, "PrototypeConfig.levels");
  }

  /**
   * 64 prototypes; SwAV's epsilon 0.05, 3 iterations and temperature 0.1; both levels with weight
   * 1; a light entropy term, since Sinkhorn already balances the targets.
   */
  public static PrototypeConfig defaults() {
    return new PrototypeConfig(64, 0.05, 3, 0.1, 1, 1, 0.1, Levels.BOTH);
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
    private int count;
    private double epsilon;
    private int iterations;
    private double temperature;
    private double viewWeight;
    private double tokenWeight;
    private double entropyWeight;
    private Levels levels;

    private Builder(PrototypeConfig from) {
      count = from.count;
      epsilon = from.epsilon;
      iterations = from.iterations;
      temperature = from.temperature;
      viewWeight = from.viewWeight;
      tokenWeight = from.tokenWeight;
      entropyWeight = from.entropyWeight;
      levels = from.levels;
    }

    /** See {@link PrototypeConfig#count()}. */
    public Builder count(int value) {
      count = value;
      return this;
    }

    /** See {@link PrototypeConfig#epsilon()}. */
    public Builder epsilon(double value) {
      epsilon = value;
      return this;
    }

    /** See {@link PrototypeConfig#iterations()}. */
    public Builder iterations(int value) {
      iterations = value;
      return this;
    }

    /** See {@link PrototypeConfig#temperature()}. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** See {@link PrototypeConfig#viewWeight()}. */
    public Builder viewWeight(double value) {
      viewWeight = value;
      return this;
    }

    /** See {@link PrototypeConfig#tokenWeight()}. */
    public Builder tokenWeight(double value) {
      tokenWeight = value;
      return this;
    }

    /** See {@link PrototypeConfig#entropyWeight()}. */
    public Builder entropyWeight(double value) {
      entropyWeight = value;
      return this;
    }

    /** See {@link PrototypeConfig#levels()}. */
    public Builder levels(Levels value) {
      levels = value;
      return this;
    }

    /** Checks and builds. */
    public PrototypeConfig build() {
      return new PrototypeConfig(
          count, epsilon, iterations, temperature, viewWeight, tokenWeight, entropyWeight, levels);
    }
  }
}
