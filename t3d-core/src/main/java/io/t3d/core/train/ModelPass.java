package io.t3d.core.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.nn.internal.RunningStatistics;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.text.SentenceBatch;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.train.internal.Ahead;
import io.t3d.core.train.internal.Outputs;
import io.t3d.core.train.internal.Ranks;
import io.t3d.core.volume.ViewBatch;
import java.util.Optional;

/** Passes through the model as the settings want them: in which precision, what is kept. */
final class ModelPass {
  private final T3DModel model;
  private final TrainingConfig config;
  private Optional<Ahead<PairBatch, ViewBatch>> copied = Optional.empty();
  private final Ranks ranks;

  /** Passes of one worker. */
  ModelPass(T3DModel model, TrainingConfig config) {
    this(model, config, new Ranks(ProcessGroup.single(), false));
  }

  ModelPass(T3DModel model, TrainingConfig config, Ranks ranks) {
    this.model = model;
    this.config = config;
    this.ranks = ranks;
  }

  /** The workers whose passes these are. */
  Ranks ranks() {
    return ranks;
  }

  /** The batches; views of the next one are copied to the device while this one is in use. */
  PairSource.Batches ahead(PairSource.Batches batches) {
    Ahead<PairBatch, ViewBatch> ahead =
        new Ahead<>(
            batches, batch -> ViewBatch.collate(model.manager(), batch.views()), ViewBatch::close);
    copied = Optional.of(ahead);
    return new PairSource.Batches() {
      @Override
      public boolean hasNext() {
        return ahead.hasNext();
      }

      @Override
      public PairBatch next() {
        return ahead.next();
      }

      @Override
      public void close() {
        copied = Optional.empty();
        try {
          ahead.close();
        } finally {
          batches.close();
        }
      }
    };
  }

  /** The batch's views on the device, owned by the scope. */
  private ViewBatch views(NDManager scope, PairBatch batch) {
    Optional<ViewBatch> done = copied.flatMap(ahead -> ahead.take(batch));
    done.ifPresent(views -> views.slots().forEach(slot -> slot.voxels().attach(scope)));
    return done.orElseGet(() -> ViewBatch.collate(scope, batch.views()));
  }

  /** What is to be differentiated. */
  @FunctionalInterface
  interface Loss {
    /**
     * Runs the model and computes the loss.
     *
     * @param forward the model, on views of the batch's pairs
     * @param views the batch's
     * @return a scalar, float32; empty to stop after the forward pass
     */
    Optional<NDArray> of(BatchObjective.Forward forward, ViewBatch views);
  }

  /**
   * Forward and backward: adds to the gradients of the weights.
   *
   * @param sentences texts of the batch's reports to encode alone
   * @param seed of dropout
   * @param loss what is differentiated
   */
  void run(PairBatch batch, Optional<ReportSentences> sentences, int seed, Loss loss) {
    try (NDManager scope = model.manager().newSubManager()) {
      ViewBatch views = views(scope, batch);
      TokenBatch tokens = model.tokenize(scope, batch.reports());
      Optional<SentenceBatch> texts = sentences.map(s -> model.tokenize(scope, s));
      Engine.getInstance().setRandomSeed(seed);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector();
          ActivationCheckpoints checkpoints = checkpoints(scope, ranks.seed(seed))) {
        Optional<NDArray> scalar = loss.of(new Model(tokens, texts, seed), views);
        scalar.ifPresent(
            s -> {
              collector.backward(s);
              backward(scope, checkpoints);
            });
      }
    }
  }

  /** The model with the texts of a batch. */
  private final class Model implements BatchObjective.Forward {
    private final TokenBatch tokens;
    private final Optional<SentenceBatch> texts;
    private final int seed;

    Model(TokenBatch tokens, Optional<SentenceBatch> texts, int seed) {
      this.tokens = tokens;
      this.texts = texts;
      this.seed = seed;
    }

    @Override
    public T3DOutput run(ViewBatch views) {
      ownSeed(seed);
      return forward(views, tokens, texts);
    }

    @Override
    public BatchObjective.Part part(int pairs) {
      return new BatchObjective.Part(ranks.firstOf(pairs), ranks.group().size() * pairs);
    }
  }

  /** What the objective draws is drawn alike by all workers; dropout is not. */
  private void ownSeed(int seed) {
    if (!ranks.first()) {
      Engine.getInstance().setRandomSeed(ranks.seed(seed));
    }
  }

  /** What comes out, without gradient; owned by a manager. Running statistics are updated. */
  T3DOutput constant(
      NDManager owner, PairBatch batch, Optional<ReportSentences> sentences, int seed) {
    try (NoGrad constant = new NoGrad();
        NDManager scope = owner.newSubManager()) {
      ViewBatch views = ViewBatch.collate(scope, batch.views());
      TokenBatch tokens = model.tokenize(scope, batch.reports());
      Optional<SentenceBatch> texts = sentences.map(s -> model.tokenize(scope, s));
      Engine.getInstance().setRandomSeed(seed);
      ownSeed(seed);
      // Open here too, so that dropout falls as in run().
      try (ActivationCheckpoints checkpoints = checkpoints(scope, ranks.seed(seed))) {
        T3DOutput output = forward(views, tokens, texts);
        Outputs.all(output).forEach(array -> array.attach(owner));
        return output;
      }
    }
  }

  private T3DOutput forward(ViewBatch views, TokenBatch tokens, Optional<SentenceBatch> sentences) {
    // Only the model runs in bfloat16: softmax and logarithms of the loss keep float32.
    return ranks.inModel(
        () ->
            config
                .precision()
                .run(model.device(), () -> model.forward(views, tokens, sentences, true)));
  }

  /** Null when the settings keep all activations. */
  private ActivationCheckpoints checkpoints(NDManager scope, int seed) {
    return config.checkpointActivations() ? ActivationCheckpoints.open(scope, seed) : null;
  }

  private void backward(NDManager scope, ActivationCheckpoints checkpoints) {
    if (checkpoints != null) {
      RunningStatistics once = RunningStatistics.copy(scope, model.parameters());
      ranks.inModel(
          () -> {
            checkpoints.backward();
            return true;
          });
      once.restore(); // computing again has updated them a second time
    }
  }
}
