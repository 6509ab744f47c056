package io.t3d.examples.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.eval.ClassificationReport;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.FindingPrompts;
import io.t3d.core.task.Retrieval;
import io.t3d.core.task.ZeroShotClassifier;
import io.t3d.data.dataset.ManifestRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** Evaluates a model on rows of a manifest. The volumes are embedded once for all tasks. */
public final class EvaluationRun implements AutoCloseable {
  private final T3DModel model;
  private final List<ManifestRow> rows;
  private final NDManager manager;
  private final NDArray volumes; // (n, E)
  private NDArray reports; // (n, E), made when first asked for: classification needs none

  /**
   * Embeds the rows' volumes; their reports when a task asks for them.
   *
   * @param model what to evaluate
   * @param data the preparation it was trained with
   * @param rows held-out pairs, at least one
   * @param done is told how many volumes are done
   */
  public EvaluationRun(T3DModel model, DataConfig data, List<ManifestRow> rows, IntConsumer done)
      throws IOException {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException(
          "There is nothing to evaluate: the manifest has no row of that split");
    }
    this.model = model;
    this.rows = rows;
    this.manager = model.manager().newSubManager();
    this.volumes = new Embedder(model, data).embedRows(manager, rows, done);
  }

  /**
   * Zero-shot classification of all labels that the rows know and the prompts name.
   *
   * @throws IllegalArgumentException when no label has prompts, or none has both classes
   */
  public Evaluation.ZeroShot zeroShot(List<FindingPrompts> prompts) {
    List<FindingPrompts> used =
        prompts.stream()
            .filter(p -> rows.stream().anyMatch(r -> r.labels().containsKey(p.finding())))
            .toList();
    if (used.isEmpty()) {
      throw new IllegalArgumentException(
          "Zero-shot classification needs labels: the manifest has no label:NAME column with values"
              + " for "
              + prompts.stream().map(FindingPrompts::finding).toList());
    }
    double logitScale = model.logitScale();
    ZeroShotClassifier classifier =
        ZeroShotClassifier.create(texts -> model.encodeReports(manager, texts), used, logitScale);
    ClassificationReport report =
        ClassificationReport.of(
            classifier.findings(),
            targets(classifier.findings()),
            classifier.classify(volumes),
            0.5);
    Map<String, Double> perLabel = new LinkedHashMap<>();
    report.perLabel().forEach((name, m) -> m.auroc().ifPresent(auroc -> perLabel.put(name, auroc)));
    double macro =
        report
            .macroAuroc()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "AUROC needs positive and negative volumes, but every label has one class"
                            + " only; evaluate more rows"));
    return new Evaluation.ZeroShot(macro, perLabel, rows.size());
  }

  private double[][] targets(List<String> labels) {
    double[][] targets = new double[rows.size()][labels.size()];
    for (int i = 0; i < targets.length; i++) {
      for (int j = 0; j < labels.size(); j++) {
        Boolean label = rows.get(i).labels().get(labels.get(j));
        targets[i][j] = label == null ? Double.NaN : label ? 1 : 0;
      }
    }
    return targets;
  }

  /** Cross-modal retrieval both ways over all rows. */
  public Evaluation.Retrieved retrieval() {
    Retrieval found = Retrieval.evaluate(volumes, reports(), texts());
    double chance = Math.min(1, 10.0 / rows.size());
    return new Evaluation.Retrieved(
        recall(found.imageToText()), recall(found.textToImage()), rows.size(), chance);
  }

  /**
   * For one volume, the reports of the gallery that fit best.
   *
   * @param query index of the row
   * @param count how many
   * @return indices of rows, best first
   */
  public List<Integer> nearestReports(int query, int count) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray one = volumes.get(query).reshape(1, -1);
      one.attach(scope);
      long[] order = one.matMul(reports().transpose()).argSort(1, false).toLongArray(); // (1, n)
      List<Integer> best = new ArrayList<>();
      for (int i = 0; i < Math.min(count, order.length); i++) {
        best.add((int) order[i]);
      }
      return best;
    }
  }

  private NDArray reports() {
    if (reports == null) {
      reports = model.encodeReports(manager, texts());
    }
    return reports;
  }

  private List<String> texts() {
    return rows.stream().map(ManifestRow::report).toList();
  }

  private static Evaluation.Recall recall(RetrievalScores s) {
    return new Evaluation.Recall(s.r1(), s.r5(), s.r10(), s.medianRank());
  }

  @Override
  public void close() {
    manager.close();
  }
}
