package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.norm.BatchNorm;
import io.t3d.core.config.Size3;
import io.t3d.core.config.TextConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.vision.FeatureMapEncoder;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.Objectives;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Ten pairs in batches of five, scored by a small encoder that notes how many views it sees. */
class PairValidationTest {
  private static final int SIDE = 16;
  private static final int PAIRS = 10;
  private static final PairSource SOURCE = PairSource.of(pairs(), 5, 3);

  private final TreeSet<Long> seen = new TreeSet<>();

  private T3DModel model() {
    Block conv =
        Conv3d.builder()
            .setKernelShape(new Shape(8, 8, 8))
            .optStride(new Shape(8, 8, 8))
            .setFilters(12)
            .build();
    Block net =
        new SequentialBlock()
            .add(new LambdaBlock(this::note))
            .add(conv)
            .add(BatchNorm.builder().build());
    return T3DModel.builder()
        .vision(new FeatureMapEncoder(net, 12, Size3.cube(SIDE)))
        .text(TextConfig.tiny())
        .embedDim(8)
        .device(TestDevice.get())
        .seed(5)
        .build();
  }

  private NDList note(NDList views) {
    seen.add(views.singletonOrThrow().getShape().get(0));
    return views;
  }

  private static PairBatch pairs() {
    List<List<View>> views = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < PAIRS; i++) {
      views.add(List.of(view(2 * i), view(2 * i + 1)));
      String second = i % 3 == 0 ? " Heart of normal size." : "";
      reports.add("Nodule of " + i + " mm. No effusion." + second);
      patients.add("p" + i);
    }
    return new PairBatch(views, reports, patients);
  }

  private static View view(int number) {
    SplittableRandom random = new SplittableRandom(number);
    float[] voxels = new float[SIDE * SIDE * SIDE];
    for (int k = 0; k < voxels.length; k++) {
      voxels[k] = (float) random.nextDouble(-1, 1) + number % 4;
    }
    Volume volume = new Volume(voxels, SIDE, SIDE, SIDE, Affine.identity());
    return new View(View.Kind.GLOBAL, volume, volume.bounds());
  }

  /** Scores of an untrained model whose batches go through it so many pairs at once. */
  private Map<String, Double> scores(ObjectiveConfig config, int microBatch) {
    seen.clear();
    try (T3DModel model = model()) {
      BatchObjective objective = Objectives.create(config, model, Size3.cube(SIDE), 9);
      TrainingConfig training = TrainingConfig.builder().microBatch(microBatch).build();
      seen.clear(); // of its initialisation
      return new PairValidation(objective, SOURCE, training).of(model);
    }
  }

  private void assertSliced(ObjectiveConfig config) {
    Map<String, Double> whole = scores(config, 0);
    assertThat(seen).as("two views of five pairs").containsExactly(10L);
    Map<String, Double> sliced = scores(config, 2);
    assertThat(seen).as("two views of two pairs, or one").containsExactly(2L, 4L);
    assertThat(sliced.keySet()).containsExactlyElementsOf(whole.keySet());
    whole.forEach(
        (name, score) ->
            assertThat(sliced.get(name))
                .as(name)
                .isCloseTo(score, within(1e-4 * Math.max(1, Math.abs(score)))));
  }

  @Test
  void aBatchGoesThroughTheModelInTheSlicesThatTrainingTakes() {
    assertSliced(ObjectiveConfig.t3d());
  }

  @Test
  void slicesOfOtherObjectivesGiveTheirScoresToo() {
    assertSliced(ObjectiveConfig.wholeReport());
    assertSliced(ObjectiveConfig.siglip());
    assertSliced(ObjectiveConfig.simclr());
  }

  @Test
  void aSliceAsLargeAsTheBatchChangesNoBit() {
    assertThat(scores(ObjectiveConfig.t3d(), 5)).isEqualTo(scores(ObjectiveConfig.t3d(), 0));
    assertThat(scores(ObjectiveConfig.t3d(), 8)).isEqualTo(scores(ObjectiveConfig.t3d(), 0));
  }

  @Test
  void manyValidationsScoreAlikeAndLeaveNoArrayBehind() {
    try (T3DModel model = model();
        NoGrad constant = new NoGrad()) {
      BatchObjective objective =
          Objectives.create(ObjectiveConfig.simclr(), model, Size3.cube(SIDE), 9);
      TrainingConfig training = TrainingConfig.builder().microBatch(2).build();
      PairValidation validation = new PairValidation(objective, SOURCE, training);
      Map<String, Double> first = validation.of(model);
      int arrays = managed(model.manager());
      Engine.getInstance().setRandomSeed(77);
      assertThat(validation.of(model)).isEqualTo(first);
      assertThat(validation.of(model)).isEqualTo(first);
      assertThat(managed(model.manager())).isEqualTo(arrays);
    }
  }

  private static int managed(NDManager manager) {
    return manager.getManagedArrays().size();
  }
}
