package io.t3d.core.train;

import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.train.validate.BestScore;
import io.t3d.core.train.validate.EarlyStopping;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Where a training stands: {@code trainer.json} of a checkpoint.
 *
 * @param model settings of the model
 * @param training settings of the run
 * @param batchesPerEpoch of the data
 * @param step steps done
 * @param updates steps done and not skipped
 * @param skippedSteps steps left out
 * @param badInRow skipped steps just before this state
 * @param firstLosses of the first steps, for the summary
 * @param lastLosses of the last steps, for the summary
 * @param best the best validation so far of those that early stopping looked at
 * @param unvalidated the step, where a validation is due after it that was not made yet when this
 *     was written
 */
record TrainerState(
    T3DConfig model,
    TrainingConfig training,
    int batchesPerEpoch,
    int step,
    int updates,
    int skippedSteps,
    int badInRow,
    List<Double> firstLosses,
    List<Double> lastLosses,
    @LeftOutWhenEmpty Optional<BestScore> best,
    @LeftOutWhenEmpty Optional<Integer> unvalidated) {
  private static final int MAX_WINDOW = 50;

  TrainerState {
    firstLosses = List.copyOf(firstLosses);
    lastLosses = List.copyOf(lastLosses);
  }

  static TrainerState start(T3DConfig model, TrainingConfig training, int batchesPerEpoch) {
    return new TrainerState(
        model,
        training,
        batchesPerEpoch,
        0,
        0,
        0,
        0,
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  int stepsPerEpoch() {
    return (batchesPerEpoch + training.accumulation() - 1) / training.accumulation();
  }

  int totalSteps() {
    return Math.multiplyExact(stepsPerEpoch(), training.epochs());
  }

  int epoch() {
    return step / stepsPerEpoch();
  }

  /** The next batch of the epoch, from 0. */
  int batchInEpoch() {
    return step % stepsPerEpoch() * training.accumulation();
  }

  TrainerState afterSkipped() {
    return new TrainerState(
        model,
        training,
        batchesPerEpoch,
        step + 1,
        updates,
        skippedSteps + 1,
        badInRow + 1,
        firstLosses,
        lastLosses,
        best,
        Optional.empty());
  }

  TrainerState afterUpdate(double loss) {
    int window = Math.max(1, Math.min(MAX_WINDOW, totalSteps() / 10));
    List<Double> first = new ArrayList<>(firstLosses);
    if (first.size() < window) {
      first.add(loss);
    }
    List<Double> last = new ArrayList<>(lastLosses);
    last.add(loss);
    return new TrainerState(
        model,
        training,
        batchesPerEpoch,
        step + 1,
        updates + 1,
        skippedSteps,
        0,
        first,
        last.subList(Math.max(0, last.size() - window), last.size()),
        best,
        Optional.empty());
  }

  /** The same with another best validation. */
  TrainerState withBest(Optional<BestScore> other) {
    return with(training, other, unvalidated);
  }

  /** The same before the validation that is due after its step. */
  TrainerState beforeValidation() {
    return with(training, best, Optional.of(step));
  }

  /** The same after that validation. */
  TrainerState validated() {
    return with(training, best, Optional.empty());
  }

  /**
   * The same for settings that differ in nothing but how the training is watched. The best score
   * stays even where nothing asks for it: its checkpoint does too.
   */
  TrainerState watchedBy(TrainingConfig settings) {
    return with(settings, best, unvalidated);
  }

  /** A warning where the best score so far does not count for other settings. */
  Optional<String> forgottenBy(TrainingConfig settings) {
    if (settings.earlyStopping().isEmpty()) {
      return Optional.empty();
    }
    EarlyStopping stopping = settings.earlyStopping().get();
    return best.filter(b -> stopping.ofThisMetric(best).isEmpty())
        .map(
            b ->
                "The best validation so far, "
                    + b.metric()
                    + " "
                    + b.score()
                    + " at step "
                    + b.step()
                    + ", does not count, since training.earlyStopping.metric is "
                    + stopping.metric()
                    + " now: the first validation by that replaces its checkpoint,"
                    + " checkpoints/best; copy it now to keep it");
  }

  private TrainerState with(
      TrainingConfig settings, Optional<BestScore> score, Optional<Integer> due) {
    return new TrainerState(
        model,
        settings,
        batchesPerEpoch,
        step,
        updates,
        skippedSteps,
        badInRow,
        firstLosses,
        lastLosses,
        score,
        due);
  }

  /**
   * Settings in which another run differs, as {@code training.seed: 1 in the checkpoint, now 2};
   * those that only watch a training are not looked at.
   */
  List<String> differences(TrainerState now) {
    List<String> out = new ArrayList<>();
    compare("model", model, now.model, out);
    compare("training", training.unwatched(), now.training.unwatched(), out);
    compare("data.batchesPerEpoch", batchesPerEpoch, now.batchesPerEpoch, out);
    return out;
  }

  private static void compare(String path, Object then, Object now, List<String> out) {
    if (Objects.equals(then, now)) {
      return;
    }
    if (!(then instanceof Record) || now == null || then.getClass() != now.getClass()) {
      out.add(path + ": " + then + " in the checkpoint, now " + now);
      return;
    }
    for (RecordComponent component : then.getClass().getRecordComponents()) {
      try {
        compare(
            path + "." + component.getName(),
            component.getAccessor().invoke(then),
            component.getAccessor().invoke(now),
            out);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("Settings records are public", e);
      }
    }
  }
}
