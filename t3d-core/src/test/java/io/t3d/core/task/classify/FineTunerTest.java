package io.t3d.core.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.eval.BinaryMetrics;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.task.classify.FineTuner.Epoch;
import io.t3d.core.task.internal.training.FrozenEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FineTunerTest {
  private static final int SIDE = 12;
  private static final LabelMatrix LABELS = labels(24);
  private static final Cubes CUBES = new Cubes(24, 1);

  private final T3DModel model = T3DModel.create(small(), TestDevice.get(), 1);

  @AfterEach
  void close() {
    model.close();
  }

  private static T3DConfig small() {
    ResNet3dConfig vision =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(8, 8, 16, 16), 3, 2, false);
    return new T3DConfig(vision, TextConfig.tiny(), 16, T3DConfig.Projection.LINEAR, 0.07);
  }

  /** Noise, with a bright cube in every second volume and stripes in every third. */
  private record Cubes(int size, long seed) implements VolumeBatches {
    @Override
    public NDArray load(NDManager owner, int[] rows) {
      float[] voxels = new float[rows.length * SIDE * SIDE * SIDE];
      int at = 0;
      for (int row : rows) {
        SplittableRandom random = new SplittableRandom(seed * 1000 + row);
        for (int z = 0; z < SIDE; z++) {
          for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
              boolean cube = row % 2 == 0 && z < 5 && y < 5 && x < 5;
              boolean stripe = row % 3 == 0 && x % 4 == 0;
              voxels[at++] = (float) (random.nextDouble() + (cube ? 2 : 0) + (stripe ? 1 : 0));
            }
          }
        }
      }
      return owner.create(voxels, new Shape(rows.length, 1, SIDE, SIDE, SIDE));
    }
  }

  private static LabelMatrix labels(int n) {
    double[][] values = new double[n][];
    for (int i = 0; i < n; i++) {
      values[i] = new double[] {i % 2 == 0 ? 1 : 0, i % 3 == 0 ? 1 : 0};
    }
    values[1][0] = Double.NaN;
    values[2] = new double[] {Double.NaN, Double.NaN};
    return new LabelMatrix(List.of("cube", "stripes"), values);
  }

  private static FineTuneConfig settings(int epochs, double rate, int patience) {
    TaskTraining training = TaskTraining.builder().learningRate(rate).weightDecay(0.01).build();
    return FineTuneConfig.fromScratch().toBuilder()
        .training(training)
        .epochs(epochs)
        .patience(patience)
        .build();
  }

  @Test
  void anEncoderThatPoolsItselfIsTrainedWhole() throws IOException {
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(Size3.cube(6))
            .hiddenSize(12)
            .layers(1)
            .heads(2)
            .mlpSize(12)
            .variant(
                Vit3dVariant.builder()
                    .classToken(true)
                    .pooling(Vit3dVariant.Pooling.ATTENTION)
                    .poolingHeads(2)
                    .build())
            .build();
    T3DConfig config =
        new T3DConfig(vision, TextConfig.tiny(), 16, T3DConfig.Projection.LINEAR, 0.07);
    try (T3DModel pooling = T3DModel.create(config, TestDevice.get(), 2)) {
      Map<String, float[]> before = values(pooling);
      new FineTuner(settings(2, 1e-2, 2)).train(pooling, CUBES, LABELS).close();
      Map<String, float[]> after = values(pooling);
      assertThat(before.keySet()).anyMatch(name -> name.startsWith("pool"));
      before.forEach((name, was) -> assertThat(after.get(name)).as(name).isNotEqualTo(was));
    }
  }

  @Test
  void aFrozenEncoderGivesWhatItPoolsItself() {
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(Size3.cube(6))
            .hiddenSize(12)
            .layers(1)
            .heads(2)
            .mlpSize(12)
            .variant(
                Vit3dVariant.builder().classToken(true).pooling(Vit3dVariant.Pooling.CLS).build())
            .build();
    T3DConfig config =
        new T3DConfig(vision, TextConfig.tiny(), 16, T3DConfig.Projection.LINEAR, 0.07);
    try (T3DModel pooling = T3DModel.create(config, TestDevice.get(), 2);
        NDManager scope = pooling.manager().newSubManager()) {
      NDArray volumes = CUBES.load(scope, new int[] {0, 1, 2, 3, 4, 5}); // more than at once
      VisualTokens frozen = FrozenEncoder.tokens(scope, pooling, volumes);
      VisualTokens plain =
          pooling.vision().encode(new ParameterStore(scope, false), volumes, false);
      assertThat(frozen.pooled().orElseThrow().toFloatArray())
          .containsExactly(plain.pooled().orElseThrow().toFloatArray(), within(1e-5f));
      assertThat(FrozenEncoder.tokens(scope, model, volumes).pooled()).isEmpty();
    }
  }

  @Test
  void lowRankPairsLearnInThePlaceOfWeightsAndAreMergedInTheEnd(@TempDir Path dir)
      throws IOException {
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(Size3.cube(6))
            .hiddenSize(12)
            .layers(1)
            .heads(2)
            .mlpSize(12)
            .build();
    T3DConfig config =
        new T3DConfig(vision, TextConfig.tiny(), 16, T3DConfig.Projection.LINEAR, 0.07);
    FineTuneConfig lora = FineTuneConfig.lowRank().toBuilder().epochs(3).build();
    try (T3DModel pretrained = T3DModel.create(config, TestDevice.get(), 2)) {
      Map<String, float[]> before = values(pretrained);
      try (FineTunedClassifier classifier =
          new FineTuner(lora).train(pretrained, CUBES, LABELS, new Cubes(12, 3), labels(12))) {
        Map<String, float[]> after = values(pretrained);
        assertThat(after.keySet()).isEqualTo(before.keySet());
        before.forEach(
            (name, was) -> {
              boolean linear = name.matches("blocks.*(qkv|out_proj|linear\\d)\\.weight");
              if (linear) {
                assertThat(after.get(name)).as(name).isNotEqualTo(was);
              } else {
                assertThat(after.get(name)).as(name).containsExactly(was);
              }
            });
        double[][] p = classifier.probabilities(new Cubes(4, 5));
        classifier.save(dir);
        try (FineTunedClassifier loaded = FineTunedClassifier.load(dir, TestDevice.get())) {
          assertThat(loaded.probabilities(new Cubes(4, 5))).isDeepEqualTo(p);
        }
      }
    }
    assertThatThrownBy(() -> lora.toBuilder().encoderRate(0).build())
        .hasMessageContaining("FineTuneConfig.encoderRate");
  }

  private static Map<String, float[]> values(T3DModel model) {
    Map<String, float[]> values = new TreeMap<>();
    StateDict.of(model.vision())
        .forEach((name, p) -> values.put(name, p.getArray().toFloatArray()));
    return values;
  }

  @Test
  void learnsFindingsFromScratchAndSaysThemAfterReload(@TempDir Path dir) throws IOException {
    FineTuner tuner = new FineTuner(settings(12, 1e-2, 12));
    Cubes test = new Cubes(12, 2);
    try (FineTunedClassifier classifier =
        tuner.train(model, CUBES, LABELS, new Cubes(12, 3), labels(12))) {
      double[][] p = classifier.probabilities(test);
      assertThat(auroc(p, 0)).isGreaterThan(0.9);
      assertThat(auroc(p, 1)).isGreaterThan(0.9);
      assertThat(tuner.history().get(0).trainLoss())
          .isGreaterThan(2 * tuner.history().get(tuner.history().size() - 1).trainLoss());

      classifier.save(dir);
      try (FineTunedClassifier again = FineTunedClassifier.load(dir, TestDevice.get())) {
        assertThat(again.labels()).containsExactly("cube", "stripes");
        assertThat(again.scores(test)).isDeepEqualTo(classifier.scores(test));
      }
    }
  }

  @Test
  void epochsAmongTheSettingsOfTrainingAreStillHeard() {
    assertThat(
            Configs.fromYaml("preset: pretrained\ntraining: {epochs: 5}\n", FineTuneConfig.class))
        .isEqualTo(FineTuneConfig.pretrained().with(5, 42));
  }

  @Test
  void everyStepIsTold() throws IOException {
    List<String> steps = new ArrayList<>();
    List<Double> losses = new ArrayList<>();
    FineTuner tuner =
        new FineTuner(
            settings(2, 1e-2, 2),
            (step, all, loss) -> {
              steps.add(step + "/" + all);
              losses.add(loss);
            });
    try (FineTunedClassifier classifier = tuner.train(model, CUBES, LABELS)) {
      assertThat(classifier.labels()).hasSize(2);
    }
    assertThat(steps).containsExactly("1/4", "2/4", "3/4", "4/4"); // 23 volumes, batches of 8
    for (int epoch = 0; epoch < 2; epoch++) {
      double mean = (losses.get(2 * epoch) + losses.get(2 * epoch + 1)) / 2;
      assertThat(tuner.history().get(epoch).trainLoss()).isCloseTo(mean, within(1e-9));
    }
  }

  @Test
  void theBestEpochsWeightsComeBack() throws IOException {
    // Validation labels that say the opposite: the more is learnt, the worse.
    FineTuner tuner = new FineTuner(settings(8, 1e-2, 2));
    Cubes held = new Cubes(12, 3);
    double[][] values = labels(12).values();
    for (double[] row : values) {
      Arrays.setAll(row, j -> 1 - row[j]);
    }
    LabelMatrix opposite = new LabelMatrix(LABELS.names(), values);
    try (FineTunedClassifier classifier = tuner.train(model, CUBES, LABELS, held, opposite)) {
      List<Double> losses = tuner.history().stream().map(Epoch::validationLoss).toList();
      double best = losses.stream().min(Double::compare).orElseThrow();
      assertThat(losses).hasSizeLessThan(8);
      assertThat(best).isLessThan(losses.get(losses.size() - 1));
      MaskedBce loss = MaskedBce.of(LABELS, true, 20);
      try (NDManager scope = model.manager().newSubManager()) {
        NDArray logits = scope.create(floats(classifier.scores(held)));
        assertThat((double) loss.compute(scope, logits, opposite.values()).getFloat())
            .isCloseTo(best, within(1e-6));
      }
    }
  }

  private static double auroc(double[][] scores, int label) {
    boolean[] truth = new boolean[scores.length];
    double[] column = new double[scores.length];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = i % (label + 2) == 0;
      column[i] = scores[i][label];
    }
    return BinaryMetrics.auroc(truth, column).orElseThrow();
  }

  private static float[][] floats(double[][] rows) {
    float[][] out = new float[rows.length][rows[0].length];
    for (int i = 0; i < out.length; i++) {
      for (int j = 0; j < out[i].length; j++) {
        out[i][j] = (float) rows[i][j];
      }
    }
    return out;
  }

  @Test
  void anEncoderThatMayNotLearnStaysAsItIs() throws IOException {
    float[] before = model.parameters().get("vision.conv1.weight").getArray().toFloatArray();
    FineTuneConfig frozen = settings(2, 1e-2, 2).toBuilder().encoderRate(0).build();
    FineTuner tuner = new FineTuner(frozen);
    try (FineTunedClassifier classifier = tuner.train(model, CUBES, LABELS)) {
      assertThat(model.parameters().get("vision.conv1.weight").getArray().toFloatArray())
          .isEqualTo(before);
      assertThat(Arrays.stream(classifier.scores(CUBES)[0]).map(Math::abs).sum()).isPositive();
      assertThat(tuner.history()).hasSize(2);
      assertThat(tuner.history().get(0).validationLoss()).isNaN();
    }
  }

  @Test
  void anEncoderThatTheModelFreezesStaysAsItIsWithItsStatistics() throws IOException {
    model.freezeVision();
    Map<String, float[]> before = values(model);
    new FineTuner(settings(2, 1e-2, 2)).train(model, CUBES, LABELS).close();
    values(model)
        .forEach((name, after) -> assertThat(after).as(name).containsExactly(before.get(name)));
  }

  @Test
  void pairsFromBeforeAreMergedFirstSoThatTheWeightsLearn() throws IOException {
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(Size3.cube(6))
            .hiddenSize(12)
            .layers(1)
            .heads(2)
            .mlpSize(12)
            .build();
    T3DConfig config =
        new T3DConfig(vision, TextConfig.tiny(), 16, T3DConfig.Projection.LINEAR, 0.07);
    try (T3DModel adapted = T3DModel.create(config, TestDevice.get(), 2)) {
      Map<String, float[]> before = values(adapted);
      adapted.addLora(LoraConfig.defaults(), 3);
      new FineTuner(settings(1, 1e-2, 1)).train(adapted, CUBES, LABELS).close();
      Map<String, float[]> after = values(adapted);
      assertThat(after.keySet()).isEqualTo(before.keySet());
      before.forEach((name, was) -> assertThat(after.get(name)).as(name).isNotEqualTo(was));
    }
  }

  @Test
  void aSlowEncoderMovesLessThanAFastOne() throws IOException {
    double[] moved = new double[2];
    double[] rates = {0.01, 1};
    for (int i = 0; i < 2; i++) {
      try (T3DModel fresh = T3DModel.create(small(), TestDevice.get(), 1)) {
        NDArray weight = fresh.parameters().get("vision.conv1.weight").getArray();
        float[] before = weight.toFloatArray();
        FineTuneConfig config = settings(2, 1e-3, 2).toBuilder().encoderRate(rates[i]).build();
        new FineTuner(config).train(fresh, CUBES, LABELS).close();
        float[] after = weight.toFloatArray();
        for (int j = 0; j < after.length; j++) {
          moved[i] = Math.max(moved[i], Math.abs(after[j] - before[j]));
        }
      }
    }
    assertThat(moved[0]).isPositive().isLessThan(moved[1] / 20);
  }

  @Test
  void trainingAgainWithTheSameSeedGivesTheSameAndLeavesNothingBehind() throws IOException {
    double[][][] scores = new double[2][][];
    for (int i = 0; i < 2; i++) {
      try (T3DModel fresh = T3DModel.create(small(), TestDevice.get(), 1)) {
        int arrays = ((BaseNDManager) fresh.manager()).getManagedArrays().size();
        try (FineTunedClassifier c =
            new FineTuner(settings(2, 1e-3, 2)).train(fresh, CUBES, LABELS)) {
          scores[i] = c.scores(new Cubes(5, 4));
        }
        assertThat(((BaseNDManager) fresh.manager()).getManagedArrays()).hasSize(arrays);
      }
    }
    assertThat(scores[0]).isDeepEqualTo(scores[1]);
  }

  @Test
  void anyThreadMayTrain() throws Exception {
    // libtorch tracks gradients on new threads unless told otherwise.
    FineTuner tuner = new FineTuner(settings(1, 1e-3, 1));
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      double[][] scores =
          other
              .submit(
                  () -> {
                    try (FineTunedClassifier c =
                        tuner.train(model, CUBES, LABELS, new Cubes(12, 3), labels(12))) {
                      return c.scores(new Cubes(3, 4));
                    }
                  })
              .get();
      assertThat(scores).hasDimensions(3, 2);
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void wrongInputsAreNamed() {
    FineTuner tuner = new FineTuner(FineTuneConfig.pretrained());
    assertThatThrownBy(() -> tuner.train(model, new Cubes(3, 1), LABELS))
        .hasMessage("The training set must have one row of labels per volume (3), got 24");
    double[][] nothing = {{Double.NaN}};
    LabelMatrix unknown = new LabelMatrix(List.of("a"), nothing);
    assertThatThrownBy(() -> tuner.train(model, new Cubes(1, 1), unknown))
        .hasMessage("No label of the training set is known; fine-tuning needs some");
    assertThatThrownBy(() -> tuner.train(model, CUBES, LABELS, new Cubes(1, 1), unknown))
        .hasMessage("No label of the validation set is known; fine-tuning needs some");
    assertThatThrownBy(() -> settings(1, 1, 1).toBuilder().batchSize(0).build())
        .hasMessage("FineTuneConfig.batchSize must be > 0, got 0.0");
  }
}
