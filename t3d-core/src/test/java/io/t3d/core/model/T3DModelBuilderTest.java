package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.CustomTextConfig;
import io.t3d.core.config.CustomVisionConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.model.OwnEncoders.BagOfWords;
import io.t3d.core.model.OwnEncoders.TwoConvolutions;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.vision.FeatureMapEncoder;
import io.t3d.core.nn.vision.ResNet3d;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.Objective;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.SmallTraining;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class T3DModelBuilderTest {
  private static final List<String> REPORTS = List.of("no nodule", "large effusion left");
  private static final String VISION = TwoConvolutions.class.getName();
  private static final String TEXT = BagOfWords.class.getName();

  @TempDir Path folder;

  private static T3DModelBuilder own() {
    return T3DModel.builder().vision(new TwoConvolutions(12)).text(new BagOfWords(4096, 10));
  }

  private static T3DModelBuilder small() {
    return own().tokenizer(ReportTokenizer.builtin(32)).embedDim(16).seed(3);
  }

  @Test
  void encodersOfOnesOwnAreTrainedSavedAndOpenedAgain() throws IOException {
    try (T3DModel model = small().build()) {
      Map<String, float[]> before = weights(model);
      List<Double> losses = new ArrayList<>();
      train(model, TrainingConfig.builder().epochs(15).learningRate(3e-3).build(), losses);
      assertThat(mean(losses.subList(26, 30))).isLessThan(mean(losses.subList(0, 4)));
      weights(model)
          .forEach((name, values) -> assertThat(values).as(name).isNotEqualTo(before.get(name)));
      assertThat(before).containsKeys("vision.first.weight", "vision.second.bias", "text.words");
      Path checkpoint = Checkpoint.folderOf(folder);
      try (T3DModel again = own().load(checkpoint);
          NDManager scope = model.manager().newSubManager()) {
        NDArray volumes = scope.randomNormal(new Shape(3, 1, 16, 24, 16));
        assertThat(again.config()).isEqualTo(model.config());
        assertThat(again.encodeVolumes(volumes)).isEqualTo(model.encodeVolumes(volumes));
        assertThat(again.encodeReports(scope, REPORTS))
            .isEqualTo(model.encodeReports(scope, REPORTS));
      }
    }
  }

  @Test
  void aRunWithEncodersOfOnesOwnIsResumed() throws IOException {
    TrainingConfig config = TrainingConfig.builder().epochs(1).build();
    try (T3DModel model = small().build();
        T3DModel later = small().seed(9).build()) {
      train(model, config, new ArrayList<>());
      List<Double> rest = new ArrayList<>();
      run(later, config, rest).resume(true).build().run();
      assertThat(rest).as("all steps are done").isEmpty();
      weights(later)
          .forEach((name, w) -> assertThat(w).as(name).isEqualTo(weights(model).get(name)));
    }
  }

  private static double mean(List<Double> losses) {
    return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  private void train(T3DModel model, TrainingConfig config, List<Double> losses)
      throws IOException {
    run(model, config, losses).build().run();
  }

  private Pretrainer.Builder run(T3DModel model, TrainingConfig config, List<Double> losses) {
    return Pretrainer.builder(
            model,
            (Objective) (output, ids) -> SmallTraining.contrast(output),
            SmallTraining.source(2, SmallTraining.PAIRS))
        .config(config)
        .out(folder)
        .listener(
            new TrainingListener() {
              @Override
              public void onStep(StepRecord step) {
                losses.add(step.loss());
              }
            });
  }

  @Test
  void theConfigOfAModelNamesTheClassesOfItsOwnEncoders() {
    try (T3DModel model = small().build()) {
      assertThat(model.config().vision()).isEqualTo(new CustomVisionConfig(VISION, 12));
      assertThat(model.config().text()).isEqualTo(new CustomTextConfig(TEXT, 4096, 10, 32));
    }
  }

  @Test
  void aCheckpointWithoutItsEncodersIsAnErrorThatNamesThemAndTheCall() throws IOException {
    try (T3DModel model = small().build()) {
      model.save(folder);
    }
    assertThatThrownBy(() -> T3DModel.load(folder, TestDevice.get()))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            folder
                + " holds a model with an encoder of one's own: vision is a "
                + VISION
                + "; text is a "
                + TEXT
                + "; open it with T3DModel.builder().vision(encoder).text(encoder).load(folder),"
                + " or TrainedModel.open(folder, this builder), where the encoder is a new one of"
                + " that class and of the same sizes");
    assertThatThrownBy(() -> T3DModel.builder().text(new BagOfWords(4096, 10)).load(folder))
        .hasMessageContaining("vision is a " + VISION);
    assertThatThrownBy(
            () ->
                T3DModel.builder()
                    .vision(new TwoConvolutions(8))
                    .text(new BagOfWords(4096, 10))
                    .load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("of another shape (3): vision.second.weight");
  }

  @Test
  void anEncoderThatACheckpointDoesNotNeedIsAnError() throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      model.save(folder);
    }
    assertThatThrownBy(() -> T3DModel.builder().vision(new TwoConvolutions(8)).load(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            folder
                + " needs no vision encoder, its config describes one of this library, got a "
                + VISION
                + "; leave vision(…) out");
  }

  @Test
  void anEncoderOfTheLibraryNeedsNoBuilderToBeOpened() throws IOException {
    T3DConfig config = SmallTraining.resnet(0);
    try (T3DModel model =
            T3DModel.builder()
                .vision(new ResNet3d((ResNet3dConfig) config.vision()))
                .text(config.text())
                .embedDim(16)
                .seed(7)
                .build();
        T3DModel same = SmallTraining.model(config)) {
      assertThat(model.config()).isEqualTo(config);
      weights(model)
          .forEach((name, w) -> assertThat(w).as(name).isEqualTo(weights(same).get(name)));
      model.save(folder);
      try (T3DModel again = T3DModel.load(folder, TestDevice.get())) {
        assertThat(again.config()).isEqualTo(config);
      }
    }
  }

  @Test
  void anyBlockThatMakesAFeatureMapIsAnEncoder() throws IOException {
    try (T3DModel model = featureMaps().text(TextConfig.tiny()).build();
        NDManager scope = model.manager().newSubManager()) {
      assertThat(model.parameters()).containsKeys("vision.net.01Conv3d.weight");
      NDArray volumes = scope.randomNormal(new Shape(2, 1, 16, 16, 24));
      VolumeFeatures seen = model.encodeVolumeTokens(volumes);
      assertThat(List.of(seen.depth(), seen.height(), seen.width())).containsExactly(2, 2, 3);
      assertThat(volumes.isReleased()).isFalse();
      model.save(folder);
      try (T3DModel again = featureMaps().load(folder)) {
        assertThat(again.encodeVolumes(volumes)).isEqualTo(model.encodeVolumes(volumes));
      }
    }
    assertThatThrownBy(() -> T3DModel.load(folder, TestDevice.get()))
        .hasMessageContaining("FeatureMapEncoder(ai.djl.nn.SequentialBlock)");
  }

  private static T3DModelBuilder featureMaps() {
    SequentialBlock net =
        new SequentialBlock()
            .add(OwnEncoders.conv(4, 8))
            .add(Activation.reluBlock())
            .add(OwnEncoders.conv(2, 6));
    return T3DModel.builder().vision(new FeatureMapEncoder(net, 6, Size3.cube(8)));
  }

  @Test
  void weightsThatAnEncoderHasAlreadyAreKeptAndMoveToTheModel() {
    TwoConvolutions vision = new TwoConvolutions(12);
    NDArray array;
    float[] values;
    try (NDManager elsewhere = TestDevice.manager()) {
      vision.initialize(elsewhere, DataType.FLOAT32, new Shape(1, 1, 8, 8, 8));
      array = StateDict.of(vision).get("first.weight").getArray();
      values = array.toFloatArray();
      try (T3DModel model = small().vision(vision).build()) {
        elsewhere.close();
        assertThat(model.parameters().get("vision.first.weight").getArray().toFloatArray())
            .isEqualTo(values);
      }
    }
    assertThat(array.isReleased()).isTrue();
  }

  @Test
  void loadingLeavesTheEnginesRandomStateAlone() throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1));
        NDManager scope = model.manager().newSubManager()) {
      model.save(folder);
      Engine.getInstance().setRandomSeed(5);
      scope.randomNormal(new Shape(3));
      float[] without = scope.randomNormal(new Shape(100)).toFloatArray();
      Engine.getInstance().setRandomSeed(5);
      scope.randomNormal(new Shape(3));
      T3DModel.load(folder, TestDevice.get()).close();
      assertThat(scope.randomNormal(new Shape(100)).toFloatArray()).isEqualTo(without);
    }
  }

  /** Throws when half of the weights are there. */
  private static final class Broken extends TwoConvolutions {
    private NDManager given;
    private NDArray made;

    Broken() {
      super(12);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      super.initializeChildBlocks(manager, dataType, inputs);
      given = manager;
      made = StateDict.of(this).get("second.weight").getArray();
      throw new IllegalStateException("no luck");
    }
  }

  @Test
  void aModelThatCannotBeInitialisedLeavesNoMemory() {
    Broken broken = new Broken();
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(32)) {
      assertThatThrownBy(() -> small().vision(broken).tokenizer(tokenizer).build())
          .hasMessage("no luck");
      assertThat(broken.made.isReleased()).isTrue();
      assertThat(broken.given.isOpen()).isFalse();
      assertThat(tokenizer.tokens("no nodule")).as("still the caller's").isNotEmpty();
    }
  }

  @Test
  void layerWiseDecayNeedsAnEncoderThatKnowsItsLayers() throws IOException {
    TrainingConfig.Builder config = TrainingConfig.builder().epochs(1);
    try (T3DModel model = small().build()) {
      train(model, config.textLayerDecay(0.5).build(), new ArrayList<>());
      assertThatThrownBy(
              () -> train(model, config.visionLayerDecay(0.5).build(), new ArrayList<>()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(VISION + ".layers() is 0; override Encoder.layers and layerOf");
    }
  }

  @Test
  void whatIsMissingIsAnErrorThatNamesTheCall() {
    assertThatThrownBy(() -> T3DModel.builder().text(TextConfig.tiny()).build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("T3DModel.builder() needs a vision encoder: call vision(…)");
    assertThatThrownBy(() -> own().build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith("needs a tokenizer: call tokenizer(ReportTokenizer)");
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(32)) {
      assertThatThrownBy(() -> small().text(new BagOfWords(9, 4)).tokenizer(tokenizer).build())
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("at least the tokenizer's vocabulary");
    }
  }

  @Test
  void settingsInAFileCannotNameAClass() throws IOException {
    Path file = folder.resolve("c.yaml");
    Files.writeString(
        file, "preset: tiny\nvision: {type: custom, encoder: java.lang.Object, channels: 8}\n");
    T3DConfig config = Configs.load(file);
    assertThatThrownBy(() -> T3DModel.create(config, TestDevice.get(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The visual encoder is a java.lang.Object, which only its own code can build: pass one"
                + " to T3DModel.builder().vision(encoder)");
  }

  private static Map<String, float[]> weights(T3DModel model) {
    Map<String, float[]> out = new TreeMap<>();
    for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
      out.put(entry.getKey(), entry.getValue().getArray().toFloatArray());
    }
    return out;
  }
}
