package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.Laterality;
import io.t3d.cli.benchmark.measure.Margins;
import io.t3d.cli.benchmark.measure.ScoreChoice;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Side;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether prompts that differ in the side alone tell right from left, among volumes with the
 * finding on one side; without a suffix by the score that does so best on the validation volumes.
 */
final class LateralityTask implements BenchmarkTask {
  @Override
  public String name() {
    return "laterality";
  }

  @Override
  public boolean needsText() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part held = context.data().validation();
    SuiteData.Part test = context.data().test();
    int[] grid = context.frozen().projected(test).tokens().grid();
    Side[][] heldSides = context.data().truth(held, grid).sides();
    Side[][] sides = context.data().truth(test, grid).sides();
    ScoreChoice choice =
        ScoreChoice.of(
            margins(context, held),
            margins(context, test),
            scores -> Laterality.mean(heldSides, scores).orElse(Double.NaN));
    Map<String, Double> out = new LinkedHashMap<>();
    double[][] best = choice.test().get(choice.chosen());
    Laterality.mean(sides, best).ifPresent(v -> out.put("AUROC", v));
    for (TextScore kind : TextScore.values()) {
      Laterality.mean(sides, choice.test().get(kind))
          .ifPresent(v -> out.put("AUROC" + " " + kind.key(), v));
    }
    for (int f = 0; f < LocalTruth.FINDINGS.size(); f++) {
      String label = LocalTruth.FINDINGS.get(f).label();
      Laterality.auroc(sides, best, f).ifPresent(v -> out.put("AUROC " + label, v));
    }
    return TaskResult.of(out);
  }

  private static List<Margins> margins(TaskContext context, SuiteData.Part part)
      throws IOException {
    TextScores scores = context.frozen().scores(part);
    List<Margins> margins = new ArrayList<>();
    for (FindingKind kind : LocalTruth.FINDINGS) {
      margins.add(
          Margins.of(
              scores,
              context.frozen().textEmbeddings(),
              context.frozen().columns(SidePrompts.of(kind, Side.RIGHT)),
              context.frozen().columns(SidePrompts.of(kind, Side.LEFT))));
    }
    return margins;
  }
}
