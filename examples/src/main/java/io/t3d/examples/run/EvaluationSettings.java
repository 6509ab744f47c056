package io.t3d.examples.run;

import io.t3d.core.eval.Bootstrap;
import io.t3d.core.eval.OperatingPoint;
import io.t3d.core.task.classify.FineTuneConfig;
import io.t3d.core.task.classify.ProbeConfig;
import java.util.List;

/**
 * How an evaluation measures and trains.
 *
 * @param bootstrap of confidence intervals
 * @param operatingPoint how thresholds are chosen on the validation split
 * @param labelFractions shares of the training patients whose labels are used, in (0, 1]
 * @param probe of the linear probe
 * @param fineTune of fine-tuning; its seed also chooses patients
 */
public record EvaluationSettings(
    Bootstrap bootstrap,
    OperatingPoint operatingPoint,
    List<Double> labelFractions,
    ProbeConfig probe,
    FineTuneConfig fineTune) {
  /** Copies the list. */
  public EvaluationSettings {
    labelFractions = List.copyOf(labelFractions);
  }

  /** 95 % intervals of 1000 resamples, Youden's thresholds, all labels. */
  public static EvaluationSettings defaults() {
    return new EvaluationSettings(
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
