package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.Places;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.classify.LinearProbe;
import io.t3d.core.task.classify.ProbeConfig;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Logistic regression on single tokens of the frozen encoder and their position: is the finding in
 * this token? Trained and tested on volumes that show the finding.
 */
final class TokenProbeTask implements BenchmarkTask {
  private static final double L2 = 3;

  @Override
  public String name() {
    return "token-probe";
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part train = context.data().train();
    SuiteData.Part test = context.data().test();
    Frozen.Tokens known = context.frozen().tokens(train);
    Frozen.Tokens unseen = context.frozen().tokens(test);
    LocalTruth knownTruth = context.data().truth(train, known.grid());
    LocalTruth truth = context.data().truth(test, unseen.grid());
    Map<String, Double> each = new LinkedHashMap<>();
    for (int f = 0; f < LocalTruth.FINDINGS.size(); f++) {
      String label = LocalTruth.FINDINGS.get(f).label();
      double[][] trainShares = knownTruth.sharesOfPositives(f);
      double[][] shares = truth.sharesOfPositives(f);
      if (trainShares.length > 0 && shares.length > 0) {
        double[][] scores =
            scores(
                select(known.values(), knownTruth.positives(f)),
                trainShares,
                select(unseen.values(), truth.positives(f)));
        Places.auroc(scores, shares).ifPresent(v -> each.put("AUROC " + label, v));
      }
    }
    Map<String, Double> out = new LinkedHashMap<>();
    each.values().stream()
        .mapToDouble(Double::doubleValue)
        .average()
        .ifPresent(v -> out.put("AUROC", v));
    out.putAll(each);
    return TaskResult.of(out);
  }

  private static float[][][] select(float[][][] values, int[] volumes) {
    return Arrays.stream(volumes).mapToObj(i -> values[i]).toArray(float[][][]::new);
  }

  /** {@code [n][N]} logits of unseen volumes' tokens. */
  static double[][] scores(float[][][] known, double[][] shares, float[][][] unseen) {
    int tokens = shares[0].length;
    double[][] truth = new double[known.length * tokens][1];
    for (int i = 0; i < known.length; i++) {
      boolean[] holds = Places.holds(shares[i]);
      for (int n = 0; n < tokens; n++) {
        truth[i * tokens + n][0] = holds[n] ? 1 : 0;
      }
    }
    LinearProbe probe =
        LinearProbe.fit(
            rows(known),
            new LabelMatrix(List.of("finding"), truth),
            ProbeConfig.defaults().withL2(L2).withClassWeighting(false));
    double[][] flat = probe.scores(rows(unseen));
    double[][] out = new double[unseen.length][tokens];
    for (int i = 0; i < flat.length; i++) {
      out[i / tokens][i % tokens] = flat[i][0];
    }
    return out;
  }

  /** A row per token: its features, then its position as one of N. */
  private static float[][] rows(float[][][] values) {
    int tokens = values[0].length;
    int width = values[0][0].length;
    float[][] rows = new float[values.length * tokens][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOf(values[i / tokens][i % tokens], width + tokens);
      rows[i][width + i % tokens] = 1;
    }
    return rows;
  }
}
