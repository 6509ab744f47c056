package io.t3d.core.nn.vision;

import static io.t3d.core.nn.vision.VisionGolden.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Mlp;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.core.config.Vit3dVariant.Rotary;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Variants of the ViT against an independent PyTorch network with the same weights. */
class VitVariantTest {
  private NDManager manager;
  private ParameterStore parameters;

  static Stream<Arguments> nets() {
    return Stream.of(
        arguments(
            "vit_registers",
            config(new Size3(2, 4, 4), 24, 1, 2, 20)
                .position(Position.NONE)
                .qkvBias(true)
                .variant(
                    Vit3dVariant.builder()
                        .classToken(true)
                        .registers(2)
                        .layerScale(1e-5)
                        .rotary(new Rotary(Rotary.Coordinates.CENTRED, 100))
                        .pooling(Pooling.CLS)
                        .build())
                .build()),
        arguments(
            "vit_gated",
            config(new Size3(2, 2, 4), 12, 2, 2, 10)
                .position(Position.NONE)
                .qkvBias(true)
                .layerNormEps(1e-6)
                .variant(
                    Vit3dVariant.builder()
                        .registers(1)
                        .mlp(Mlp.SWIGLU)
                        .mlpNorm(true)
                        .attentionNorm(true)
                        .layerScale(0.1)
                        .rotary(new Rotary(Rotary.Coordinates.INDEX, 10_000))
                        .outputSize(8)
                        .pooling(Pooling.ATTENTION)
                        .poolingHeads(2)
                        .build())
                .build()),
        arguments(
            "vit_class_and_mean",
            config(new Size3(2, 4, 4), 12, 1, 3, 10)
                .position(Position.LEARNED)
                .gridSize(new Size3(2, 3, 3))
                .variant(
                    Vit3dVariant.builder()
                        .classToken(true)
                        .mlpNorm(true)
                        .pooling(Pooling.CLS_AND_MEAN)
                        .build())
                .build()),
        arguments(
            "vit_slices",
            config(new Size3(2, 4, 4), 12, 3, 3, 10)
                .position(Position.LEARNED)
                .gridSize(new Size3(3, 2, 3))
                .variant(
                    Vit3dVariant.builder()
                        .classToken(true)
                        .registers(1)
                        .pooling(Pooling.CLS)
                        .globalEvery(2)
                        .build())
                .build()));
  }

  private static Vit3dConfig.Builder config(
      Size3 patch, int hiddenSize, int layers, int heads, int mlpSize) {
    return Vit3dConfig.builder()
        .patch(patch)
        .hiddenSize(hiddenSize)
        .layers(layers)
        .heads(heads)
        .mlpSize(mlpSize)
        .gridSize(Size3.cube(1))
        .dropout(0);
  }

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
    parameters = new ParameterStore(manager, false);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Vit3d load(VisionGolden golden, Vit3dConfig config) {
    Vit3d encoder = new Vit3d(config);
    encoder.initialize(manager, DataType.FLOAT32, golden.inputShape());
    golden.loadInto(encoder, manager);
    return encoder;
  }

  private NDArray views(VisionGolden golden) {
    return VisionGolden.wave(manager, golden.inputShape());
  }

  /** The loss of the golden file. */
  private NDArray loss(VisualTokens seen) {
    NDArray tokens = Casts.toFloat32(seen.tokens());
    NDArray loss = tokens.mul(VisionGolden.wave(manager, tokens.getShape())).mean();
    if (seen.pooled().isEmpty()) {
      return loss;
    }
    NDArray pooled = Casts.toFloat32(seen.pooled().get());
    return loss.add(pooled.mul(VisionGolden.wave(manager, pooled.getShape())).mean());
  }

  @ParameterizedTest
  @MethodSource("nets")
  void namesTokensAndPooledFeaturesAreThoseOfPyTorch(String name, Vit3dConfig config) {
    VisionGolden golden = VisionGolden.load(name);
    Vit3d encoder = load(golden, config);
    assertThat(StateDict.of(encoder).keySet())
        .containsExactlyInAnyOrderElementsOf(golden.stateNames());

    VisualTokens seen = encoder.encode(parameters, views(golden), false);

    double tolerance = TestDevice.tolerance(1e-5, 1e-3);
    assertClose("tokens", seen.tokens(), golden.array(manager, "tokens"), tolerance);
    assertThat(seen.pooled().isPresent()).isEqualTo(golden.root().has("pooled"));
    seen.pooled()
        .ifPresent(p -> assertClose("pooled", p, golden.array(manager, "pooled"), tolerance));
  }

  @ParameterizedTest
  @MethodSource("nets")
  void everyParameterHasTheGradientOfPyTorch(String name, Vit3dConfig config) {
    VisionGolden golden = VisionGolden.load(name);
    Vit3d encoder = load(golden, config);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.backward(loss(encoder.encode(parameters, views(golden), true)));
    }
    assertGradients(encoder, golden.arrays(manager, "gradients"), 1e-4);
  }

  @ParameterizedTest
  @MethodSource("nets")
  void activationCheckpointsGiveTheSameGradients(String name, Vit3dConfig config) {
    assumeTrue(TorchBridge.available());
    VisionGolden golden = VisionGolden.load(name);
    Vit3d encoder = load(golden, config);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector();
        ActivationCheckpoints checkpoints = ActivationCheckpoints.open(manager, 1)) {
      collector.backward(loss(encoder.encode(parameters, views(golden), true)));
      checkpoints.backward();
    }
    assertGradients(encoder, golden.arrays(manager, "gradients"), 1e-4);
  }

  @ParameterizedTest
  @MethodSource("nets")
  void bfloat16IsCloseInTokensAndGradients(String name, Vit3dConfig config) {
    assumeTrue(TorchBridge.available());
    VisionGolden golden = VisionGolden.load(name);
    Vit3d encoder = load(golden, config);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      VisualTokens seen;
      try (Autocast scope = Autocast.bfloat16(TestDevice.get())) {
        seen = encoder.encode(parameters, views(golden), true);
      }
      NDArray tokens = Casts.toFloat32(seen.tokens());
      assertClose("tokens", tokens, golden.array(manager, "tokens"), 0.05);
      collector.backward(loss(seen));
    }
    Map<String, NDArray> expected = golden.arrays(manager, "gradients");
    double all = 0;
    double wrong = 0;
    for (Map.Entry<String, Parameter> entry : StateDict.of(encoder).entrySet()) {
      NDArray gradient = entry.getValue().getArray().getGradient();
      NDArray right = expected.get(entry.getKey());
      all += right.square().sum().getFloat();
      wrong += gradient.sub(right).square().sum().getFloat();
    }
    assertThat(Math.sqrt(wrong / all)).isLessThan(0.1);
  }

  private void assertGradients(Vit3d encoder, Map<String, NDArray> expected, double tolerance) {
    Map<String, Parameter> state = StateDict.of(encoder);
    assertThat(expected.keySet()).containsExactlyInAnyOrderElementsOf(state.keySet());
    double largest =
        expected.values().stream().mapToDouble(g -> g.abs().max().getFloat()).max().orElseThrow();
    expected.forEach(
        (key, gradient) -> {
          NDArray own = state.get(key).getArray().getGradient();
          double scale = Math.max(gradient.abs().max().getFloat(), 1e-3 * largest);
          assertThat((double) own.sub(gradient).abs().max().getFloat())
              .as("gradient of " + key)
              .isLessThanOrEqualTo(TestDevice.tolerance(tolerance, 10 * tolerance) * scale);
        });
  }

  @ParameterizedTest
  @MethodSource("nets")
  void whatGoesAlongIsNoTokenOfTheGridAndNothingIsLeftOver(String name, Vit3dConfig config) {
    VisionGolden golden = VisionGolden.load(name);
    Vit3d encoder = load(golden, config);
    int weights = manager.getManagedArrays().size();
    try (NDManager batch = manager.newSubManager()) {
      NDArray views = VisionGolden.wave(batch, golden.inputShape());
      VisualTokens seen = encoder.encode(new ParameterStore(batch, false), views, false);
      long n = (long) seen.depth() * seen.height() * seen.width();
      assertThat(seen.tokens().getShape()).isEqualTo(new Shape(2, n, config.channels()));
      assertThat(encoder.getOutputShapes(new Shape[] {views.getShape()}))
          .containsExactly(seen.tokens().getShape());
      assertThat(encoder.channels()).isEqualTo(config.channels());
      int kept = seen.pooled().isPresent() ? 3 : 2;
      assertThat(batch.getManagedArrays()).hasSize(kept);

      List<NDArray> maps = encoder.featureMaps(new ParameterStore(batch, false), views, false);
      assertThat(maps).hasSize(config.layers());
      assertThat(maps.get(0).getShape())
          .isEqualTo(new Shape(2, config.hiddenSize(), seen.depth(), seen.height(), seen.width()));
      assertThat(batch.getManagedArrays()).hasSize(kept + maps.size());
    }
    assertThat(manager.getManagedArrays()).hasSize(weights);
  }

  @Test
  void theMeanOfTokensWithTheClassTokenIsClassTokenAndMean() {
    Vit3dConfig config =
        config(new Size3(2, 2, 2), 12, 1, 2, 8)
            .variant(Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS_AND_MEAN).build())
            .build();
    Engine.getInstance().setRandomSeed(2);
    Vit3d both = new Vit3d(config);
    both.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 4, 4, 4));
    NDArray views = manager.randomNormal(new Shape(1, 1, 4, 4, 4));

    NDArray mean = both.encode(parameters, views, false).tokens().mean(new int[] {1});

    Vit3d first =
        new Vit3d(
            config.toBuilder()
                .variant(Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS).build())
                .build());
    first.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 4, 4, 4));
    Map<String, Parameter> weights = StateDict.of(both);
    StateDict.of(first).forEach((k, p) -> weights.get(k).getArray().copyTo(p.getArray()));
    VisualTokens alone = first.encode(parameters, views, false);
    NDArray tokens = alone.tokens().mean(new int[] {1});
    assertClose("class token", mean.get(":, :12"), alone.pooled().orElseThrow(), 1e-6);
    assertClose("mean", mean.get(":, 12:"), tokens, 1e-6);
  }

  @Test
  void aVariantIsASettingThatOldFilesLack() {
    Vit3dConfig plain = Vit3dConfig.base();
    assertThat(Configs.toJson(plain)).doesNotContain("variant");
    assertThat(plain.toBuilder().variant(Vit3dVariant.defaults()).build()).isEqualTo(plain);
    Vit3dConfig read =
        Configs.fromYaml(
            "preset: base\nposition: NONE\nvariant: {classToken: true, registers: 4,"
                + " layerScale: 1e-5, pooling: CLS, rotary: {coordinates: CENTRED}}\n"
                + "hiddenSize: 864",
            Vit3dConfig.class);
    assertThat(read.variant())
        .contains(
            Vit3dVariant.builder()
                .classToken(true)
                .registers(4)
                .layerScale(1e-5)
                .pooling(Pooling.CLS)
                .rotary(Rotary.defaults())
                .build());
    assertThat(Configs.fromJson(Configs.toJson(read), Vit3dConfig.class)).isEqualTo(read);
  }

  /** The settings of docs/published-models.md. */
  @Test
  void primusMIsAVariant() {
    Vit3dConfig primus =
        Configs.fromYaml(
            "{preset: base, patch: {depth: 8, height: 8, width: 8}, hiddenSize: 864, layers: 16,"
                + " mlpSize: 2304, position: NONE, qkvBias: true, variant: {layerScale: 0.1,"
                + " rotary: {coordinates: INDEX, base: 10000}, mlp: SWIGLU, mlpNorm: true,"
                + " attentionNorm: true}}",
            Vit3dConfig.class);
    assertThat(primus.heads()).isEqualTo(12);
    assertThat(primus.variantOrPlain().mlp()).isEqualTo(Mlp.SWIGLU);
    assertThat(primus.channels()).isEqualTo(864);
  }

  @Test
  void whatDoesNotGoTogetherIsSaid() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Vit3dVariant.builder().pooling(Pooling.CLS).build())
        .withMessage("Vit3dVariant.pooling CLS needs a class token; set classToken to true");
    Vit3dVariant rotary = Vit3dVariant.builder().rotary(Rotary.defaults()).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Vit3dConfig.base().toBuilder().variant(rotary).build())
        .withMessageEndingWith("heads must be a multiple of 6, got 768 / 12");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rotary.toBuilder().globalEvery(3).build())
        .withMessageStartingWith("Vit3dVariant.globalEvery must be 1 with rotary positions");
  }

  @Test
  void classAndRegisterTokensBelongToTheFirstLayerAndPoolingToTheLast() {
    Vit3d net =
        new Vit3d(
            config(new Size3(2, 2, 2), 12, 3, 2, 8)
                .variant(
                    Vit3dVariant.builder()
                        .classToken(true)
                        .registers(1)
                        .layerScale(0.1)
                        .pooling(Pooling.ATTENTION)
                        .poolingHeads(2)
                        .build())
                .build());
    Map<String, Integer> layers = new LinkedHashMap<>();
    for (String name :
        List.of("cls_token", "register_tokens", "blocks.2.ls1.weight", "pool.query.weight")) {
      layers.put(name, net.layerOf(name));
    }
    assertThat(layers.values()).containsExactly(0, 0, 3, 4);
  }
}
