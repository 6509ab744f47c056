package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.Classified;
import io.t3d.cli.benchmark.measure.Margins;
import io.t3d.cli.benchmark.measure.RocCurve;
import io.t3d.cli.benchmark.measure.ScoreChoice;
import io.t3d.cli.benchmark.measure.SmallLesions;
import io.t3d.core.T3dException;
import io.t3d.core.eval.ClassificationReport;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.generate.PhantomPrompts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Classification by prompts alone, by each score; without a suffix by the score with the highest
 * macro AUROC on the validation volumes. "Small lesions": positives in the smallest third, of the
 * findings whose voxels are known.
 */
final class ZeroShotTask implements BenchmarkTask {
  @Override
  public String name() {
    return "zero-shot";
  }

  @Override
  public boolean needsText() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part test = context.data().test();
    LabelMatrix held = context.data().validation().labels();
    List<String> labels = test.labels().names();
    ScoreChoice choice =
        ScoreChoice.of(
            margins(context, context.data().validation(), labels),
            margins(context, test, labels),
            scores ->
                ClassificationReport.of(held.names(), held.values(), scores, 0.5)
                    .macroAuroc()
                    .orElse(Double.NaN));
    int[] grid = context.frozen().projected(test).tokens().grid();
    LocalTruth truth = context.data().truth(test, grid);
    Map<String, Double> out = new LinkedHashMap<>();
    double[][] best = choice.test().get(choice.chosen());
    put(out, "", test.labels(), best, truth);
    for (TextScore kind : TextScore.values()) {
      put(out, " " + kind.key(), test.labels(), choice.test().get(kind), truth);
    }
    return new TaskResult(out, RocCurve.macro(test.labels(), best));
  }

  private static void put(
      Map<String, Double> out,
      String suffix,
      LabelMatrix labels,
      double[][] scores,
      LocalTruth truth) {
    out.putAll(Classified.scores(suffix, labels, scores));
    List<Double> small = new ArrayList<>();
    for (int f = 0; f < LocalTruth.FINDINGS.size(); f++) {
      int column = labels.names().indexOf(LocalTruth.FINDINGS.get(f).label());
      double[] own = Arrays.stream(scores).mapToDouble(row -> row[column]).toArray();
      SmallLesions.auroc(truth.sizes(f), own).ifPresent(small::add);
    }
    small.stream()
        .mapToDouble(Double::doubleValue)
        .average()
        .ifPresent(v -> out.put("AUROC small lesions" + suffix, v));
  }

  private static List<Margins> margins(
      TaskContext context, SuiteData.Part part, List<String> labels) throws IOException {
    TextScores scores = context.frozen().scores(part);
    List<Margins> margins = new ArrayList<>();
    for (String label : labels) {
      FindingPrompts prompts = prompts(label);
      margins.add(
          Margins.of(
              scores,
              context.frozen().textEmbeddings(),
              context.frozen().columns(prompts.positive()),
              context.frozen().columns(prompts.negative())));
    }
    return margins;
  }

  /** The prompts of a label. */
  static FindingPrompts prompts(String label) {
    return PhantomPrompts.all().stream()
        .filter(p -> p.finding().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new T3dException(
                    T3dException.Kind.USAGE,
                    "Labels must be findings of phantoms, "
                        + Arrays.toString(FindingKind.values())
                        + ", got "
                        + label));
  }
}
