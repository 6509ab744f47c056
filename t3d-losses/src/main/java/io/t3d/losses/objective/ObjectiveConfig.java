package io.t3d.losses.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.Size3;
import io.t3d.core.config.internal.OldForm;
import io.t3d.core.internal.Checks;
import io.t3d.losses.ContrastiveConfig;
import io.t3d.losses.TmaConfig;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What pre-training minimises: a method and its settings. {@code method} in YAML tells which, or a
 * {@code preset}, one of the factories below.
 *
 * <pre>{@code
 * objective:
 *   preset: withoutViews      # a T3d
 *   lambda: 0.5
 *
 * objective:
 *   method: simclr
 *   temperature: 0.2
 * }</pre>
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "method")
@JsonSubTypes({
  @JsonSubTypes.Type(value = ObjectiveConfig.T3d.class, name = "t3d"),
  @JsonSubTypes.Type(value = ObjectiveConfig.Clip.class, name = "clip"),
  @JsonSubTypes.Type(value = ObjectiveConfig.SigLip.class, name = "siglip"),
  @JsonSubTypes.Type(value = ObjectiveConfig.SimClr.class, name = "simclr"),
  @JsonSubTypes.Type(value = ObjectiveConfig.VicReg.class, name = "vicreg"),
  @JsonSubTypes.Type(value = ObjectiveConfig.Swav.class, name = "swav"),
  @JsonSubTypes.Type(value = ObjectiveConfig.Masked.class, name = "masked")
})
@OldForm(ObjectiveConfig.OneRecordForAll.class)
public sealed interface ObjectiveConfig {
  /** Whether reports have a say; without, embeddings of reports mean nothing. */
  default boolean usesText() {
    return false;
  }

  /**
   * Divisor of the cosines where tokens gather around texts, in the scores that use it; that of
   * {@link TmaConfig#defaults()} for methods that train none.
   */
  default double gatherTemperature() {
    return TmaConfig.defaults().gatherTemperature();
  }

  /**
   * T3D: {@code L = L_global + lambda · L_TMA}.
   *
   * @param contrastive whether the global alignment with the report is on
   * @param lambda weight of TMA, &gt; 0
   * @param global settings of the global alignment
   * @param tma settings of the text-informed multi-view alignment
   */
  record T3d(boolean contrastive, double lambda, ContrastiveConfig global, TmaConfig tma)
      implements ObjectiveConfig {
    /** Checks the weight. */
    public T3d {
      if (lambda == 0) {
        throw new IllegalArgumentException(
            "T3d.lambda must be > 0, got 0: without TMA it is CLIP; set method: clip");
      }
      Checks.inRange("T3d.lambda", lambda, Double.MIN_VALUE, 1e6);
      Objects.requireNonNull(global, "T3d.global");
      Objects.requireNonNull(tma, "T3d.tma");
    }

    /** The whole method, lambda 1. */
    public static T3d defaults() {
      return new T3d(true, 1, ContrastiveConfig.defaults(), TmaConfig.defaults());
    }

    @Override
    public boolean usesText() {
      return contrastive || tma.usesText();
    }

    @Override
    public double gatherTemperature() {
      return tma.gatherTemperature();
    }

    /** The same objective with another TMA. */
    public T3d withTma(TmaConfig newTma) {
      return new T3d(contrastive, lambda, global, newTma);
    }

    /** The same objective with another weight of TMA. */
    public T3d withLambda(double newLambda) {
      return new T3d(contrastive, newLambda, global, tma);
    }

    /** The global alignment alone. */
    public Clip withoutTma() {
      return new Clip(global, tma.gatherTemperature());
    }
  }

  /**
   * CLIP: T3D's global alignment alone.
   *
   * @param global its settings
   * @param gatherTemperature of the scores whose tokens gather around texts; training has none
   */
  record Clip(ContrastiveConfig global, double gatherTemperature) implements ObjectiveConfig {
    /** Checks the temperature. */
    public Clip {
      Objects.requireNonNull(global, "Clip.global");
      Checks.positive("Clip.gatherTemperature", gatherTemperature);
    }

    /** Without label smoothing, global views alone. */
    public static Clip defaults() {
      return T3d.defaults().withoutTma();
    }

    @Override
    public boolean usesText() {
      return true;
    }
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
  record SigLip(double bias) implements ObjectiveConfig {
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
  record SimClr(double temperature, Projector projector) implements ObjectiveConfig {
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
      implements ObjectiveConfig {
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
      implements ObjectiveConfig {
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
  record Masked(double ratio, Optional<Size3> block) implements ObjectiveConfig {
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

  /** The whole method, lambda 1. */
  static T3d t3d() {
    return T3d.defaults();
  }

  /** Baseline: the global alignment alone, as CLIP. */
  static Clip clip() {
    return Clip.defaults();
  }

  /** Ablation: views agree as a whole, no text takes part in TMA. */
  static T3d withoutText() {
    return t3d().withTma(TmaConfig.withoutText());
  }

  /** Ablation: sentences align, views need not agree. */
  static T3d withoutViews() {
    return t3d().withTma(TmaConfig.withoutViews());
  }

  /** Ablation: sentences align with pooled embeddings alone. */
  static T3d sentenceClip() {
    return t3d().withTma(TmaConfig.sentenceClip());
  }

  /** Ablation: tokens gather around whole reports. */
  static T3d wholeReport() {
    return t3d().withTma(TmaConfig.wholeReport());
  }

  /** TMA as swapped prediction of learned prototypes, without text, with weight 0.3. */
  static T3d swavTma() {
    return t3d().withTma(TmaConfig.swav()).withLambda(0.3);
  }

  /** Baseline: the sigmoid loss of SigLIP. */
  static SigLip siglip() {
    return SigLip.defaults();
  }

  /** Baseline, visual only: SimCLR. */
  static SimClr simclr() {
    return SimClr.defaults();
  }

  /** Baseline, visual only: VICReg. */
  static VicReg vicreg() {
    return VicReg.defaults();
  }

  /** Baseline, visual only: SwAV. */
  static Swav swav() {
    return Swav.defaults();
  }

  /** Baseline, visual only: reconstruction of masked blocks. */
  static Masked masked() {
    return Masked.defaults();
  }

  /**
   * Until 0.1 one record held T3D's settings and, as {@code baseline}, another method's that
   * replaced them; {@code lambda: 0} was CLIP.
   */
  final class OneRecordForAll implements Consumer<ObjectNode> {
    @Override
    public void accept(ObjectNode objective) {
      JsonNode baseline = objective.remove("baseline");
      if (baseline != null && baseline.isObject()) {
        objective.remove(List.of("contrastive", "lambda", "global", "tma"));
        objective.setAll((ObjectNode) baseline);
        return;
      }
      if (objective.has("method")) {
        return;
      }
      JsonNode lambda = objective.path("lambda");
      boolean contrastive = objective.path("contrastive").asBoolean(true);
      if (contrastive && lambda.isNumber() && lambda.doubleValue() == 0) {
        objective.remove(List.of("preset", "contrastive", "lambda"));
        objective.put("method", "clip");
        JsonNode tma = objective.remove("tma");
        if (tma != null && tma.has("gatherTemperature")) {
          objective.set("gatherTemperature", tma.get("gatherTemperature"));
        }
      } else if (objective.has("contrastive") && !objective.has("preset")) {
        objective.put("method", "t3d");
      }
    }
  }
}
