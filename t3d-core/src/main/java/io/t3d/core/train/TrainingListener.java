package io.t3d.core.train;

import java.nio.file.Path;
import java.util.Map;

/** Receives the events of a {@link Pretrainer}, on its thread, between steps. */
public interface TrainingListener {
  /**
   * Before the first step.
   *
   * @param stepsDone steps behind the checkpoint that the run resumes from, or 0
   * @param totalSteps steps of the whole training
   */
  default void onStart(int stepsDone, int totalSteps) {}

  /** After each step. */
  default void onStep(StepRecord step) {}

  /**
   * After {@link #onStep}: what the step has seen last.
   *
   * @param batch the pairs of this worker, in host memory; not to be kept
   * @param step from 1
   */
  default void onBatch(PairBatch batch, int step) {}

  /**
   * After each epoch.
   *
   * @param epoch from 0
   * @param stepsDone steps up to its end
   */
  default void onEpoch(int epoch, int stepsDone) {}

  /**
   * After each validation, see {@link Pretrainer.Builder#validation}.
   *
   * @param scores what the validation gave
   * @param stepsDone steps up to it
   */
  default void onValidation(Map<String, Double> scores, int stepsDone) {}

  /**
   * Asked after each step and its validation: whether to end the run here, e.g. because scores no
   * longer improve. A checkpoint of this step is then saved, and the summary says so.
   */
  default boolean wantsToStop() {
    return false;
  }

  /** After a checkpoint is whole on the disk. */
  default void onCheckpoint(Path checkpoint, int stepsDone) {}
}
