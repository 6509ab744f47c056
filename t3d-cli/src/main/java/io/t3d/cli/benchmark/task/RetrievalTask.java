package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.ScoreKind;
import io.t3d.cli.benchmark.measure.SentenceRetrieval;
import io.t3d.cli.benchmark.measure.SentenceRetrieval.Both;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.text.Sentences;
import java.io.IOException;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Volumes find their reports among the test set's, and the other way round, in galleries of a size:
 * by the whole report's embedding (global), by its sentences' text-pooled scores (pooled), and by
 * both (sum), with the sentences' weight that does best on the validation volumes; without a suffix
 * by the kind that does best there. Sentences' means and the scales of both are those of the split
 * that is evaluated, without labels or pairing.
 */
final class RetrievalTask implements BenchmarkTask {
  private static final double[] WEIGHTS = {0, 0.25, 0.5, 1};

  @Override
  public String name() {
    return "retrieval";
  }

  @Override
  public boolean needsText() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part held = context.data().validation();
    SuiteData.Part test = context.data().test();
    Scores heldScores = scores(context, held);
    int gallery = context.settings().gallery();
    double weight = 0;
    double best = -1;
    for (double w : WEIGHTS) {
      double r5 = evaluate(heldScores.of(ScoreKind.SUM, w), held, gallery).meanR5();
      if (r5 > best) {
        best = r5;
        weight = w;
      }
    }
    Map<ScoreKind, Both> found = new EnumMap<>(ScoreKind.class);
    Scores testScores = scores(context, test);
    ScoreKind chosen = ScoreKind.SUM; // has the global score among its weights
    for (ScoreKind kind : ScoreKind.values()) {
      found.put(kind, evaluate(testScores.of(kind, weight), test, gallery));
      double r5 = evaluate(heldScores.of(kind, weight), held, gallery).meanR5();
      if (r5 > best) {
        best = r5;
        chosen = kind;
      }
    }
    Map<String, Double> out = new LinkedHashMap<>();
    put(out, "", found.get(chosen));
    found.forEach((kind, both) -> put(out, kind.suffix(), both));
    Both all = evaluate(testScores.of(chosen, weight), test, test.size());
    out.put("image→report R@5 of all", all.imageToText().r5());
    out.put("report→image R@5 of all", all.textToImage().r5());
    out.put("sentences' weight", weight);
    return TaskResult.of(out);
  }

  /** Both matrices, standardised; volumes by reports. */
  private record Scores(double[][] global, double[][] pooled) {
    double[][] of(ScoreKind kind, double weight) {
      return switch (kind) {
        case GLOBAL -> global;
        case POOLED -> pooled;
        case SUM -> SentenceRetrieval.sum(global, weight, pooled);
      };
    }
  }

  private static Scores scores(TaskContext context, SuiteData.Part part) throws IOException {
    Frozen frozen = context.frozen();
    float[][] volumes = frozen.projected(part).embeddings();
    float[][] reports = frozen.reports(part);
    double[][] global = new double[volumes.length][reports.length];
    for (int i = 0; i < volumes.length; i++) {
      for (int j = 0; j < reports.length; j++) {
        for (int e = 0; e < volumes[i].length; e++) {
          global[i][j] += volumes[i][e] * reports[j][e];
        }
      }
    }
    int[][] sentences = new int[part.size()][];
    for (int j = 0; j < sentences.length; j++) {
      sentences[j] = frozen.columns(Sentences.of(part.reports().get(j)));
    }
    double[][] pooled = SentenceRetrieval.scores(frozen.scores(part).pooled(), sentences);
    return new Scores(
        SentenceRetrieval.standardised(global), SentenceRetrieval.standardised(pooled));
  }

  private static Both evaluate(double[][] scores, SuiteData.Part part, int gallery) {
    List<String> reports = part.reports();
    return SentenceRetrieval.evaluate(scores, reports, gallery);
  }

  private static void put(Map<String, Double> out, String suffix, Both both) {
    put(out, "image→report ", suffix, both.imageToText());
    put(out, "report→image ", suffix, both.textToImage());
  }

  private static void put(
      Map<String, Double> out, String prefix, String suffix, RetrievalScores s) {
    out.put(prefix + "R@1" + suffix, s.r1());
    out.put(prefix + "R@5" + suffix, s.r5());
    out.put(prefix + "R@10" + suffix, s.r10());
    out.put(prefix + "median rank" + suffix, s.medianRank());
  }
}
