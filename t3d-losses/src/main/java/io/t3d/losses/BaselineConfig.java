package io.t3d.losses;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Checks;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of a published pre-training method that T3D is compared with; {@code method} in YAML
 * tells which. CLIP is no entry here: it is T3D's own global alignment alone, {@link
 * io.t3d.losses.objective.ObjectiveConfig#clip()}.
 *
 * <pre>{@code
 * objective:
 *   preset: simclr
 *   baseline:
 *     method: simclr
 *     temperature: 0.2
 * }</pre>
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "method")
@JsonSubTypes({
  @JsonSubTypes.Type(value = BaselineConfig.SigLip.class, name = "siglip"),
  @JsonSubTypes.Type(value = BaselineConfig.SimClr.class, name = "simclr"),
  @JsonSubTypes.Type(value = BaselineConfig.VicReg.class, name = "vicreg"),
  @JsonSubTypes.Type(value = BaselineConfig.Swav.class, name = "swav"),
  @JsonSubTypes.Type(value = BaselineConfig.Masked.class, name = "masked")
})
public sealed interface BaselineConfig {
  /** Whether reports have a say; without, embeddings of reports mean nothing. */
  default boolean usesText() {
    return false;
  }

  /**
   * The head that visual methods compare views behind; dropped after pre-training.
   *
   * @param hidden width of the hidden layer
   * @param out width of the output
   */
  record Projector(int hidden, int out) {
    /** Checks sizes. */
    public Projector {
      Checks.positive("Projector.hidden", hidden);
      Checks.positive("Projector.out", out);
    }

    /** 512 and 128. */
    public static Projector defaults() {
      return new Projector(512, 128);
    }
  }

  /**
   * Sigmoid loss of pairs (Zhai et al. 2023). The learned scale is the model's {@code logit_scale}.
   *
   * @param bias where the learned bias starts. The paper's -10 suits its batch of 32,768: about
   *     {@code -log(B - 1)} makes the loss start balanced for a batch of B
   */
  record SigLip(double bias) implements BaselineConfig {
    /** Checks the range. */
    public SigLip {
      Checks.inRange("SigLip.bias", bias, -100, 100);
    }

    /** The paper's -10. */
    public static SigLip defaults() {
      return new SigLip(-10);
    }

    @Override
    public boolean usesText() {
      return true;
    }
  }

  /**
   * NT-Xent between two views of a volume (Chen et al. 2020).
   *
   * @param temperature fixed divisor of cosines
   * @param projector compares the views
   */
  record SimClr(double temperature, Projector projector) implements BaselineConfig {
    /** Checks the temperature. */
    public SimClr {
      Checks.positive("SimClr.temperature", temperature);
      Objects.requireNonNull(projector, "SimClr.projector");
    }

    /** The paper's temperature on ImageNet, 0.1. */
    public static SimClr defaults() {
      return new SimClr(0.1, Projector.defaults());
    }
  }

  /**
   * Variance, invariance and covariance (Bardes et al. 2022).
   *
   * @param invariance weight of the distance between the views
   * @param variance weight of the hinge on each column's standard deviation
   * @param covariance weight of the squared covariances
   * @param projector compares the views
   */
  record VicReg(double invariance, double variance, double covariance, Projector projector)
      implements BaselineConfig {
    /** Checks ranges. */
    public VicReg {
      Checks.inRange("VicReg.invariance", invariance, 0, 1e6);
      Checks.inRange("VicReg.variance", variance, 0, 1e6);
      Checks.inRange("VicReg.covariance", covariance, 0, 1e6);
      Objects.requireNonNull(projector, "VicReg.projector");
    }

    /** The paper's weights 25, 25 and 1. */
    public static VicReg defaults() {
      return new VicReg(25, 25, 1, new Projector(512, 512));
    }
  }

  /**
   * Swapped prediction of cluster assignments between views (Caron et al. 2020).
   *
   * @param prototypes K, the number of clusters
   * @param epsilon entropy of Sinkhorn's assignment
   * @param iterations of Sinkhorn
   * @param temperature of the prediction
   * @param hidden width of the projector's hidden layer; its output is as wide as the prototypes
   */
  record Swav(int prototypes, double epsilon, int iterations, double temperature, int hidden)
      implements BaselineConfig {
    /** Checks ranges. */
    public Swav {
      Checks.positive("Swav.prototypes", prototypes);
      Checks.positive("Swav.epsilon", epsilon);
      Checks.positive("Swav.iterations", iterations);
      Checks.positive("Swav.temperature", temperature);
      Checks.positive("Swav.hidden", hidden);
    }

    /** 64 prototypes, for small batches; the paper's 0.05, 3 and 0.1. */
    public static Swav defaults() {
      return new Swav(64, 0.05, 3, 0.1, Projector.defaults().hidden());
    }
  }

  /**
   * Reconstruction of masked blocks of voxels (Xie et al. 2022, SimMIM).
   *
   * @param ratio share of blocks that are hidden, in (0, 1)
   * @param block their size; when left out, the patch of a vision transformer, or 8×8×8
   */
  record Masked(double ratio, Optional<Size3> block) implements BaselineConfig {
    /** Checks the ratio. */
    public Masked {
      Checks.inRange("Masked.ratio", ratio, 0.01, 0.99);
      Objects.requireNonNull(block, "Masked.block");
    }

    /** The paper's 0.6. */
    public static Masked defaults() {
      return new Masked(0.6, Optional.empty());
    }
  }
}
