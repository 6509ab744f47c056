package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.ModelExport;
import io.t3d.core.model.Pretrained;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.TrainingConfig.Part;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.Gradients;
import io.t3d.core.volume.ViewBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pre-training with low-rank pairs and with frozen encoders. */
class LoraTrainingTest {
  private static final LoraConfig ALL = LoraConfig.defaults().with(2, 4);

  @Test
  void atTheStartTheModelComputesWhatItDid() {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit());
        NDManager scope = model.manager().newSubManager()) {
      float[] before = embeddings(model, scope);
      List<String> layers = model.addLora(ALL, 3);
      assertThat(layers)
          .contains("vision.blocks.0.attn.qkv", "vision.blocks.0.mlp.linear2")
          .contains("text.encoder.layer.0.attention.self.query");
      assertThat(embeddings(model, scope)).containsExactly(before);
    }
  }

  /** B starts at 0, so that A's gradient is 0 at first, but it has one. */
  @ParameterizedTest
  @CsvSource({"0, false, FLOAT32", "2, false, FLOAT32", "0, true, FLOAT32", "2, true, BFLOAT16"})
  void everyPairGetsAGradientAndNoFrozenWeight(
      int micro, boolean checkpoints, Precision precision) {
    TrainingConfig config =
        SmallTraining.settings()
            .microBatch(micro)
            .checkpointActivations(checkpoints)
            .precision(precision)
            .build();
    Map<String, float[]> gradients = gradients(config);
    assertThat(gradients.keySet())
        .filteredOn(name -> name.startsWith("vision.") || name.startsWith("text."))
        .hasSize(2 * (4 + 6))
        .allMatch(name -> name.contains(".lora_"));
    assertThat(gradients).containsKeys("vision_projection.weight", "logit_scale.value");
    gradients.forEach(
        (name, g) -> {
          if (name.contains("lora_B")) {
            assertThat(g).as(name).isNotEqualTo(new float[g.length]);
          }
        });
    Map<String, float[]> plain = gradients(SmallTraining.settings().build());
    double tolerance = precision == Precision.FLOAT32 ? 1e-4 : 5e-2;
    assertThat(gradients.keySet()).isEqualTo(plain.keySet());
    plain.forEach(
        (name, g) ->
            assertThat(gradients.get(name)).as(name).containsExactly(g, within((float) tolerance)));
  }

  private static Map<String, float[]> gradients(TrainingConfig config) {
    PairBatch batch = SmallTraining.batch(0, 0, 4);
    try (T3DModel model = SmallTraining.model(SmallTraining.vit());
        NDManager scope = model.manager().newSubManager()) {
      model.addLora(ALL, 3);
      try (AdamW optimizer = new AdamW(model.manager(), model.parameters(), config.optimizer())) {
        ModelPass pass = new ModelPass(model, config);
        if (config.microBatch() > 0) {
          new GradCache(model, pass, config.microBatch())
              .run(batch, Optional.empty(), 1, out -> SmallTraining.contrast(out).total());
        } else {
          pass.run(
              batch,
              Optional.empty(),
              1,
              (forward, views) -> Optional.of(SmallTraining.contrast(forward.run(views)).total()));
        }
        Map<String, float[]> out = new TreeMap<>();
        Gradients gradients = Gradients.collect(scope, optimizer.trained());
        optimizer
            .trained()
            .keySet()
            .forEach(name -> out.put(name, gradients.of(name).orElseThrow().toFloatArray()));
        return out;
      }
    }
  }

  @Test
  void aRunLearnsPairsAndWhatOpensItsCheckpointHasTheirSum(@TempDir Path dir) throws IOException {
    T3DConfig config = SmallTraining.vit();
    try (T3DModel model = SmallTraining.model(config);
        NDManager scope = model.manager().newSubManager()) {
      Map<String, float[]> before = values(model);
      train(model, settings().lora(ALL).build(), dir, false);
      Map<String, float[]> after = values(model);
      after.forEach(
          (name, value) -> {
            boolean ofEncoder = name.startsWith("vision.") || name.startsWith("text.");
            boolean learns = name.contains("lora_A") || name.contains("lora_B");
            if (learns) {
              assertThat(value).as(name).isNotEqualTo(new float[value.length]);
            } else if (ofEncoder && !name.endsWith("lora_scale")) {
              assertThat(value).as(name).containsExactly(before.get(name));
            }
          });
      float[] trained = embeddings(model, scope);

      Path folder = Checkpoint.folderOf(dir);
      try (T3DModel opened = T3DModel.load(folder, model.device())) {
        assertThat(opened.parameters().keySet()).isEqualTo(before.keySet());
        assertClose(embeddings(opened, opened.manager()), trained);
        ModelExport.write(opened, dir.resolve("exported"));
      }
      try (T3DModel fitted =
          Pretrained.none().withVision(folder).withText(folder).create(config, model.device(), 8)) {
        Map<String, float[]> own = values(fitted);
        assertThat(own.get("vision.blocks.0.attn.qkv.weight"))
            .isNotEqualTo(before.get("vision.blocks.0.attn.qkv.weight"));
        assertThat(own.keySet()).isEqualTo(before.keySet());
      }
      model.mergeLora();
      assertClose(embeddings(model, scope), trained);
      assertThat(model.parameters().values()).filteredOn(Parameter::requiresGradient).isNotEmpty();
      assertThat(values(model).keySet()).isEqualTo(before.keySet());
    }
  }

  @Test
  void aRunThatIsResumedEndsAsOneThatWasNotStopped(@TempDir Path dir) throws IOException {
    TrainingConfig config = settings().lora(ALL).emaDecay(0.9).build();
    Map<String, float[]> whole;
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      train(model, config, dir.resolve("whole"), false);
      whole = values(model);
    }
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      builder(model, config, dir.resolve("parts"))
          .listener(
              new TrainingListener() {
                private int steps;

                @Override
                public void onStep(StepRecord record) {
                  steps++;
                }

                @Override
                public boolean wantsToStop() {
                  return steps == 2;
                }
              })
          .build()
          .run();
    }
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      builder(model, config, dir.resolve("parts")).resume(true).build().run();
      values(model).forEach((name, v) -> assertThat(v).as(name).containsExactly(whole.get(name)));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFrozenEncoderStaysToTheBitWithItsStatistics(boolean checkpoints, @TempDir Path dir)
      throws IOException {
    TrainingConfig config =
        settings().frozen(Part.VISION).checkpointActivations(checkpoints).build();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      Map<String, float[]> before = values(model);
      train(model, config, dir, false);
      values(model)
          .forEach(
              (name, value) -> {
                if (name.startsWith("vision.")) {
                  assertThat(value).as(name).containsExactly(before.get(name));
                } else if (name.startsWith("vision_projection.")) {
                  assertThat(value).as(name).isNotEqualTo(before.get(name));
                }
              });
      assertThat(values(model).get("text.encoder.layer.0.output.dense.bias"))
          .isNotEqualTo(before.get("text.encoder.layer.0.output.dense.bias"));
    }
  }

  @Test
  void aFrozenEncoderGetsNoPairsAndTheOtherOneDoes(@TempDir Path dir) throws IOException {
    TrainingConfig config = settings().lora(ALL).frozen(Part.VISION).microBatch(2).build();
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      Map<String, float[]> before = values(model);
      train(model, config, dir.resolve("run"), false);
      Map<String, float[]> after = values(model);
      assertThat(after.keySet()).filteredOn(name -> name.contains(".lora_")).hasSize(3 * 6);
      after.forEach(
          (name, value) -> {
            if (name.startsWith("vision.")) {
              assertThat(value).as(name).containsExactly(before.get(name));
            } else if (name.endsWith(".lora_B.weight")) {
              assertThat(value).as(name).isNotEqualTo(new float[value.length]);
            }
          });
      try (T3DModel opened =
          T3DModel.load(Checkpoint.folderOf(dir.resolve("run")), model.device())) {
        assertClose(embeddings(opened, opened.manager()), embeddings(model, model.manager()));
      }
    }
    TrainingConfig nothing =
        settings().lora(ALL.withLayers("vision.*")).frozen(Part.VISION).build();
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      assertThatThrownBy(() -> train(model, nothing, dir.resolve("none"), false))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("lora.layers names layers of frozen encoders alone")
          .hasMessageContaining("training.frozen");
    }
  }

  @Test
  void freezingAnEncoderFreezesThePairsThatItHas() {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      model.addLora(ALL, 3);
      model.freezeVision();
      assertThat(learning(model))
          .noneMatch(name -> name.startsWith("vision."))
          .contains("text.encoder.layer.0.attention.self.query.lora_A.weight");
      model.freezeText();
      assertThat(learning(model)).noneMatch(name -> name.contains(".lora_"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anEncoderThatIsFrozenStaysSoWhenPairsAreMerged(boolean frozenFirst) {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      List<String> all = learning(model);
      if (frozenFirst) {
        model.freezeVision();
      }
      model.addLora(ALL, 3);
      model.freezeVision();
      model.mergeLora();
      assertThat(learning(model))
          .containsExactlyElementsOf(
              all.stream().filter(name -> !name.startsWith("vision.")).toList());
    }
  }

  @Test
  void otherSettingsForLayersThatHavePairsAreRefused() {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      LoraConfig narrow = ALL.withLayers("vision.*.qkv");
      model.addLora(narrow, 3);
      List<String> learning = learning(model);
      for (LoraConfig other :
          List.of(ALL.with(4, 8), ALL.with(2, 8), new LoraConfig(2, 4, 0.1, List.of("vision.*")))) {
        assertThatThrownBy(() -> model.addLora(other, 3))
            .isInstanceOf(T3dException.class)
            .hasMessageContaining(
                "vision.blocks.0.attn.qkv has a low-rank pair of rank 2, alpha 4.0, dropout 0.0")
            .hasMessageContaining("mergeLora()");
      }
      assertThat(learning(model)).isEqualTo(learning);
      assertThat(model.addLora(ALL, 3)).contains("vision.blocks.0.attn.qkv").hasSize(10);
    }
  }

  @Test
  void anExportOfAModelWithPairsIsRefusedUntilTheyAreMerged(@TempDir Path dir) throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      model.addLora(ALL, 3);
      Path folder = dir.resolve("export");
      assertThatThrownBy(() -> ModelExport.write(model, folder))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("low-rank pairs")
          .hasMessageContaining("call mergeLora() first");
      assertThat(folder).doesNotExist();
      model.mergeLora();
      ModelExport.write(model, folder);
      assertThat(folder.resolve("vision.safetensors")).exists();
    }
  }

  /** Without projections nothing but the scale learns, which the first part alone sees. */
  @Test
  void partsOfABatchPassWhereBothEncodersAreFrozen(@TempDir Path dir) throws IOException {
    T3DConfig plain = SmallTraining.vit().toBuilder().projection(T3DConfig.Projection.NONE).build();
    double[] scales = new double[2];
    for (int micro : new int[] {0, 2}) {
      TrainingConfig config =
          settings().frozen(Part.VISION, Part.TEXT).microBatch(micro).weightDecay(0).build();
      try (T3DModel model = SmallTraining.model(plain)) {
        double before = model.logitScale();
        train(model, config, dir.resolve("of" + micro), false);
        scales[micro / 2] = model.logitScale();
        assertThat(scales[micro / 2]).isNotEqualTo(before);
      }
    }
    assertThat(scales[1]).isCloseTo(scales[0], within(1e-5));
  }

  /** Pairs that are frozen are no part of the optimizer's state, which would say that they lack. */
  @Test
  void aRunThatBeganWithPairsOfOnesOwnGoesOnWithThemAlone(@TempDir Path dir) throws IOException {
    TrainingConfig config = settings().build();
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      model.addLora(ALL.withLayers("vision.*"), 3);
      model.freezeVision();
      train(model, config, dir, false);
      train(model, config, dir, true);
    }
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      model.freezeVision();
      assertThatThrownBy(() -> train(model, config, dir, true))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("holds 12 tensor(s) that the model has not, e.g. vision.blocks.0");
    }
  }

  private static List<String> learning(T3DModel model) {
    return model.parameters().entrySet().stream()
        .filter(entry -> entry.getValue().requiresGradient())
        .map(Map.Entry::getKey)
        .toList();
  }

  @Test
  void rankAlphaDropoutAndLayersAreChecked() {
    assertThatThrownBy(() -> ALL.with(0, 1)).hasMessageContaining("LoraConfig.rank");
    assertThatThrownBy(() -> ALL.with(1, 0)).hasMessageContaining("LoraConfig.alpha");
    assertThatThrownBy(() -> new LoraConfig(1, 1, 1, List.of("vision.*")))
        .hasMessageContaining("LoraConfig.dropout");
    assertThatThrownBy(ALL::withLayers).hasMessageContaining("LoraConfig.layers");
  }

  private static TrainingConfig.Builder settings() {
    return SmallTraining.settings().learningRate(1e-2);
  }

  private static Pretrainer.Builder builder(T3DModel model, TrainingConfig config, Path out) {
    Objective contrast = (output, ids) -> SmallTraining.contrast(output);
    return Pretrainer.builder(model, contrast, SmallTraining.source(2, SmallTraining.PAIRS))
        .config(config)
        .out(out);
  }

  private static void train(T3DModel model, TrainingConfig config, Path out, boolean resume)
      throws IOException {
    builder(model, config, out).resume(resume).build().run();
  }

  private static float[] embeddings(T3DModel model, NDManager owner) {
    try (NDManager scope = owner.newSubManager()) {
      PairBatch batch = SmallTraining.batch(9, 0, 3);
      NDArray voxels =
          ViewBatch.collate(scope, batch.views()).slots().get(0).voxels(); // (3, 1, D, H, W)
      NDArray texts = model.encodeReports(scope, batch.reports());
      return model.encodeVolumes(voxels).concat(texts, 0).toFloatArray();
    }
  }

  private static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).containsExactly(expected, within(1e-5f));
  }

  private static Map<String, float[]> values(T3DModel model) {
    Map<String, float[]> out = new TreeMap<>();
    model.parameters().forEach((name, p) -> out.put(name, p.getArray().toFloatArray()));
    return out;
  }
}
