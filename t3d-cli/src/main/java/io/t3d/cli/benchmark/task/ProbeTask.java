package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.Classified;
import io.t3d.cli.benchmark.measure.RocCurve;
import io.t3d.core.task.classify.LabelSubset;
import io.t3d.core.task.classify.LinearProbe;
import io.t3d.core.task.classify.ProbeConfig;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Logistic regression on the frozen encoder's mean token, with a share of the labels. */
final class ProbeTask implements BenchmarkTask {
  @Override
  public String name() {
    return "linear-probe";
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part train = context.data().train();
    SuiteData.Part test = context.data().test();
    float[][] features = context.frozen().tokens(train).features();
    float[][] unseen = context.frozen().tokens(test).features();
    Map<String, Double> scores = new LinkedHashMap<>();
    List<Double> roc = List.of();
    for (double fraction : context.settings().probeFractions()) {
      int[] chosen = LabelSubset.choose(train.labels(), train.patients(), fraction, context.seed());
      float[][] some = Arrays.stream(chosen).mapToObj(i -> features[i]).toArray(float[][]::new);
      LinearProbe probe =
          LinearProbe.fit(some, train.labels().select(chosen), ProbeConfig.defaults());
      double[][] found = probe.scores(unseen);
      scores.putAll(Classified.scores(Classified.at(fraction), test.labels(), found));
      roc = RocCurve.macro(test.labels(), found); // of the last fraction
    }
    return new TaskResult(scores, roc);
  }
}
