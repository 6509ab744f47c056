package io.t3d.core.train;

import java.nio.file.Path;

/** Told what a {@link Pretrainer} does, on its thread, in between steps. */
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
   * After each epoch.
   *
   * @param epoch from 0
   * @param stepsDone steps up to its end
   */
  default void onEpoch(int epoch, int stepsDone) {}

  /** After a checkpoint is whole on the disk. */
  default void onCheckpoint(Path checkpoint, int stepsDone) {}
}
