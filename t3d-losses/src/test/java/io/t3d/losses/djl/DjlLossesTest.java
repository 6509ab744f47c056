package io.t3d.losses.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.Batchifier;
import ai.djl.util.PairList;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.nn.LogitScale;
import io.t3d.losses.ContrastiveLoss;
import io.t3d.losses.Outputs;
import io.t3d.losses.TestDevice;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.TmaLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DjlLossesTest {
  private static final int B = 4;

  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** Two linear maps to one space, and the scalar. */
  private abstract static class Towers extends AbstractBlock {
    final Block image = addChildBlock("image", Linear.builder().setUnits(Outputs.E).build());
    final Block text = addChildBlock("text", Linear.builder().setUnits(Outputs.E).build());
    final LogitScale scale = addChildBlock("scale", new LogitScale(0.5));

    abstract NDList outputs(ParameterStore parameters, NDList inputs, boolean training);

    static NDArray run(Block map, ParameterStore parameters, NDArray x, boolean training) {
      return map.forward(parameters, new NDList(x), training).singletonOrThrow();
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore parameters,
        NDList inputs,
        boolean training,
        PairList<String, Object> arguments) {
      return outputs(parameters, inputs, training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      throw new UnsupportedOperationException("not needed to train");
    }

    @Override
    protected void initializeChildBlocks(NDManager owner, DataType dataType, Shape... inputs) {
      image.initialize(owner, dataType, inputs[0]);
      text.initialize(owner, dataType, inputs[inputs.length - 1]);
      scale.initialize(owner, dataType, new Shape(1));
    }
  }

  private static final class Pairs extends Towers {
    @Override
    NDList outputs(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray v = run(image, parameters, inputs.get(0), training).normalize(2, 1);
      NDArray w = run(text, parameters, inputs.get(1), training).normalize(2, 1);
      return new NDList(v, w, scale.value(parameters, v.getManager(), training));
    }
  }

  private static final class ViewsAndSentences extends Towers {
    @Override
    NDList outputs(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray q = run(text, parameters, inputs.get(2), training).normalize(2, 1); // (T, E)
      NDList out = new NDList(q, scale.value(parameters, q.getManager(), training));
      for (NDArray view : inputs.subList(0, 2)) {
        NDArray p = run(image, parameters, view, training); // (B, N, E)
        out.add(p.mean(new int[] {1}).normalize(2, 1));
        out.add(p);
      }
      return out;
    }
  }

  /** Trains on one batch again and again; gives the losses. */
  private List<Float> train(Block block, Loss loss, NDList data, NDList labels) {
    Engine.getInstance().setRandomSeed(3);
    List<Float> losses = new ArrayList<>();
    try (Model model = Model.newInstance("towers")) {
      model.setBlock(block);
      DefaultTrainingConfig config =
          new DefaultTrainingConfig(loss)
              .optDevices(new Device[] {TestDevice.get()})
              .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.02f)).build());
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(data.getShapes());
        for (int i = 0; i < 12; i++) {
          losses.add(loss.evaluate(labels, trainer.evaluate(data)).getFloat());
          Batch batch =
              new Batch(
                  manager.newSubManager(),
                  data,
                  labels,
                  B,
                  Batchifier.STACK,
                  Batchifier.STACK,
                  i,
                  12);
          EasyTrain.trainBatch(trainer, batch);
          trainer.step();
        }
      }
    }
    return losses;
  }

  private NDArray random(long seed, long... shape) {
    return Outputs.random(manager, new SplittableRandom(seed), shape);
  }

  @Test
  void djlsTrainerLowersTheContrastiveLoss() {
    NDList data = new NDList(random(1, B, 12), random(2, B, 9));
    NDList labels = new NDList(manager.create(new long[] {7, 8, 9, 7}));
    List<Float> losses = train(new Pairs(), new DjlContrastiveLoss(), data, labels);
    assertThat(losses).allMatch(Float::isFinite);
    assertThat(losses.get(11)).isLessThan(0.7f * losses.get(0));
  }

  @Test
  void djlsTrainerLowersTheTmaLoss() {
    NDList data = new NDList(random(1, B, 5, 12), random(2, B, 5, 12), random(3, 2 * B, 9));
    NDList labels = new NDList(manager.create(new long[] {0, 0, 1, 1, 2, 2, 3, 3}));
    Loss loss = new DjlTmaLoss(TmaConfig.defaults());
    List<Float> losses = train(new ViewsAndSentences(), loss, data, labels);
    assertThat(losses).allMatch(Float::isFinite);
    assertThat(losses.get(11)).isLessThan(0.8f * losses.get(0));
  }

  @Test
  void theContrastiveLossIsThatOfTheTypedOne() {
    NDArray v = Outputs.unitRows(manager, new SplittableRandom(1), B);
    NDArray w = Outputs.unitRows(manager, new SplittableRandom(2), B);
    NDArray scale = manager.create(1.5f);
    NDList labels = new NDList(manager.create(new long[] {7, 8, 9, 7}));
    assertThat(new DjlContrastiveLoss(0.1).evaluate(labels, new NDList(v, w, scale)))
        .isEqualTo(new ContrastiveLoss(0.1).compute(v, w, scale, List.of("a", "b", "c", "a")));
    assertThat(new DjlContrastiveLoss().evaluate(new NDList(), new NDList(v, w, scale)))
        .isEqualTo(new ContrastiveLoss().compute(v, w, scale));
  }

  @Test
  void theTmaLossIsThatOfTheTypedOne() {
    T3DOutput all = Outputs.threeViews(manager, B, 5);
    T3DOutput output = Outputs.withViews(all, all.views().subList(0, 2));
    NDArray scale = manager.create(1.5f);
    NDList predictions = new NDList(output.sentences().orElseThrow().embeddings(), scale);
    for (ViewFeatures view : output.views()) {
      predictions.add(view.embedding());
      predictions.add(view.tokens());
    }
    long[] standsIn = new long[2 * B * B];
    standsIn[B - 1] = 1; // the first sentence in the last report, as in Outputs.sentences
    NDList labels =
        new NDList(
            manager.create(new long[] {0, 0, 1, 1, 2, 2, 3, 3}),
            manager.create(new long[] {4, 5, 5, 6}),
            manager.create(standsIn, new Shape(2 * B, B)));
    TmaConfig config = TmaConfig.defaults();
    assertThat(new DjlTmaLoss(config).evaluate(labels, predictions))
        .isEqualTo(
            new TmaLoss(config)
                .compute(output, TmaLoss.Learned.of(scale), List.of("a", "b", "b", "c"))
                .total());
    assertThat(new DjlTmaLoss(config).evaluate(new NDList(labels.get(0)), predictions))
        .as("patients and repeated sentences matter")
        .isNotEqualTo(new DjlTmaLoss(config).evaluate(labels, predictions));
  }

  @Test
  void wrongListsAreErrorsThatSayWhatFits() {
    NDArray v = Outputs.unitRows(manager, new SplittableRandom(1), B);
    assertThatThrownBy(() -> new DjlContrastiveLoss().evaluate(new NDList(), new NDList(v, v)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The block must give imageEmbeddings (B, E), textEmbeddings (B, E) and logitScale (),"
                + " got 2 arrays");
    NDList floats = new NDList(manager.ones(new Shape(B)));
    NDList three = new NDList(v, v, manager.create(1f));
    assertThatThrownBy(() -> new DjlContrastiveLoss().evaluate(floats, three))
        .hasMessage("label 0 (patients) must be int64, got float32; create it from a long[]");
    assertThatThrownBy(() -> new DjlTmaLoss(TmaConfig.defaults()).evaluate(new NDList(), three))
        .hasMessageStartingWith("The block must give sentences (T, E), sentenceScale ()");
  }
}
