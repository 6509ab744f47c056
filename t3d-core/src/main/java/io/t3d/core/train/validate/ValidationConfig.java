package io.t3d.core.train.validate;

import io.t3d.core.internal.Checks;

/**
 * When a model is scored on pairs that it does not train on. The last step of a training is always
 * followed by a validation. In YAML, missing keys take {@link #defaults()}.
 *
 * <p>It costs a forward pass of those pairs. A checkpoint that is due at the same step is written
 * before the validation, so that one that fails loses no step, and its {@code trainer.json} is
 * written again after it; a run that goes on from a checkpoint in between begins with the
 * validation. A score that is the best so far, at a step where no checkpoint is due, costs one more
 * checkpoint.
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
