package io.t3d.pipeline;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.nn.internal.RunningStatistics;
import io.t3d.core.task.retrieve.Retrieval;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.text.SentenceBatch;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.LossTerms;
import io.t3d.core.train.Objective;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingStep;
import io.t3d.core.train.internal.Outputs;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.view.ViewConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.Objectives;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Scores a model by what it is trained for, on pairs that it is not trained on: the mean of the
 * objective over their batches, and how often a report is among the first five for its volume. The
 * views, sentences and batches are the same each time, so that scores differ by the model alone.
 * Batches go through the model in the slices of {@code training.microBatch}, as they do in
 * training.
 */
final class PairValidation implements Pretrainer.Validation {
  /** The objective; its parts are {@code loss.NAME}. */
  static final String LOSS = "loss";

  /** Before the name of a part of the objective. */
  static final String PART = LOSS + ".";

  /** Recall at 5 in both directions, and their mean. */
  static final List<String> RECALLS = List.of("imageToTextR5", "textToImageR5", "r5");

  private static final int SMALL = 32; // voxels along each side

  private final BatchObjective objective;
  private final PairSource source;
  private final TrainingConfig config;

  /**
   * Prepares it; nothing is read yet.
   *
   * @param objective that of the training
   * @param source the pairs, of which the first epoch is taken each time
   * @param config precision, seed and how many pairs go through the model at once
   */
  PairValidation(BatchObjective objective, PairSource source, TrainingConfig config) {
    this.objective = objective;
    this.source = source;
    this.config = config;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Recall is among all pairs that fill batches, by the embeddings of their first view; it is
   * left out for objectives that show the model other views than the batch's.
   */
  @Override
  public Map<String, Double> of(T3DModel model) {
    try (NDManager scope = model.manager().newSubManager();
        PairSource.Batches batches = source.epoch(0, 0)) {
      RunningStatistics before = RunningStatistics.copy(scope, model.parameters());
      before.add(scope, objective.parameters());
      try {
        Sums sums = new Sums();
        for (int i = 0; batches.hasNext(); i++) {
          add(model, batches.next(), i, scope, sums);
        }
        return sums.scores();
      } finally {
        before.restore(); // of an objective's own batch norms
      }
    }
  }

  private void add(T3DModel model, PairBatch batch, int number, NDManager owner, Sums sums) {
    int seed = TrainingStep.seed(config.seed(), 0, number);
    Optional<ReportSentences> sentences =
        objective.sentences().draw(batch.fullReports(), batch.reports(), ~seed);
    try (NDManager scope = owner.newSubManager()) {
      if (objective instanceof Objective ofOutputs) {
        T3DOutput output = encode(model, batch, sentences, scope);
        Engine.getInstance().setRandomSeed(seed); // for what an objective draws
        sums.add(ofOutputs.compute(output, batch.patientIds()));
        sums.add(owner, output, batch.reports());
      } else {
        ViewBatch views = ViewBatch.collate(scope, batch.views());
        BatchObjective.Forward forward = forward(model, batch, sentences, scope);
        Engine.getInstance().setRandomSeed(seed); // as above
        sums.add(objective.compute(forward, views, batch.patientIds()));
      }
    }
  }

  /** The model's output for a batch, in slices where training takes slices of it. */
  private T3DOutput encode(
      T3DModel model, PairBatch batch, Optional<ReportSentences> sentences, NDManager owner) {
    int size = config.microBatch() == 0 ? batch.size() : config.microBatch();
    List<T3DOutput> outputs = new ArrayList<>();
    int from = 0;
    for (PairBatch part : batch.split(size)) {
      int first = from;
      Optional<ReportSentences> own = sentences.map(s -> s.ofPairs(first, first + part.size()));
      try (NDManager scope = owner.newSubManager()) {
        ViewBatch views = ViewBatch.collate(scope, part.views());
        T3DOutput output = forward(model, part, own, scope).run(views);
        Outputs.all(output).forEach(array -> array.attach(owner));
        outputs.add(output);
      }
      from += part.size();
    }
    return Outputs.join(outputs, sentences, UnaryOperator.identity());
  }

  private BatchObjective.Forward forward(
      T3DModel model, PairBatch batch, Optional<ReportSentences> sentences, NDManager scope) {
    TokenBatch tokens = model.tokenize(scope, batch.reports());
    Optional<SentenceBatch> texts = sentences.map(s -> model.tokenize(scope, s));
    return views ->
        config.precision().run(model.device(), () -> model.forward(views, tokens, texts, false));
  }

  /**
   * The names that scores will have with some settings. No volume is needed: a small model sees a
   * batch of nothing. Sets the engine's random seed.
   *
   * @throws T3dException when the objective cannot be computed of such views
   */
  static Set<String> names(PretrainConfig config) {
    ObjectiveConfig objective = config.objective();
    if (objective instanceof ObjectiveConfig.Masked masked) {
      objective = new ObjectiveConfig.Masked(masked.ratio(), Optional.empty()); // of small views
    }
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 0);
        NoGrad constant = new NoGrad()) {
      BatchObjective small = Objectives.create(objective, model, Size3.cube(SMALL), 0);
      PairSource source = PairSource.of(nothing(config.data().views()), 2, 0);
      return new PairValidation(small, source, TrainingConfig.defaults()).of(model).keySet();
    }
  }

  private static PairBatch nothing(ViewConfig views) {
    Volume empty =
        new Volume(new float[SMALL * SMALL * SMALL], SMALL, SMALL, SMALL, Affine.identity());
    List<View> seen = new ArrayList<>();
    for (int v = 0; v < views.views(); v++) {
      View.Kind kind = v < views.globalViews() ? View.Kind.GLOBAL : View.Kind.LOCAL;
      seen.add(new View(kind, empty, empty.bounds()));
    }
    String report = "No pleural effusion. The heart is not enlarged.";
    return new PairBatch(List.of(seen, seen), List.of(report, report), List.of("a", "b"));
  }

  /** What the batches have given so far. */
  private static final class Sums {
    private final Map<String, Double> losses = new LinkedHashMap<>();
    private final NDList images = new NDList(); // (B, E) of each batch
    private final NDList texts = new NDList(); // likewise
    private final List<String> reports = new ArrayList<>();
    private int batches;

    void add(LossTerms terms) {
      batches++;
      losses.merge(LOSS, (double) terms.total().getFloat(), Double::sum);
      terms
          .parts()
          .forEach(
              (name, part) -> losses.merge(PART + name, (double) part.getFloat(), Double::sum));
    }

    void add(NDManager owner, T3DOutput output, List<String> seen) {
      images.add(output.views().get(0).embedding());
      texts.add(output.textEmbeddings());
      images.get(images.size() - 1).attach(owner);
      texts.get(texts.size() - 1).attach(owner);
      reports.addAll(seen);
    }

    Map<String, Double> scores() {
      Map<String, Double> out = new LinkedHashMap<>();
      losses.forEach((name, sum) -> out.put(name, sum / batches));
      if (!images.isEmpty()) {
        Optional<Retrieval> found = retrieval();
        double first = found.map(r -> r.imageToText().r5()).orElse(Double.NaN);
        double second = found.map(r -> r.textToImage().r5()).orElse(Double.NaN);
        out.put(RECALLS.get(0), first);
        out.put(RECALLS.get(1), second);
        out.put(RECALLS.get(2), (first + second) / 2);
      }
      return out;
    }

    /** Empty when embeddings are not finite: the loss then says that the model has diverged. */
    private Optional<Retrieval> retrieval() {
      var image = NDArrays.concat(images); // (N, E)
      var text = NDArrays.concat(texts); // (N, E)
      boolean finite = Float.isFinite(image.add(text).sum().getFloat());
      return finite ? Optional.of(Retrieval.evaluate(image, text, reports)) : Optional.empty();
    }
  }
}
