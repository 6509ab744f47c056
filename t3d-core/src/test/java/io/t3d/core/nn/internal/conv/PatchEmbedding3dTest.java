package io.t3d.core.nn.internal.conv;

import static io.t3d.core.nn.vision.VisionGolden.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import io.t3d.core.nn.vision.VisionGolden;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchBridge;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PatchEmbedding3dTest {
  // With fewer than 16, the gradient of views of libtorch 2.7.1's conv3d, the reference, is wrong.
  private static final int CHANNELS = 16;

  private NDManager manager;
  private ParameterStore parameters;
  private Size3 patch;
  private PatchEmbedding3d embedding;
  private NDArray weight;
  private NDArray bias;

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
    parameters = new ParameterStore(manager, false);
    Engine.getInstance().setRandomSeed(11);
    build(new Size3(2, 4, 5));
  }

  private void build(Size3 size) {
    patch = size;
    embedding = new PatchEmbedding3d(size, CHANNELS);
    embedding.initialize(manager, DataType.FLOAT32, views(size));
    weight = embedding.getDirectParameters().get("weight").getArray();
    bias = embedding.getDirectParameters().get("bias").getArray();
    manager.randomNormal(bias.getShape()).copyTo(bias);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static Shape views(Size3 patch) {
    return new Shape(2, 1, 3L * patch.depth(), 2L * patch.height(), 3L * patch.width());
  }

  /** Sizes on all sides of the rule: small, 512 to 2,048 voxels, larger; also thin ones. */
  @ParameterizedTest
  @CsvSource({"2, 4, 5", "1, 16, 16", "8, 8, 8", "4, 16, 16", "32, 2, 8", "16, 16, 16"})
  void equalsAConvolutionWhoseStrideIsItsKernel(int depth, int height, int width) {
    build(new Size3(depth, height, width));
    NDArray views = manager.randomNormal(views(patch));
    Result conv = run(views, this::conv3d);
    for (boolean training : new boolean[] {true, false}) {
      Result ours = run(views, v -> embedding.forward(parameters, v, training));
      assertClose("tokens", ours.tokens(), conv.tokens(), 1e-5);
      assertClose("gradient of weight", ours.weight(), conv.weight(), 1e-5);
      assertClose("gradient of bias", ours.bias(), conv.bias(), 1e-5);
      assertClose("gradient of views", ours.views(), conv.views(), 1e-5);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 4, 5", "8, 8, 8", "16, 16, 16"})
  void autocastGivesBfloat16TokensAndFloat32Gradients(int depth, int height, int width) {
    assumeTrue(TorchBridge.available());
    build(new Size3(depth, height, width));
    NDArray views = manager.randomNormal(views(patch));
    Result conv = run(views, this::conv3d);
    Result ours =
        run(
            views,
            v -> {
              try (Autocast scope = Autocast.bfloat16(TestDevice.get())) {
                NDArray tokens = embedding.forward(parameters, v, true);
                assertThat(Casts.isBfloat16(tokens)).isTrue();
                return Casts.toFloat32(tokens);
              }
            });
    // 8 bits of precision on weights, voxels and results.
    assertClose("tokens", ours.tokens(), conv.tokens(), 0.02);
    assertClose("gradient of weight", ours.weight(), conv.weight(), 0.02);
    assertClose("gradient of views", ours.views(), conv.views(), 0.02);
    assertThat(ours.weight().getDataType()).isEqualTo(DataType.FLOAT32);
  }

  @ParameterizedTest
  @CsvSource({"2, 4, 5", "8, 8, 8", "16, 16, 16"})
  void aCropOfALargerArrayGivesTheTokensOfItsCopy(int depth, int height, int width) {
    build(new Size3(depth, height, width));
    NDArray whole = manager.randomNormal(new Shape(2, 1, 60, 50, 60));
    Shape size = views(patch);
    NDArray crop =
        whole.get(":, :, 1:{}, 2:{}, 3:{}", size.get(2) + 1, size.get(3) + 2, size.get(4) + 3);
    NDArray copy = manager.create(crop.toFloatArray(), crop.getShape());
    // Both may add a patch's voxels in another order: roundings of random sign.
    double rounding = Math.scalb(Math.sqrt(depth * height * width), -24);
    assertClose(
        "tokens",
        embedding.forward(parameters, crop, false),
        embedding.forward(parameters, copy, false),
        Math.max(1e-6, rounding));
  }

  @ParameterizedTest
  @CsvSource({"2, 4, 5", "8, 8, 8"})
  void tokensAreContiguousSoThatTheNetworkAfterThemIsNotSlowed(int depth, int height, int width) {
    assumeTrue(TorchBridge.available());
    build(new Size3(depth, height, width));
    NDArray tokens = embedding.forward(parameters, manager.randomNormal(views(patch)), true);
    assertThat(TorchBridge.borrow(tokens).is_contiguous()).isTrue();
  }

  private NDArray conv3d(NDArray views) {
    Shape stride = new Shape(patch.depth(), patch.height(), patch.width());
    NDArray map =
        Conv3d.conv3d(views, weight, bias, stride, new Shape(0, 0, 0), new Shape(1, 1, 1))
            .singletonOrThrow(); // (B, C, d, h, w)
    return map.reshape(2, CHANNELS, -1).transpose(0, 2, 1); // (B, N, C)
  }

  private record Result(NDArray tokens, NDArray weight, NDArray bias, NDArray views) {}

  @ParameterizedTest
  @CsvSource({"2, 4, 5", "8, 8, 8", "16, 16, 16"})
  void weightsOfViewsWithoutGradientLearnTheSame(int depth, int height, int width) {
    build(new Size3(depth, height, width));
    NDArray views = manager.randomNormal(views(patch));
    NDArray[] ours = weightGradients(views, v -> embedding.forward(parameters, v, true));
    NDArray[] conv = weightGradients(views, this::conv3d);
    assertClose("gradient of weight", ours[0], conv[0], 1e-5);
    assertClose("gradient of bias", ours[1], conv[1], 1e-5);
  }

  private NDArray[] weightGradients(NDArray views, UnaryOperator<NDArray> step) {
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.zeroGradients();
      NDArray tokens = step.apply(views);
      collector.backward(tokens.mul(VisionGolden.wave(manager, tokens.getShape())).sum());
      return new NDArray[] {weight.getGradient().duplicate(), bias.getGradient().duplicate()};
    }
  }

  private Result run(NDArray values, UnaryOperator<NDArray> step) {
    NDArray views = values.duplicate();
    views.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.zeroGradients();
      NDArray tokens = step.apply(views);
      collector.backward(tokens.mul(VisionGolden.wave(manager, tokens.getShape())).sum());
      return new Result(
          tokens,
          weight.getGradient().duplicate(),
          bias.getGradient().duplicate(),
          views.getGradient().duplicate());
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 4, 5", "8, 8, 8"})
  void leavesNothingOnTheManagerOfTheWeights(int depth, int height, int width) {
    build(new Size3(depth, height, width));
    int before = manager.getManagedArrays().size();
    try (NDManager batch = manager.newSubManager()) {
      NDArray views = batch.randomNormal(views(patch));
      NDArray tokens = embedding.forward(parameters, views, false);
      assertThat(batch.getManagedArrays()).containsExactlyInAnyOrder(views, tokens);
    }
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @Test
  void aViewThatThePatchDoesNotDivideIsAnError() {
    NDArray views = manager.ones(new Shape(1, 1, 6, 9, 15));
    assertThatExceptionOfType(T3dException.class)
        .isThrownBy(() -> embedding.forward(parameters, views, false))
        .withMessage(
            "The patch (2, 4, 5) must divide the view's (D, H, W), got (6, 9, 15); choose a view"
                + " size that is a multiple of Vit3dConfig.patch");
  }
}
