package io.t3d.core.train.validate;

import io.t3d.core.internal.Checks;

/**
 * When a model is scored on pairs that it does not train on. The last step of a training is always
 * followed by a validation. In YAML, missing keys take {@link #defaults()}.
 *
 * @param everySteps steps between two validations; 0 for the ends of epochs
 * @param everyEpochs epochs between two validations, where everySteps is 0
 */
public record ValidationConfig(int everySteps, int everyEpochs) {
  /** Checks ranges. */
  public ValidationConfig {
    Checks.inRange("ValidationConfig.everySteps", everySteps, 0, 1e9);
    Checks.positive("ValidationConfig.everyEpochs", everyEpochs);
  }

  /** After each epoch. */
  public static ValidationConfig defaults() {
    return new ValidationConfig(0, 1);
  }

  /**
   * Whether a validation follows a step.
   *
   * @param step from 1
   * @param stepsPerEpoch steps of an epoch
   * @param totalSteps steps of the training
   */
  public boolean isDue(int step, int stepsPerEpoch, int totalSteps) {
    if (step == totalSteps) {
      return true;
    }
    return everySteps > 0
        ? step % everySteps == 0
        : step % stepsPerEpoch == 0 && step / stepsPerEpoch % everyEpochs == 0;
  }
}
