package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.Places;
import io.t3d.core.task.classify.FindingPrompts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether prompts point to where a finding is, among volumes that show it: the share of its voxels
 * in the token with the most relevance for the prompts that state it, beside that of the token that
 * holds most of it in the training volumes; and AUROC per position of the difference between a
 * token's cosines with prompts that state and deny it.
 */
final class PointingTask implements BenchmarkTask {
  @Override
  public String name() {
    return "pointing";
  }

  @Override
  public boolean needsText() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part train = context.data().train();
    SuiteData.Part test = context.data().test();
    Frozen.Tokens tokens = context.frozen().projected(test).tokens();
    LocalTruth known = context.data().truth(train, tokens.grid());
    LocalTruth truth = context.data().truth(test, tokens.grid());
    Map<String, List<Double>> found = new LinkedHashMap<>();
    for (int f = 0; f < LocalTruth.FINDINGS.size(); f++) {
      FindingPrompts prompts = ZeroShotTask.prompts(LocalTruth.FINDINGS.get(f).label());
      float[][] up =
          texts(context.frozen().textEmbeddings(), context.frozen().columns(prompts.positive()));
      float[][] down =
          texts(context.frozen().textEmbeddings(), context.frozen().columns(prompts.negative()));
      double[][] trainShares = known.sharesOfPositives(f);
      double[][] shares = truth.sharesOfPositives(f);
      if (trainShares.length == 0 || shares.length == 0) {
        continue;
      }
      double[][] relevance = new double[shares.length][];
      double[][] contrast = new double[shares.length][];
      int[] positives = truth.positives(f);
      for (int k = 0; k < positives.length; k++) {
        float[][] unit = unit(tokens.values()[positives[k]]);
        relevance[k] = relevance(unit, up, context.settings().gatherTemperature());
        contrast[k] = contrast(unit, mean(up), mean(down));
      }
      add(found, "share", Places.pointing(relevance, shares, true));
      add(found, "share raw", Places.pointing(relevance, shares, false));
      add(found, "share by position alone", Places.prior(trainShares, shares));
      Places.auroc(contrast, shares).ifPresent(v -> add(found, "where AUROC", v));
    }
    Map<String, Double> out = new LinkedHashMap<>();
    found.forEach(
        (name, values) ->
            values.stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .ifPresent(v -> out.put(name, v)));
    return TaskResult.of(out);
  }

  private static void add(Map<String, List<Double>> found, String name, double value) {
    found.computeIfAbsent(name, unused -> new ArrayList<>()).add(value);
  }

  private static float[][] texts(float[][] embeddings, int[] columns) {
    float[][] out = new float[columns.length][];
    for (int k = 0; k < out.length; k++) {
      out[k] = embeddings[columns[k]];
    }
    return out;
  }

  /** The mean over texts of the weights with which tokens gather around each. */
  static double[] relevance(float[][] unitTokens, float[][] texts, double temperature) {
    double[] out = new double[unitTokens.length];
    for (float[] text : texts) {
      double[] weights = new double[unitTokens.length];
      double sum = 0;
      for (int n = 0; n < weights.length; n++) {
        // Cosines are at most 1: no overflow at any temperature above 0.002.
        weights[n] = Math.exp((dot(unitTokens[n], text) - 1) / temperature);
        sum += weights[n];
      }
      for (int n = 0; n < weights.length; n++) {
        out[n] += weights[n] / sum / texts.length;
      }
    }
    return out;
  }

  private static double[] contrast(float[][] unitTokens, float[] up, float[] down) {
    double[] out = new double[unitTokens.length];
    for (int n = 0; n < out.length; n++) {
      out[n] = dot(unitTokens[n], up) - dot(unitTokens[n], down);
    }
    return out;
  }

  /** The mean, at unit length. */
  private static float[] mean(float[][] rows) {
    float[] sum = new float[rows[0].length];
    for (float[] row : rows) {
      for (int e = 0; e < sum.length; e++) {
        sum[e] += row[e];
      }
    }
    return unit(new float[][] {sum})[0];
  }

  private static float[][] unit(float[][] rows) {
    float[][] out = new float[rows.length][rows[0].length];
    for (int n = 0; n < rows.length; n++) {
      double norm = Math.max(Math.sqrt(dot(rows[n], rows[n])), 1e-12);
      for (int e = 0; e < out[n].length; e++) {
        out[n][e] = (float) (rows[n][e] / norm);
      }
    }
    return out;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int e = 0; e < a.length; e++) {
      sum += (double) a[e] * b[e];
    }
    return sum;
  }
}
