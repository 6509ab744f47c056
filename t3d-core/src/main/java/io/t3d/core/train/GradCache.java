package io.t3d.core.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.nn.internal.RunningStatistics;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.core.train.internal.GradientSums;
import io.t3d.core.train.internal.Outputs;
import io.t3d.core.train.internal.Ranks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The gradient of a large batch at the memory of a small one, for losses that compare the pairs of
 * a batch and so cannot be accumulated.
 *
 * <ol>
 *   <li>Micro-batches go through the model without gradient; their embeddings and tokens are kept.
 *   <li>The loss of all pairs gives the gradient of each embedding.
 *   <li>Micro-batches go through the model again; those gradients are handed on to the weights.
 * </ol>
 *
 * <p>Gao, Zhang, Han, Callan 2021, "Scaling Deep Contrastive Learning Batch Size under Memory
 * Limited Setup".
 *
 * <p>The gradient is that of the whole batch in one pass, but for two things that see what is in a
 * pass: batch norm takes its statistics from the micro-batch, as it does on one of several GPUs,
 * and dropout falls differently. A model without batch norm and dropout (Vit3d, LINEAR projection)
 * gets the same gradient.
 */
final class GradCache {
  private final T3DModel model;
  private final ModelPass pass;
  private final int microBatch;
  private final Ranks ranks;

  /**
   * Wires it.
   *
   * @param microBatch pairs that go through the model at once, &gt; 0
   */
  GradCache(T3DModel model, ModelPass pass, int microBatch) {
    this.model = model;
    this.pass = pass;
    this.microBatch = microBatch;
    this.ranks = pass.ranks();
  }

  /**
   * Adds to the gradients of the weights where the worker's pairs go through the model at once, and
   * only once: what is cached is the graph itself.
   *
   * @param whole texts of all workers' reports to encode alone
   * @param loss of the features of all workers
   */
  static void runAtOnce(
      ModelPass pass,
      PairBatch batch,
      Optional<ReportSentences> whole,
      int seed,
      Function<T3DOutput, NDArray> loss) {
    Ranks ranks = pass.ranks();
    pass.run(
        batch,
        ranks.own(whole, batch.size()),
        seed,
        (forward, views) -> {
          T3DOutput own = forward.run(views);
          NDManager scope = own.textEmbeddings().getManager();
          Ranks.Gathered all = ranks.gather(own, scope, whole);
          Engine.getInstance().setRandomSeed(seed); // what the loss draws is the same for all
          try (NDManager lossScope = scope.newSubManager()) {
            Outputs.all(all.output()).forEach(array -> array.attach(lossScope));
            GradientSlot.backward(loss.apply(all.output()));
            Outputs.all(all.output()).forEach(array -> array.attach(scope));
          }
          List<NDArray> perPair = takeGradients(scope, Outputs.perPair(all.output()));
          List<NDArray> shared = takeGradients(scope, Outputs.shared(all.output()));
          return handOn(own, perPair, all.firstRows(), ranks.first() ? shared : List.of());
        });
  }

  /**
   * Adds to the gradients of the weights; as {@link ModelPass#run}.
   *
   * @param whole texts of all workers' reports to encode alone
   * @param loss of the features of all workers
   */
  void run(
      PairBatch batch,
      Optional<ReportSentences> whole,
      int seed,
      Function<T3DOutput, NDArray> loss) {
    Optional<ReportSentences> sentences = ranks.own(whole, batch.size());
    List<PairBatch> parts = batch.split(microBatch);
    List<Optional<ReportSentences>> texts = split(sentences, parts);
    try (NDManager scope = model.manager().newSubManager()) {
      Ranks.Gathered all =
          gathered(scope, encode(scope, parts, texts, sentences, seed), whole, seed);
      T3DOutput cached = all.output();
      try (NDManager lossScope = scope.newSubManager();
          GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        Outputs.all(cached).forEach(array -> array.attach(lossScope));
        collector.backward(loss.apply(cached));
        Outputs.all(cached).forEach(array -> array.attach(scope));
      }
      GradientSums sums = new GradientSums(scope, model.parameters(), model.device().isGpu());
      sums.take();
      List<NDArray> perPair = takeGradients(scope, Outputs.perPair(cached));
      List<NDArray> shared = takeGradients(scope, Outputs.shared(cached));
      int[] from = all.firstRows();
      for (int i = 0; i < parts.size(); i++) {
        boolean handsOnShared = i == 0 && ranks.first(); // once
        pass.run(
            parts.get(i),
            texts.get(i),
            seed(seed, i),
            (forward, views) ->
                handOn(forward.run(views), perPair, from, handsOnShared ? shared : List.of()));
        sums.take();
      }
      sums.put();
    }
  }

  private Ranks.Gathered gathered(
      NDManager scope, T3DOutput own, Optional<ReportSentences> whole, int seed) {
    if (!ranks.several()) {
      return Ranks.Gathered.alone(own);
    }
    Ranks.Gathered all = ranks.gather(own, scope, whole);
    Outputs.all(own).forEach(NDArray::close);
    Engine.getInstance().setRandomSeed(seed); // what the loss draws is the same for all
    return all;
  }

  private static List<Optional<ReportSentences>> split(
      Optional<ReportSentences> sentences, List<PairBatch> parts) {
    List<Optional<ReportSentences>> out = new ArrayList<>();
    int from = 0;
    for (PairBatch part : parts) {
      int first = from;
      out.add(sentences.map(s -> s.ofPairs(first, first + part.size())));
      from += part.size();
    }
    return out;
  }

  private T3DOutput encode(
      NDManager scope,
      List<PairBatch> parts,
      List<Optional<ReportSentences>> texts,
      Optional<ReportSentences> sentences,
      int seed) {
    RunningStatistics once = RunningStatistics.copy(scope, model.parameters());
    List<T3DOutput> outputs = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      outputs.add(pass.constant(scope, parts.get(i), texts.get(i), seed(seed, i)));
    }
    once.restore(); // the second pass updates them
    return Outputs.join(outputs, sentences, GradCache::leaf);
  }

  private static NDArray leaf(NDArray array) {
    NDArray leaf = GradientSlot.leaf(array);
    array.close();
    return leaf;
  }

  private static int seed(int seed, int part) {
    return seed ^ part * 0x85EBCA6B;
  }

  /** Frees the arrays; null for one that the loss did not look at. */
  private static List<NDArray> takeGradients(NDManager scope, List<NDArray> arrays) {
    List<NDArray> gradients = new ArrayList<>();
    for (NDArray array : arrays) {
      NDArray gradient = null;
      if (GradientSlot.isFilled(array)) {
        gradient = array.getGradient();
        gradient.attach(scope);
      }
      gradients.add(gradient);
      array.close();
    }
    return gradients;
  }

  /**
   * A scalar whose gradient in each array is the cached one: the sum of products with it; empty
   * where no weight is behind it.
   *
   * @param from the row of each cached array that the output's first row has; moved on to the next
   *     part's
   */
  private static Optional<NDArray> handOn(
      T3DOutput output, List<NDArray> perPair, int[] from, List<NDArray> shared) {
    List<NDArray> arrays = Outputs.perPair(output);
    NDManager manager = arrays.get(0).getManager();
    List<NDArray> terms = new ArrayList<>();
    for (int i = 0; i < arrays.size(); i++) {
      int to = from[i] + (int) arrays.get(i).getShape().get(0);
      if (perPair.get(i) != null) {
        NDArray rows = perPair.get(i).get(from[i] + ":" + to);
        rows.attach(manager);
        terms.add(arrays.get(i).mul(rows).sum());
      }
      from[i] = to;
    }
    for (int i = 0; i < shared.size(); i++) {
      if (shared.get(i) != null) {
        terms.add(Outputs.shared(output).get(i).mul(shared.get(i)).sum());
      }
    }
    // Of frozen encoders without a projection nothing leads back to a weight.
    return terms.stream().reduce(NDArray::add).filter(GradientSlot::isRecorded);
  }
}
