package io.t3d.pipeline.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.eval.ClassificationReport;
import io.t3d.core.eval.Interval;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.eval.RetrievalIntervals;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.LabelSubset;
import io.t3d.core.task.classify.LinearProbe;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.classify.ZeroShotScorer;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.task.internal.Logistic;
import io.t3d.core.task.retrieve.LabelOverlap;
import io.t3d.core.task.retrieve.Retrieval;
import io.t3d.core.task.retrieve.RetrievalMix;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.Embedder;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.internal.LabelledRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates a model on the rows of a manifest. Each volume is read and encoded once for all tasks.
 */
public final class EvaluationRun implements AutoCloseable {
  private static final List<TextScore> GLOBAL = List.of(TextScore.GLOBAL);

  private final T3DModel model;
  private final DataConfig data;
  private final EvaluationSettings settings;
  private final List<ManifestRow> validation;
  private final List<ManifestRow> rows;
  private final List<FindingPrompts> prompts;
  private final NDManager manager;
  private final ScoredRows scored;
  private final float[][] held; // [m][E]
  private final NDArray volumes; // (n, E)
  private @Nullable NDArray reports; // (n, E), made when first asked for: classification needs none
  private ScoredRows.@Nullable Ranking ranking; // made when first asked for
  private @Nullable Map<String, double[]> logits; // made by zeroShot

  /**
   * Encodes the volumes of both splits, and scores the texts on them.
   *
   * @param trained what to evaluate
   * @param validation rows to choose scores and thresholds and to stop training by; may be empty
   * @param rows held-out pairs to measure on, at least one
   * @param texts what {@link #zeroShot} and {@link #retrieval} are going to compare with
   * @param settings of scores, thresholds, intervals and probes
   * @param done is told how many volumes are done
   * @throws IOException when a volume cannot be read
   * @throws T3dException when there is no row, no label has prompts, or the score sum is asked for
   *     without validation rows
   */
  public EvaluationRun(
      TrainedModel trained,
      List<ManifestRow> validation,
      List<ManifestRow> rows,
      EvaluationTexts texts,
      EvaluationSettings settings,
      IntConsumer done)
      throws IOException {
    requireRows(rows);
    this.model = trained.model();
    this.data = trained.data();
    this.settings = settings;
    this.validation = validation;
    this.rows = rows;
    this.prompts = texts.prompts().isEmpty() ? List.of() : labelled(texts.prompts(), rows);
    EvaluationTexts used = new EvaluationTexts(prompts, texts.retrieval());
    this.scored = new ScoredRows(trained, validation, rows, used, settings.score(), done);
    this.held = scored.validation().volumes();
    this.manager = model.manager().newSubManager();
    this.volumes = manager.create(scored.test().volumes());
  }

  /**
   * Refuses what is known to be wrong before any volume is read: no row, labels that are missing or
   * have one class only, a patient to train on who is measured too, a score that needs validation,
   * a share of labels that is none. Some of it a run would find at its end.
   *
   * @param train rows to train a probe or a classifier on; none where nothing is trained
   * @param validation as for a run
   * @param rows as for a run
   * @param texts with prompts where zero-shot classification is asked for
   * @param settings as for a run
   * @throws T3dException when the evaluation cannot be made; the message says why
   */
  public static void check(
      List<ManifestRow> train,
      List<ManifestRow> validation,
      List<ManifestRow> rows,
      EvaluationTexts texts,
      EvaluationSettings settings) {
    requireRows(rows);
    ScoredRows.requireValidation(settings.score(), validation);
    if (!texts.prompts().isEmpty()) {
      List<FindingPrompts> used = labelled(texts.prompts(), rows);
      Scoring.requireBothClasses(used.stream().map(FindingPrompts::finding).toList(), rows);
    }
    if (!train.isEmpty()) {
      Scoring.requireOtherPatients(train, validation, rows);
      List<String> labels = LabelledRows.requireNames("Training", train);
      LabelMatrix all = LabelledRows.matrix(train, labels);
      for (double fraction : settings.labelFractions()) {
        LabelSubset.choose(all, LabelledRows.patients(train), fraction, settings.seed());
      }
      Scoring.requireBothClasses(labels, rows);
    }
  }

  private static void requireRows(List<ManifestRow> rows) {
    if (rows.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "There is nothing to evaluate: the manifest has no row of that split");
    }
  }

  private static List<FindingPrompts> labelled(
      List<FindingPrompts> prompts, List<ManifestRow> rows) {
    List<FindingPrompts> used =
        prompts.stream()
            .filter(p -> rows.stream().anyMatch(r -> r.labels().containsKey(p.finding())))
            .toList();
    if (used.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Zero-shot classification needs labels: the manifest has no label:NAME column with values"
              + " for "
              + prompts.stream().map(FindingPrompts::finding).toList());
    }
    return used;
  }

  private float[][] floats(List<ManifestRow> some, IntConsumer done) throws IOException {
    try (NDArray embedded = new Embedder(model, data).embedRows(manager, some, done)) {
      return Embeddings.rows("volumes", embedded, -1);
    }
  }

  /**
   * Zero-shot classification of all labels that the rows know and the prompts name.
   *
   * @throws IllegalStateException when no prompts were given
   * @throws T3dException when no label has both classes
   */
  public Evaluation.Classified zeroShot() {
    if (prompts.isEmpty()) {
      throw new IllegalStateException("Zero-shot classification needs EvaluationTexts.prompts");
    }
    ZeroShotClassifier classifier =
        ZeroShotClassifier.create(
            texts -> model.encodeReports(manager, texts), prompts, model.logitScale());
    ZeroShotScorer scorer = scored.scorer(classifier);
    Map<String, Double> all = new LinkedHashMap<>();
    LabelMatrix labels = LabelledRows.matrix(rows, classifier.findings());
    for (TextScore score : scored.test().texts().isPresent() ? scorer.available() : GLOBAL) {
      double[][] logits = logits(classifier, scorer, scored.test(), score);
      ClassificationReport.of(labels.names(), labels.values(), logits, 0)
          .macroAuroc()
          .ifPresent(auroc -> all.put(score.key(), auroc));
    }
    TextScore used = scorer.choice().score();
    Scoring.Scores scores =
        new Scoring.Scores(
            logits(classifier, scorer, scored.validation(), used),
            logits(classifier, scorer, scored.test(), used));
    logits = byFinding(classifier.findings(), scores.test());
    return new Scoring(settings, validation, rows)
        .classified(classifier.findings(), scores)
        .by(scorer.choice(), all);
  }

  /**
   * What {@link #zeroShot} said of each row, by the score that it chose.
   *
   * @return finding → probabilities, one per row; volumes of which the model is sure may all have
   *     1, which {@link #logits} tells apart
   * @throws IllegalStateException when {@link #zeroShot} was not called yet
   */
  public Map<String, double[]> predictions() {
    Map<String, double[]> found = new LinkedHashMap<>();
    logits()
        .forEach((finding, l) -> found.put(finding, Arrays.stream(l).map(Logistic::of).toArray()));
    return found;
  }

  /**
   * The logits behind {@link #predictions}, from which metrics and curves are made.
   *
   * @return finding → logits, one per row
   * @throws IllegalStateException when {@link #zeroShot} was not called yet
   */
  public Map<String, double[]> logits() {
    if (logits == null) {
      throw new IllegalStateException(
          "predictions() and logits() are what zeroShot() found: call that first");
    }
    return logits;
  }

  private static Map<String, double[]> byFinding(List<String> findings, double[][] rows) {
    Map<String, double[]> found = new LinkedHashMap<>();
    for (int f = 0; f < findings.size(); f++) {
      int column = f;
      found.put(findings.get(f), Arrays.stream(rows).mapToDouble(row -> row[column]).toArray());
    }
    return found;
  }

  private static double[][] logits(
      ZeroShotClassifier classifier, ZeroShotScorer scorer, ScoredRows.Part part, TextScore score) {
    return score == TextScore.GLOBAL || part.rows().isEmpty()
        ? classifier.logits(part.volumes())
        : scorer.logits(part.texts().orElseThrow(), score);
  }

  /**
   * Linear probes on the frozen embeddings, one per share of the training labels.
   *
   * @param train labelled rows, of patients that are in no other split
   * @param done is told how many training volumes are embedded
   * @throws IOException when a volume cannot be read
   * @throws T3dException when there is no label, or a patient is in another split too
   */
  public List<Evaluation.Supervised> linearProbe(List<ManifestRow> train, IntConsumer done)
      throws IOException {
    Scoring.requireOtherPatients(train, validation, rows);
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
      Scoring.Scores scores = new Scoring.Scores(probe.scores(held), probe.scores(tested));
      out.add(
          new Scoring(settings, validation, rows)
              .supervised(labels, fraction, some.length, scores));
    }
    return out;
  }

  /**
   * Cross-modal retrieval both ways over all rows, by the score that was asked for or chosen.
   *
   * @throws T3dException when pairs have too many sentences and a score that needs them was asked
   *     for
   */
  public Evaluation.Retrieved retrieval() {
    RetrievalMix.Choice choice = ranking().choice();
    Map<String, Evaluation.R5> all = new LinkedHashMap<>();
    ScoredRows.inOrder(choice.mixes())
        .forEach(
            score -> {
              Retrieval r = ranks(choice.mixes().get(score)).scores();
              all.put(score.key(), new Evaluation.R5(r.imageToText().r5(), r.textToImage().r5()));
            });
    RetrievalMix mix = choice.mix();
    Retrieval.Ranks ranks = ranks(mix);
    boolean summed = mix.score() == TextScore.SUM;
    return new Evaluation.Retrieved(
        recall(ranks.imageToText(), overlap(mix, true)),
        recall(ranks.textToImage(), overlap(mix, false)),
        rows.size(),
        Math.min(1, 10.0 / rows.size()),
        mix.score().key(),
        choice.choice().reason(),
        summed ? Optional.of(mix.weight()) : Optional.empty(),
        all);
  }

  private ScoredRows.Ranking ranking() {
    if (ranking == null) {
      ranking = scored.ranking(reports());
    }
    return ranking;
  }

  private Retrieval.Ranks ranks(RetrievalMix mix) {
    return mix.score() == TextScore.GLOBAL
        ? Retrieval.ranks(volumes, reports(), texts(), LabelledRows.volumes(rows))
        : Retrieval.ranks(scores(mix), texts(), LabelledRows.volumes(rows));
  }

  /** {@code [n][n]}: volume, report. */
  private float[][] scores(RetrievalMix mix) {
    return mix.scores(ranking().pairs().orElseThrow());
  }

  private Evaluation.Recall recall(int[] ranks, Optional<Evaluation.Findings> findings) {
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
        s.r1(), s.r5(), s.r10(), s.r50(), s.medianRank(), intervals, findings);
  }

  /** Rows of which no label is known are neither queries nor found: they are not healthy. */
  private Optional<Evaluation.Findings> overlap(RetrievalMix mix, boolean imageToText) {
    List<String> names = LabelledRows.names(rows);
    if (names.isEmpty()) {
      return Optional.empty();
    }
    int[] known =
        IntStream.range(0, rows.size()).filter(i -> !rows.get(i).labels().isEmpty()).toArray();
    LabelMatrix labels = LabelledRows.matrix(rows, names).select(known);
    LabelOverlap found;
    if (mix.score() == TextScore.GLOBAL) {
      try (NDManager scope = manager.newSubManager()) {
        NDArray queries = select(scope, imageToText ? volumes : reports(), known);
        NDArray gallery = select(scope, imageToText ? reports() : volumes, known);
        found = LabelOverlap.evaluate(queries, labels, gallery, labels, false, 1);
      }
    } else {
      float[][] scores = imageToText ? scores(mix) : transposed(scores(mix));
      found = LabelOverlap.evaluate(select(scores, known), labels, labels, false, 1);
    }
    Optional<Double> precision = found.meanAveragePrecision().stream().boxed().findFirst();
    return Optional.of(new Evaluation.Findings(precision, found.overlapAt()));
  }

  /** Rows of {@code (n, E)}. */
  private static NDArray select(NDManager scope, NDArray all, int[] some) {
    float[][] values = Embeddings.rows("embeddings", all, -1);
    return scope.create(Arrays.stream(some).mapToObj(i -> values[i]).toArray(float[][]::new));
  }

  /** Rows and columns of {@code [n][n]}. */
  private static float[][] select(float[][] square, int[] some) {
    float[][] out = new float[some.length][some.length];
    for (int i = 0; i < some.length; i++) {
      for (int j = 0; j < some.length; j++) {
        out[i][j] = square[some[i]][some[j]];
      }
    }
    return out;
  }

  private static float[][] transposed(float[][] square) {
    float[][] out = new float[square.length][square.length];
    for (int i = 0; i < square.length; i++) {
      for (int j = 0; j < square.length; j++) {
        out[j][i] = square[i][j];
      }
    }
    return out;
  }

  /**
   * For one volume, the reports of the gallery that fit best, by the score that {@link #retrieval}
   * uses.
   *
   * @param query index of the row
   * @param count how many
   * @return indices of rows, best first
   */
  public List<Integer> nearestReports(int query, int count) {
    RetrievalMix mix = ranking().choice().mix();
    float[] scores = mix.score() == TextScore.GLOBAL ? cosines(query) : scores(mix)[query];
    return IntStream.range(0, rows.size())
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
        .limit(count)
        .toList();
  }

  private float[] cosines(int query) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray one = volumes.get(query).reshape(1, -1);
      one.attach(scope);
      return one.matMul(reports().transpose()).toFloatArray(); // (1, n)
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
