package io.t3d.core.nn.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.core.config.Vit3dVariant.Rotary;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CropVit3dTest {
  private static final Shape VIEWS = new Shape(2, 1, 4, 8, 12); // 1 × 2 × 3 crops each

  private NDManager manager;
  private CropVit3d net;
  private NDArray views;

  private static Vit3dConfig vit(Size3 patch, int hiddenSize, int layers) {
    return Vit3dConfig.builder()
        .patch(patch)
        .hiddenSize(hiddenSize)
        .layers(layers)
        .heads(2)
        .mlpSize(10)
        .position(Position.NONE)
        .dropout(0)
        .qkvBias(true)
        .variant(
            Vit3dVariant.builder()
                .classToken(true)
                .pooling(Pooling.CLS_AND_MEAN)
                .layerScale(0.5)
                .rotary(Rotary.defaults())
                .build())
        .build();
  }

  private static CropVit3dConfig config() {
    return new CropVit3dConfig(
        Size3.cube(4), vit(new Size3(2, 2, 4), 12, 1), vit(Size3.cube(1), 24, 2));
  }

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
    Engine.getInstance().setRandomSeed(5);
    net = new CropVit3d(config());
    net.initialize(manager, DataType.FLOAT32, VIEWS);
    for (Parameter parameter : StateDict.of(net).values()) {
      NDArray array = parameter.getArray();
      array.add(Scalars.multiply(manager.randomNormal(array.getShape()), 0.2)).copyTo(array);
    }
    views = manager.randomNormal(VIEWS);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private VisualTokens encode(NDArray input) {
    return net.encode(new ParameterStore(manager, false), input, false);
  }

  @Test
  void aTokenStandsForACropAndViewsAreIndependent() {
    VisualTokens seen = encode(views);
    assertThat(new int[] {seen.depth(), seen.height(), seen.width()}).containsExactly(1, 2, 3);
    assertThat(seen.tokens().getShape()).isEqualTo(new Shape(2, 6, 48));
    assertThat(net.getOutputShapes(new Shape[] {VIEWS})).containsExactly(new Shape(2, 6, 48));
    assertThat(net.channels()).isEqualTo(48);
    NDArray alone = encode(views.get("1:2")).tokens();
    assertThat(seen.tokens().get("1:2").sub(alone).abs().max().getFloat()).isLessThan(1e-5f);
  }

  @Test
  void aHeadMapsTheMeanAndTheTokensAndLearnsWithTheLastLayer() {
    CropVit3dConfig plain = config();
    CropVit3dConfig headed =
        new CropVit3dConfig(
            plain.crop(),
            plain.local(),
            plain.combiner(),
            Optional.of(new CropVit3dConfig.Head(7, 5, 3)));
    CropVit3d other = new CropVit3d(headed);
    other.initialize(manager, DataType.FLOAT32, VIEWS);
    try (NDManager batch = manager.newSubManager()) {
      NDArray input = batch.randomNormal(VIEWS);
      VisualTokens seen = other.encode(new ParameterStore(batch, false), input, false);
      assertThat(seen.tokens().getShape()).isEqualTo(new Shape(2, 6, 3));
      assertThat(seen.pooled().orElseThrow().getShape()).isEqualTo(new Shape(2, 3));
      assertThat(batch.getManagedArrays()).hasSize(3); // nothing is left over
    }
    assertThat(other.channels()).isEqualTo(3);
    assertThat(other.layerOf("head.linear4.weight")).isEqualTo(other.layers() + 1);
    assertThat(Configs.fromJson(Configs.toJson(headed), CropVit3dConfig.class)).isEqualTo(headed);
    assertThat(Configs.toJson(plain)).doesNotContain("head\"");
  }

  @Test
  void aViewThatCropsDoNotDivideIsAnError() {
    assertThatExceptionOfType(T3dException.class)
        .isThrownBy(() -> encode(manager.ones(new Shape(1, 1, 4, 8, 10))))
        .withMessage(
            "The view's (D, H, W) must be a multiple of the crop (4, 4, 4), got (4, 8, 10); cut or"
                + " pad the volume to one");
  }

  private double loss() {
    NDArray tokens = encode(views).tokens();
    return tokens.mul(VisionGolden.wave(manager, tokens.getShape())).mean().getFloat();
  }

  private Map<String, NDArray> gradients(boolean checkpoints, boolean bfloat16) {
    StateDict.of(net)
        .values()
        .forEach(p -> p.getArray().getGradient().subi(p.getArray().getGradient()));
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      if (checkpoints) {
        try (ActivationCheckpoints open = ActivationCheckpoints.open(manager, 1)) {
          collector.backward(trained(bfloat16));
          open.backward();
        }
      } else {
        collector.backward(trained(bfloat16));
      }
    }
    Map<String, NDArray> out = new LinkedHashMap<>();
    StateDict.of(net).forEach((k, p) -> out.put(k, p.getArray().getGradient().duplicate()));
    return out;
  }

  private NDArray trained(boolean bfloat16) {
    ParameterStore store = new ParameterStore(manager, false);
    NDArray tokens;
    if (bfloat16) {
      try (Autocast scope = Autocast.bfloat16(TestDevice.get())) {
        tokens = net.encode(store, views, true).tokens();
      }
    } else {
      tokens = net.encode(store, views, true).tokens();
    }
    NDArray whole = Casts.toFloat32(tokens);
    return whole.mul(VisionGolden.wave(manager, whole.getShape())).mean();
  }

  @Test
  void theGradientOfEveryParameterIsTheSlope() {
    Map<String, NDArray> gradients = gradients(false, false);
    gradients.forEach(
        (name, gradient) -> {
          NDArray array = StateDict.of(net).get(name).getArray();
          NDArray start = array.duplicate();
          double norm = Math.sqrt(gradient.square().sum().getFloat());
          assertThat(norm).as(name).isPositive();
          if (norm < 1e-4) {
            return; // below what differences of float32 losses show
          }
          double step = 0.02;
          NDArray along = Scalars.multiply(gradient, step / norm);
          start.add(along).copyTo(array);
          double up = loss();
          start.sub(along).copyTo(array);
          double down = loss();
          start.copyTo(array);
          assertThat((up - down) / (2 * step)).as(name).isCloseTo(norm, within(0.03 * norm + 2e-5));
        });
  }

  @Test
  void activationCheckpointsAndBfloat16GiveTheGradients() {
    assumeTrue(TorchBridge.available());
    Map<String, NDArray> expected = gradients(false, false);
    Map<String, NDArray> checkpointed = gradients(true, false);
    Map<String, NDArray> rounded = gradients(false, true);
    double all = 0;
    double wrong = 0;
    for (Map.Entry<String, NDArray> entry : expected.entrySet()) {
      NDArray right = entry.getValue();
      double scale = Math.max(1e-4, right.abs().max().getFloat());
      assertThat((double) checkpointed.get(entry.getKey()).sub(right).abs().max().getFloat())
          .as(entry.getKey())
          .isLessThan(1e-4 * scale);
      all += right.square().sum().getFloat();
      wrong += rounded.get(entry.getKey()).sub(right).square().sum().getFloat();
    }
    assertThat(Math.sqrt(wrong / all)).isLessThan(0.1);
  }

  @Test
  void layersCountThroughBothTransformers() {
    assertThat(net.layers()).isEqualTo(3);
    assertThat(net.layerOf("local.cls_token")).isZero();
    assertThat(net.layerOf("local.blocks.0.norm1.weight")).isEqualTo(1);
    assertThat(net.layerOf("combiner.blocks.1.norm1.weight")).isEqualTo(3);
    assertThat(net.layerOf("combiner.norm.weight")).isEqualTo(4);
  }

  @Test
  void settingsSurviveJsonAndSayWhatDoesNotFit() {
    assertThat(Configs.fromJson(Configs.toJson(config()), CropVit3dConfig.class))
        .isEqualTo(config());
    assertThat(VisionEncoders.configOf(net)).isEqualTo((VisionConfig) config());
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new CropVit3dConfig(new Size3(3, 4, 4), config().local(), config().combiner()))
        .withMessageStartingWith("CropVit3dConfig.crop must be a multiple of local.patch");
  }
}
