package io.t3d.cli.page;

import io.t3d.cli.page.part.LineChart;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Remembers the loss and its parts for the page of results, and passes everything on. */
final class LossCurves implements TrainingListener {
  private static final String LEARNING_RATE = "learning rate";

  private final TrainingListener next;
  private final Map<String, List<double[]>> curves = new LinkedHashMap<>();

  private int skipped;

  LossCurves(TrainingListener next) {
    this.next = next;
  }

  /** Losses by name, smoothed; those that the objective lacks are left out. */
  List<LineChart.Curve> losses(String... names) {
    return Arrays.stream(names)
        .filter(curves::containsKey)
        .map(name -> new LineChart.Curve(name, curves.get(name)).smoothed())
        .toList();
  }

  /** The learning rate of each step as it was. */
  List<LineChart.Curve> learningRate() {
    return List.of(
        new LineChart.Curve(LEARNING_RATE, curves.getOrDefault(LEARNING_RATE, List.of())));
  }

  /** Steps that were left out for want of a finite loss and gradient. */
  int skipped() {
    return skipped;
  }

  private void add(String name, StepRecord step, double value) {
    if (Double.isFinite(value)) {
      curves
          .computeIfAbsent(name, unused -> new ArrayList<>())
          .add(new double[] {step.step(), value});
    }
  }

  @Override
  public void onStart(int stepsDone, int totalSteps) {
    next.onStart(stepsDone, totalSteps);
  }

  @Override
  public void onStep(StepRecord step) {
    add("loss", step, step.loss());
    add(LEARNING_RATE, step, step.learningRate());
    skipped += step.skipped() ? 1 : 0;
    step.parts().forEach((name, value) -> add(name, step, value));
    next.onStep(step);
  }

  @Override
  public void onBatch(PairBatch batch, int step) {
    next.onBatch(batch, step);
  }

  @Override
  public void onValidation(Map<String, Double> scores, int stepsDone) {
    next.onValidation(scores, stepsDone);
  }

  @Override
  public boolean wantsToStop() {
    return next.wantsToStop();
  }

  @Override
  public void onEpoch(int epoch, int stepsDone) {
    next.onEpoch(epoch, stepsDone);
  }

  @Override
  public void onCheckpoint(Path checkpoint, int stepsDone) {
    next.onCheckpoint(checkpoint, stepsDone);
  }
}
