package io.t3d.cli.page;

import io.t3d.core.train.PairBatch;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Remembers the loss and its parts for the page of results, and passes everything on. */
final class LossCurves implements TrainingListener {
  private static final double SMOOTHING = 0.9;

  static final String LEARNING_RATE = "learning rate";

  private final TrainingListener next;
  private final Map<String, List<double[]>> curves = new LinkedHashMap<>();

  private int skipped;

  LossCurves(TrainingListener next) {
    this.next = next;
  }

  /** Exponential means over about ten steps, so that the page shows the trend. */
  List<HtmlPage.Curve> of(String... names) {
    List<HtmlPage.Curve> found = new ArrayList<>();
    for (String name : names) {
      List<double[]> points = curves.getOrDefault(name, List.of());
      if (!points.isEmpty()) {
        found.add(new HtmlPage.Curve(name, smooth(points)));
      }
    }
    return found;
  }

  /** Steps that were left out for want of a finite loss and gradient. */
  int skipped() {
    return skipped;
  }

  private static List<double[]> smooth(List<double[]> points) {
    List<double[]> out = new ArrayList<>();
    double mean = points.get(0)[1];
    for (double[] p : points) {
      mean = SMOOTHING * mean + (1 - SMOOTHING) * p[1];
      out.add(new double[] {p[0], mean});
    }
    return out;
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
