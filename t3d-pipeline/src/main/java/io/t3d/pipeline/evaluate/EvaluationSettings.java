package io.t3d.pipeline.evaluate;

import io.t3d.core.eval.Bootstrap;
import io.t3d.core.eval.OperatingPoint;
import io.t3d.core.internal.Checks;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.classify.FineTuneConfig;
import io.t3d.core.task.classify.ProbeConfig;
import java.util.List;
import java.util.Optional;

/**
 * Settings of an evaluation: how it measures and trains.
 *
 * @param score which score zero-shot and retrieval use; empty: the one that does best on the
 *     validation split
 * @param bootstrap of confidence intervals
 * @param operatingPoint how thresholds are chosen on the validation split
 * @param labelFractions shares of the training patients whose labels are used, in (0, 1]
 * @param probe of the linear probe
 * @param fineTune of fine-tuning; its seed also chooses patients
 */
public record EvaluationSettings(
    Optional<TextScore> score,
    Bootstrap bootstrap,
    OperatingPoint operatingPoint,
    List<Double> labelFractions,
    ProbeConfig probe,
    FineTuneConfig fineTune) {
  /** Copies the list and checks its shares. */
  public EvaluationSettings {
    labelFractions = List.copyOf(labelFractions);
    for (double fraction : labelFractions) {
      Checks.positive("EvaluationSettings.labelFractions", fraction);
      Checks.inRange("EvaluationSettings.labelFractions", fraction, 0, 1);
    }
  }

  /**
   * The score that validation chooses, 95 % intervals of 1000 resamples, Youden's thresholds, all
   * labels.
   */
  public static EvaluationSettings defaults() {
    return new EvaluationSettings(
        Optional.empty(),
        Bootstrap.defaults(),
        OperatingPoint.YOUDEN_J,
        List.of(1.0),
        ProbeConfig.defaults(),
        FineTuneConfig.pretrained());
  }

  /** Seed of the choice of patients. */
  long seed() {
    return fineTune.training().seed();
  }
}
