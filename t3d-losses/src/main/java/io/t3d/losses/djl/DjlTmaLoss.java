package io.t3d.losses.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import io.t3d.core.internal.Shapes;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.TmaLoss;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@link TmaLoss} as a loss of DJL, for a block of one's own that gives
 *
 * <pre>{@code
 * sentences (T, E), sentenceScale (), embedding (B, E), tokens (B, N, E), embedding, tokens, …
 * }</pre>
 *
 * <p>An embedding and the projected tokens for each of at least two global views; sentences and
 * embeddings are L2-normalised, all are float32; {@code LogitScale} makes the scalar. The labels
 * are
 *
 * <pre>{@code
 * owners (T)       int64, ascending: the pair whose report a sentence is of
 * patients (B)     int64, may be left out: pairs of one number are no negatives
 * standsIn (T, B)  int64, may be left out: not 0 where a report says the same as a sentence
 * }</pre>
 *
 * <pre>{@code
 * Model model = Model.newInstance("towers");
 * model.setBlock(towers);
 * Loss loss = new DjlTmaLoss(TmaConfig.defaults());
 * try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(loss))) {
 *   trainer.initialize(viewShape, viewShape, sentenceShape);
 *   NDList labels = new NDList(manager.create(owners), manager.create(patients));
 *   EasyTrain.trainBatch(trainer, new Batch(manager, data, labels, …));
 *   trainer.step();
 * }
 * }</pre>
 *
 * <p>One device alone: DJL would split the sentences as if there were one per pair.
 */
public final class DjlTmaLoss extends Loss {
  private final TmaLoss loss;

  /**
   * Builds the loss.
   *
   * @param config weights and temperatures; the prototype term, which needs places in the patient,
   *     must be off
   * @throws IllegalArgumentException when prototypeWeight is &gt; 0
   */
  public DjlTmaLoss(TmaConfig config) {
    super("TmaLoss");
    if (config.prototypeWeight() > 0) {
      throw new IllegalArgumentException(
          "TmaConfig.prototypeWeight must be 0 for a loss of DJL, got "
              + config.prototypeWeight()
              + ": arrays do not tell where in the patient tokens lie; train with Pretrainer");
    }
    loss = new TmaLoss(config);
  }

  /**
   * Computes the loss of a batch.
   *
   * @param labels owners, patients and standsIn, as above
   * @param predictions sentences, their scale, and an embedding and tokens per view
   * @return scalar, float32
   * @throws IllegalArgumentException when arrays are missing, or shapes or dtypes differ
   */
  @Override
  public NDArray evaluate(NDList labels, NDList predictions) {
    DjlLabels.requirePredictions(
        predictions,
        predictions.size() >= 4 && predictions.size() % 2 == 0,
        "sentences (T, E), sentenceScale () and for each view embedding (B, E) and"
            + " tokens (B, N, E)");
    NDArray q = Shapes.check("sentences", predictions.get(0), "T, E", "one row each", -1, -1);
    NDArray scale = predictions.get(1);
    int b = (int) predictions.get(2).getShape().get(0);
    List<ViewFeatures> views = new ArrayList<>();
    for (int i = 2; i < predictions.size(); i += 2) {
      views.add(view(predictions.get(i), predictions.get(i + 1), b));
    }
    SentenceFeatures sentences =
        new SentenceFeatures(q, sentences(labels, (int) q.getShape().get(0), b));
    // The loss looks at neither the reports' embeddings nor their scale.
    T3DOutput output =
        new T3DOutput(views, views.get(0).embedding(), Optional.of(sentences), scale);
    return loss.compute(output, TmaLoss.Learned.of(scale), DjlLabels.patients(labels, 1, b))
        .total();
  }

  private static ViewFeatures view(NDArray embedding, NDArray tokens, int pairs) {
    Shapes.check("tokens", tokens, "B, N, E", "as many rows as embeddings", pairs, -1, -1);
    int n = (int) tokens.getShape().get(1);
    TokenGrid grid = new TokenGrid(1, 1, n, Collections.nCopies(pairs, Affine.identity()));
    return new ViewFeatures(View.Kind.GLOBAL, embedding, tokens, grid);
  }

  private static ReportSentences sentences(NDList labels, int count, int pairs) {
    if (labels.isEmpty()) {
      throw new IllegalArgumentException(
          "labels must begin with owners (T), int64: the pair whose report a sentence is of");
    }
    long[] owners = DjlLabels.whole("label 0 (owners)", labels.get(0), count);
    long[] same = labels.size() > 2 ? standsIn(labels.get(2), count, pairs) : new long[0];
    List<String> names = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    List<Set<Integer>> stands = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      names.add("sentence " + t);
      numbers.add((int) owners[t]);
      Set<Integer> reports = new HashSet<>(Set.of((int) owners[t]));
      for (int i = 0; i < pairs && same.length > 0; i++) {
        if (same[t * pairs + i] != 0) {
          reports.add(i);
        }
      }
      stands.add(reports);
    }
    return new ReportSentences(names, numbers, stands, pairs);
  }

  private static long[] standsIn(NDArray label, int count, int pairs) {
    Shapes.check("label 2 (standsIn)", label, "T, B", "not 0 where a report says it", count, pairs);
    return DjlLabels.whole("label 2 (standsIn)", label.flatten(), (long) count * pairs);
  }
}
