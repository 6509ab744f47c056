package io.t3d.examples.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.eval.Interval;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.eval.RetrievalIntervals;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.Embeddings;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.LabelSubset;
import io.t3d.core.task.classify.LinearProbe;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.retrieve.LabelOverlap;
import io.t3d.core.task.retrieve.Retrieval;
import io.t3d.data.dataset.ManifestRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** Evaluates a model on rows of a manifest. The volumes are embedded once for all tasks. */
public final class EvaluationRun implements AutoCloseable {
  private final T3DModel model;
  private final DataConfig data;
  private final EvaluationSettings settings;
  private final List<ManifestRow> validation;
  private final List<ManifestRow> rows;
  private final NDManager manager;
  private final float[][] held; // [m][E]
  private final NDArray volumes; // (n, E)
  private NDArray reports; // (n, E), made when first asked for: classification needs none

  /** Embeds the rows' volumes, without a validation split and with default settings. */
  public EvaluationRun(T3DModel model, DataConfig data, List<ManifestRow> rows, IntConsumer done)
      throws IOException {
    this(model, data, List.of(), rows, EvaluationSettings.defaults(), done);
  }

  /**
   * Embeds the volumes of both splits; reports when a task asks for them.
   *
   * @param model what to evaluate
   * @param data the preparation it was trained with
   * @param validation rows to choose thresholds and to stop training by; may be empty
   * @param rows held-out pairs to measure on, at least one
   * @param settings of thresholds, intervals and probes
   * @param done is told how many volumes are done
   */
  public EvaluationRun(
      T3DModel model,
      DataConfig data,
      List<ManifestRow> validation,
      List<ManifestRow> rows,
      EvaluationSettings settings,
      IntConsumer done)
      throws IOException {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException(
          "There is nothing to evaluate: the manifest has no row of that split");
    }
    this.model = model;
    this.data = data;
    this.settings = settings;
    this.validation = validation;
    this.rows = rows;
    this.manager = model.manager().newSubManager();
    this.volumes = embed(rows, done);
    this.held = floats(validation, n -> done.accept(rows.size() + n));
  }

  private NDArray embed(List<ManifestRow> some, IntConsumer done) throws IOException {
    return new Embedder(model, data).embedRows(manager, some, done);
  }

  private float[][] floats(List<ManifestRow> some, IntConsumer done) throws IOException {
    if (some.isEmpty()) {
      return new float[0][];
    }
    try (NDArray embedded = embed(some, done)) {
      return Embeddings.rows("volumes", embedded, -1);
    }
  }

  /**
   * Zero-shot classification of all labels that the rows know and the prompts name.
   *
   * @throws IllegalArgumentException when no label has prompts, or none has both classes
   */
  public Evaluation.Classified zeroShot(List<FindingPrompts> prompts) {
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
    Scoring.Scores scores =
        new Scoring.Scores(classifier.classify(held), classifier.classify(volumes));
    return new Scoring(settings, validation, rows).classified(classifier.findings(), scores, 0.5);
  }

  /**
   * Linear probes on the frozen embeddings, one per share of the training labels.
   *
   * @param train labelled rows
   * @param done is told how many training volumes are embedded
   * @throws IOException when a volume cannot be read
   */
  public List<Evaluation.Supervised> linearProbe(List<ManifestRow> train, IntConsumer done)
      throws IOException {
    List<String> labels = LabelledRows.requireNames("A linear probe", train);
    LabelMatrix all = LabelledRows.matrix(train, labels);
    LabelMatrix heldLabels = LabelledRows.matrix(validation, labels);
    float[][] features = floats(train, done);
    float[][] tested = Embeddings.rows("volumes", volumes, -1);
    List<Evaluation.Supervised> out = new ArrayList<>();
    for (double fraction : settings.labelFractions()) {
      int[] some = LabelSubset.choose(all, LabelledRows.patients(train), fraction, settings.seed());
      float[][] chosen = Arrays.stream(some).mapToObj(i -> features[i]).toArray(float[][]::new);
      LinearProbe probe =
          LinearProbe.fit(chosen, all.select(some), held, heldLabels, settings.probe());
      Scoring.Scores scores =
          new Scoring.Scores(probe.probabilities(held), probe.probabilities(tested));
      out.add(
          new Scoring(settings, validation, rows)
              .supervised(labels, fraction, some.length, scores));
    }
    return out;
  }

  /** Cross-modal retrieval both ways over all rows. */
  public Evaluation.Retrieved retrieval() {
    Retrieval.Ranks ranks = Retrieval.ranks(volumes, reports(), texts());
    double chance = Math.min(1, 10.0 / rows.size());
    return new Evaluation.Retrieved(
        recall(ranks.imageToText(), volumes, reports()),
        recall(ranks.textToImage(), reports(), volumes),
        rows.size(),
        chance);
  }

  private Evaluation.Recall recall(int[] ranks, NDArray queries, NDArray gallery) {
    RetrievalScores s = RetrievalScores.ofRanks(ranks);
    RetrievalIntervals ci =
        RetrievalIntervals.of(ranks, LabelledRows.patients(rows), settings.bootstrap());
    Map<String, Interval> intervals = new LinkedHashMap<>();
    intervals.put("r1", ci.r1());
    intervals.put("r5", ci.r5());
    intervals.put("r10", ci.r10());
    intervals.put("r50", ci.r50());
    intervals.put("medianRank", ci.medianRank());
    return new Evaluation.Recall(
        s.r1(), s.r5(), s.r10(), s.r50(), s.medianRank(), intervals, findings(queries, gallery));
  }

  private Evaluation.Findings findings(NDArray queries, NDArray gallery) {
    List<String> names = LabelledRows.names(rows);
    if (names.isEmpty()) {
      return null;
    }
    LabelMatrix labels = LabelledRows.matrix(rows, names);
    LabelOverlap found = LabelOverlap.evaluate(queries, labels, gallery, labels, false, 1);
    return new Evaluation.Findings(
        found.meanAveragePrecision().isPresent()
            ? found.meanAveragePrecision().getAsDouble()
            : null,
        found.overlapAt());
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

  @Override
  public void close() {
    manager.close();
  }
}
