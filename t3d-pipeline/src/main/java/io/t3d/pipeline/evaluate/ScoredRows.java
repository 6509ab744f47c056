package io.t3d.pipeline.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.task.ScoreChoice;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.classify.ZeroShotScorer;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.task.retrieve.PairScores;
import io.t3d.core.task.retrieve.RetrievalMix;
import io.t3d.core.task.retrieve.SentencesOfReports;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.Embedder;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.internal.LabelledRows;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * The evaluated and the validation volumes, with the scores of the texts that are asked about: each
 * volume is read and encoded once.
 */
final class ScoredRows {
  /** Numbers that a split's scores may take, 1 GiB. Above, reports are compared as a whole. */
  private static final long MOST_SCORES = 1L << 28;

  private final TrainedModel trained;
  private final EvaluationTexts asked;
  private final Optional<TextScore> wanted;
  private final Part validation;
  private final Part test;

  /** A split: its rows, {@code [n][E]} embeddings, and the scores of texts where there are any. */
  record Part(
      List<ManifestRow> rows, float[][] volumes, Optional<TextScores> texts, boolean sentences) {
    List<String> reports() {
      return ScoredRows.reports(rows);
    }
  }

  ScoredRows(
      TrainedModel trained,
      List<ManifestRow> validation,
      List<ManifestRow> test,
      EvaluationTexts asked,
      Optional<TextScore> wanted,
      IntConsumer done)
      throws IOException {
    this.trained = trained;
    this.asked = asked;
    this.wanted = wanted;
    requireValidation(wanted, validation);
    this.test = read(test, done);
    this.validation = read(validation, n -> done.accept(test.size() + n));
  }

  static void requireValidation(Optional<TextScore> wanted, List<ManifestRow> validation) {
    if (wanted.equals(Optional.of(TextScore.SUM)) && validation.size() < 2) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The score sum needs at least 2 validation volumes to make its parts comparable, got "
              + validation.size()
              + "; evaluate the split test of a manifest that has a validation split, or ask for"
              + " auto, global or pooled");
    }
  }

  private Part read(List<ManifestRow> rows, IntConsumer done) throws IOException {
    if (rows.isEmpty()) {
      return new Part(rows, new float[0][], Optional.empty(), false);
    }
    Set<String> texts = new LinkedHashSet<>();
    boolean sentences = false;
    if (readsTokens()) {
      for (FindingPrompts p : asked.prompts()) {
        texts.addAll(p.positive());
        texts.addAll(p.negative());
      }
      sentences = addSentences(rows, texts);
    }
    Embedder embedder = new Embedder(trained.model(), trained.data());
    if (texts.isEmpty()) {
      try (NDManager scope = trained.model().manager().newSubManager()) {
        NDArray embedded = embedder.embedRows(scope, rows, done); // (n, E)
        return new Part(rows, Embeddings.rows("volumes", embedded, -1), Optional.empty(), false);
      }
    }
    TextScores scores = embedder.score(rows, List.copyOf(texts), trained.gatherTemperature(), done);
    return new Part(rows, scores.volumes(), Optional.of(scores), sentences);
  }

  /** Whether any score but the global one may be used. */
  private boolean readsTokens() {
    return wanted.map(s -> s != TextScore.GLOBAL).orElse(trained.usesText());
  }

  private boolean addSentences(List<ManifestRow> rows, Set<String> texts) {
    if (!asked.retrieval() || rows.stream().anyMatch(r -> r.report().isBlank())) {
      return false;
    }
    List<String> sentences = SentencesOfReports.of(reports(rows)).sentences();
    long n = rows.size();
    if (2 * n * (texts.size() + sentences.size() + n) > MOST_SCORES) {
      return false;
    }
    texts.addAll(sentences);
    return true;
  }

  private static List<String> reports(List<ManifestRow> rows) {
    return rows.stream().map(ManifestRow::report).toList();
  }

  Part validation() {
    return validation;
  }

  Part test() {
    return test;
  }

  /** The scorer with the score that was asked for or chosen. */
  ZeroShotScorer scorer(ZeroShotClassifier classifier) {
    Optional<String> obstacle = obstacle();
    if (obstacle.isPresent()) {
      return ZeroShotScorer.global(classifier, obstacle.get());
    }
    if (validation.rows.size() < 2) {
      return wanted
          .map(s -> ZeroShotScorer.global(classifier, "").withScore(s))
          .orElseGet(() -> ZeroShotScorer.global(classifier, tooLittleValidation()));
    }
    ZeroShotScorer chosen =
        ZeroShotScorer.choose(
            classifier,
            validation.texts.orElseThrow(),
            LabelledRows.matrix(validation.rows, classifier.findings()));
    return wanted.map(chosen::withScore).orElse(chosen);
  }

  /** Why the global score is the only one. */
  private Optional<String> obstacle() {
    if (wanted.equals(Optional.of(TextScore.GLOBAL))) {
      return Optional.of("as asked");
    }
    return readsTokens() ? Optional.empty() : Optional.of("pre-training used no text");
  }

  private String tooLittleValidation() {
    return validation.rows.isEmpty()
        ? "there is no validation split"
        : "there are fewer than 2 validation volumes";
  }

  /** What volumes and reports are ranked by, and the scores of all pairs where they are needed. */
  record Ranking(RetrievalMix.Choice choice, Optional<PairScores> pairs) {}

  /**
   * Chooses what to rank by.
   *
   * @param reports the evaluated reports' embeddings, {@code (n, E)}
   */
  Ranking ranking(NDArray reports) {
    if (!asked.retrieval()) {
      throw new IllegalStateException("Retrieval needs EvaluationTexts.retrieval to be true");
    }
    Optional<String> obstacle = obstacle();
    if (obstacle.isEmpty() && !test.sentences) {
      obstacle = Optional.of(tooManySentences(test));
      if (wanted.isPresent()) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            obstacle.get() + "; evaluate fewer pairs, or ask for the score global");
      }
    }
    if (obstacle.isPresent()) {
      ScoreChoice global = ScoreChoice.global(obstacle.get());
      return new Ranking(
          new RetrievalMix.Choice(global, Map.of(TextScore.GLOBAL, RetrievalMix.global())),
          Optional.empty());
    }
    return new Ranking(mixes(), Optional.of(pairs(test, reports)));
  }

  private RetrievalMix.Choice mixes() {
    if (validation.rows.size() < 2 || !validation.sentences) {
      String reason =
          validation.rows.size() < 2 ? tooLittleValidation() : tooManySentences(validation);
      if (wanted.equals(Optional.of(TextScore.SUM))) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            "The score sum needs a weight that validation chooses, but " + reason);
      }
      return new RetrievalMix.Choice(
          wanted.map(ScoreChoice::asked).orElseGet(() -> ScoreChoice.global(reason)),
          Map.of(TextScore.GLOBAL, RetrievalMix.global(), TextScore.POOLED, RetrievalMix.pooled()));
    }
    try (NDManager scope = trained.model().manager().newSubManager()) {
      NDArray held = trained.model().encodeReports(scope, validation.reports());
      RetrievalMix.Choice chosen =
          RetrievalMix.choose(
              pairs(validation, held), validation.reports(), LabelledRows.volumes(validation.rows));
      return wanted
          .map(s -> new RetrievalMix.Choice(ScoreChoice.asked(s), chosen.mixes()))
          .orElse(chosen);
    }
  }

  private static String tooManySentences(Part part) {
    return part.rows.size() + " pairs have too many sentences to compare each with every volume";
  }

  private static PairScores pairs(Part part, NDArray reports) {
    float[][] embedded = Embeddings.rows("reports", reports, -1);
    return PairScores.of(part.texts.orElseThrow(), embedded, part.reports());
  }

  /** The keys of a map, the simplest score first. */
  static Stream<TextScore> inOrder(Map<TextScore, ?> some) {
    return Stream.of(TextScore.values()).filter(some::containsKey);
  }
}
