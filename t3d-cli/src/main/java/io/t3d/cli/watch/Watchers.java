package io.t3d.cli.watch;

import io.t3d.core.train.PairBatch;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** Several listeners as one, of which those that are a {@link Watcher} learn how it ended. */
public final class Watchers implements TrainingListener {
  private final List<TrainingListener> all;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Tells them in this order. */
  public Watchers(List<? extends TrainingListener> all) {
    this.all = new ArrayList<>(all);
  }

  /** A training, or a part of one. */
  @FunctionalInterface
  public interface Training<T> {
    /** Runs it. */
    T run(TrainingListener listener) throws IOException;
  }

  /** Runs a training; watchers are told how it ended, also where a signal ends the process. */
  public <T> T watch(Training<T> training) throws IOException {
    Thread killed = new Thread(() -> end(Watcher.End.KILLED), "t3d-watchers");
    Runtime.getRuntime().addShutdownHook(killed);
    Watcher.End how = Watcher.End.FAILED;
    try {
      T result = training.run(this);
      how = Watcher.End.FINISHED;
      return result;
    } finally {
      end(how);
      try {
        Runtime.getRuntime().removeShutdownHook(killed);
      } catch (IllegalStateException e) {
        // The process is on its way out, and the hook finds that all was told.
      }
    }
  }

  private void end(Watcher.End how) {
    if (ended.compareAndSet(false, true)) {
      for (TrainingListener listener : all) {
        if (listener instanceof Watcher watcher) {
          watcher.ended(how);
        }
      }
    }
  }

  @Override
  public void onStart(int stepsDone, int totalSteps) {
    all.forEach(l -> l.onStart(stepsDone, totalSteps));
  }

  @Override
  public void onStep(StepRecord step) {
    all.forEach(l -> l.onStep(step));
  }

  @Override
  public void onBatch(PairBatch batch, int step) {
    all.forEach(l -> l.onBatch(batch, step));
  }

  @Override
  public void onEpoch(int epoch, int stepsDone) {
    all.forEach(l -> l.onEpoch(epoch, stepsDone));
  }

  @Override
  public void onValidation(Map<String, Double> scores, int stepsDone) {
    all.forEach(l -> l.onValidation(scores, stepsDone));
  }

  @Override
  public boolean wantsToStop() {
    return all.stream().anyMatch(TrainingListener::wantsToStop);
  }

  @Override
  public void onCheckpoint(Path checkpoint, int stepsDone) {
    all.forEach(l -> l.onCheckpoint(checkpoint, stepsDone));
  }
}
