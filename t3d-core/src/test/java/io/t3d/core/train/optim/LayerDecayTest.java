package io.t3d.core.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.internal.encoder.TextEncoders;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.train.Objective;
import io.t3d.core.train.PairSource;
import io.t3d.core.train.SmallTraining;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LayerDecayTest {
  private static final TrainingConfig BOTH =
      TrainingConfig.builder().textLayerDecay(0.5).visionLayerDecay(0.25).build();

  @Test
  void twelveLayersOfBertFallFromTheTopDownToTheEmbeddings() {
    LayerDecay rate = of(T3DConfig.vitBase(), BOTH);
    assertThat(rate.applyAsDouble("text.encoder.layer.11.output.dense.weight")).isEqualTo(0.5);
    assertThat(rate.applyAsDouble("text.encoder.layer.9.output.dense.weight")).isEqualTo(0.125);
    assertThat(rate.applyAsDouble("text.encoder.layer.0.attention.self.query.bias"))
        .isEqualTo(Math.pow(0.5, 12));
    assertThat(rate.applyAsDouble("text.embeddings.word_embeddings.weight"))
        .isEqualTo(Math.pow(0.5, 13));
    assertThat(rate.applyAsDouble("vision.blocks.11.norm1.weight")).isEqualTo(0.25);
    assertThat(rate.applyAsDouble("vision.blocks.0.norm1.weight")).isEqualTo(Math.pow(0.25, 12));
    assertThat(rate.applyAsDouble("vision.patch_embedding.patch_embeddings.weight"))
        .isEqualTo(Math.pow(0.25, 13));
    assertThat(rate.applyAsDouble("vision.norm.weight")).isEqualTo(1);
  }

  @Test
  void stagesAreTheLayersOfAResNet() {
    LayerDecay rate = of(T3DConfig.resnet50(), BOTH);
    assertThat(rate.applyAsDouble("vision.layer4.0.conv1.weight")).isEqualTo(0.25);
    assertThat(rate.applyAsDouble("vision.layer1.2.bn1.weight")).isEqualTo(Math.pow(0.25, 4));
    assertThat(rate.applyAsDouble("vision.conv1.weight")).isEqualTo(Math.pow(0.25, 5));
    assertThat(rate.applyAsDouble("vision.bn1.bias")).isEqualTo(Math.pow(0.25, 5));
  }

  @Test
  void whatIsNoEncoderAndTheObjectiveLearnAtTheFullRate() {
    LayerDecay rate = of(T3DConfig.vitBase(), BOTH);
    for (String name :
        List.of(
            "vision_projection.linear.weight",
            "text_projection.linear.weight",
            "fusion.query.weight",
            "prototypes.weight",
            "logit_scale",
            "objective.text.embeddings.weight")) {
      assertThat(rate.applyAsDouble(name)).as(name).isEqualTo(1);
    }
  }

  @Test
  void theDefaultIsOneRate() {
    LayerDecay rate = of(T3DConfig.resnet50(), TrainingConfig.defaults());
    assertThat(rate.applyAsDouble("vision.conv1.weight")).isEqualTo(1);
    assertThat(rate.applyAsDouble("text.embeddings.word_embeddings.weight")).isEqualTo(1);
  }

  /** A name that the rule does not know would silently learn at the full rate. */
  @Test
  void everyParameterOfBothEncodersIsInALayer() {
    for (T3DConfig config : List.of(SmallTraining.vit(), SmallTraining.resnet(0))) {
      try (T3DModel model = SmallTraining.model(config)) {
        LayerDecay rate = of(config, BOTH);
        Map<Boolean, List<String>> full =
            model.parameters().keySet().stream()
                .collect(Collectors.partitioningBy(name -> rate.applyAsDouble(name) == 1));
        assertThat(full.get(true))
            .filteredOn(name -> name.startsWith("text.") || name.startsWith("vision."))
            .allMatch(name -> name.startsWith("vision.norm."));
        assertThat(full.get(false)).isNotEmpty();
      }
    }
  }

  /** Biases start at zero and do not decay: one step of AdamW moves them by the rate alone. */
  @Test
  void oneStepMovesALayerByItsFactorOfWhatItWouldOnBothPaths() {
    TrainingConfig off = TrainingConfig.builder().clipNorm(0).build();
    TrainingConfig on = off.toBuilder().textLayerDecay(0.5).visionLayerDecay(0.5).build();
    Map<String, float[]> full = biasesAfterAStep(off, true);
    Map<String, float[]> kernel = biasesAfterAStep(on, true);
    Map<String, float[]> plain = biasesAfterAStep(on, false);
    LayerDecay rate = of(SmallTraining.vit(), on);
    List<Double> factors = new ArrayList<>();
    full.forEach(
        (name, bias) -> {
          float factor = (float) rate.applyAsDouble(name);
          factors.add((double) factor);
          float[] expected = new float[bias.length];
          for (int i = 0; i < bias.length; i++) {
            expected[i] = factor * bias[i]; // a power of two: exact
          }
          assertThat(kernel.get(name)).as(name).containsExactly(expected);
          assertThat(plain.get(name)).as(name).containsExactly(expected, within(1e-9f));
        });
    assertThat(factors).contains(0.25, 0.5, 1.0);
    assertThat(full.get("text.encoder.layer.0.output.dense.bias"))
        .as("it moves at all")
        .isNotEqualTo(new float[16]);
  }

  static Stream<Arguments> publishedEncoders() {
    Vit3dConfig.Builder vit =
        Vit3dConfig.builder()
            .patch(Size3.cube(4))
            .hiddenSize(12)
            .layers(2)
            .heads(2)
            .mlpSize(12)
            .position(Vit3dConfig.Position.NONE);
    Vit3dVariant.Builder variant =
        Vit3dVariant.builder()
            .classToken(true)
            .layerScale(0.1)
            .rotary(Vit3dVariant.Rotary.defaults())
            .pooling(Vit3dVariant.Pooling.CLS);
    Vit3dConfig plain = vit.variant(variant.build()).build();
    Vit3dConfig voxelFm = vit.variant(variant.registers(4).build()).build();
    Vit3dConfig crop =
        vit.variant(variant.registers(0).pooling(Vit3dVariant.Pooling.CLS_AND_MEAN).build())
            .build();
    VisionConfig merlin =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BOTTLENECK, List.of(1, 2, 1, 1), List.of(4, 4, 4, 4), 7, 2, true);
    return Stream.of(
        arguments("CT-CLIP", new CtVitConfig(Size3.cube(4), 2, 2, 16, 2, 1, 2, 8, 16, 2, 8, 8), 3),
        arguments("Merlin", merlin, 4),
        arguments("SPECTRE", new CropVit3dConfig(Size3.cube(8), crop, combiner(crop)), 4),
        arguments("VoxelFM", voxelFm, 2),
        arguments("M3D-CLIP", plain, 2));
  }

  private static Vit3dConfig combiner(Vit3dConfig local) {
    return local.toBuilder().patch(Size3.cube(1)).build();
  }

  /** No layer is left out, and what is learned in a layer learns at that layer's factor. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("publishedEncoders")
  void theDecayReachesEveryLayerOfPublishedEncoders(String name, VisionConfig config, int layers) {
    VisionEncoder encoder = VisionEncoders.create(config);
    assertThat(encoder.layers()).isEqualTo(layers);
    LayerDecay rate = LayerDecay.of(encoder, TextEncoders.create(TextConfig.tiny()), 0.5, 1);
    Set<Double> factors =
        StateDict.of(encoder).keySet().stream()
            .map(parameter -> rate.applyAsDouble("vision." + parameter))
            .collect(Collectors.toSet());
    Set<Double> expected =
        IntStream.rangeClosed(0, layers)
            .mapToObj(layer -> Math.pow(0.5, layers + 1 - layer))
            .collect(Collectors.toSet());
    factors.remove(1.0); // what lies above the last layer
    assertThat(factors).isEqualTo(expected);
  }

  private static LayerDecay of(T3DConfig model, TrainingConfig config) {
    return LayerDecay.of(
        VisionEncoders.create(model.vision()),
        TextEncoders.create(model.text()),
        config.visionLayerDecay(),
        config.textLayerDecay());
  }

  private static Map<String, float[]> biasesAfterAStep(TrainingConfig config, boolean fused) {
    T3DConfig modelConfig = SmallTraining.vit();
    try (T3DModel model = SmallTraining.model(modelConfig);
        AdamW optimizer =
            new AdamW(
                model.manager(),
                model.parameters(),
                config.optimizer(),
                of(modelConfig, config),
                fused);
        PairSource.Batches batches = SmallTraining.source(1, SmallTraining.PAIRS).epoch(0, 0)) {
      Objective contrast = (output, ids) -> SmallTraining.contrast(output);
      TrainingStep step = new TrainingStep(model, contrast, optimizer, config);
      assertThat(step.run(0, 1e-3, batches, 1).finite()).isTrue();
      Map<String, float[]> out = new TreeMap<>();
      model
          .parameters()
          .forEach(
              (name, parameter) -> {
                if (name.endsWith(".bias")) {
                  out.put(name, parameter.getArray().toFloatArray());
                }
              });
      return out;
    }
  }
}
