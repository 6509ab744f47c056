package io.t3d.core.nn;

import static io.t3d.core.nn.VisionGolden.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PatchEmbedding3dTest {
  private static final Shape VIEWS = new Shape(2, 1, 6, 8, 15);

  private NDManager manager;
  private ParameterStore parameters;
  private PatchEmbedding3d embedding;
  private NDArray weight;
  private NDArray bias;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    parameters = new ParameterStore(manager, false);
    Engine.getInstance().setRandomSeed(11);
    embedding = new PatchEmbedding3d(new Size3(2, 4, 5), 7);
    embedding.initialize(manager, DataType.FLOAT32, VIEWS);
    weight = embedding.getDirectParameters().get("weight").getArray();
    bias = embedding.getDirectParameters().get("bias").getArray();
    manager.randomNormal(bias.getShape()).copyTo(bias);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalsAConvolutionWhoseStrideIsItsKernel() {
    NDArray views = manager.randomNormal(VIEWS);
    views.setRequiresGradient(true);
    Result ours = run(views, v -> embedding.forward(parameters, v, true));
    Result conv = run(views, this::conv3d);

    assertClose("tokens", ours.tokens(), conv.tokens(), 1e-5);
    assertClose("gradient of weight", ours.weight(), conv.weight(), 1e-5);
    assertClose("gradient of bias", ours.bias(), conv.bias(), 1e-5);
    assertClose("gradient of views", ours.views(), conv.views(), 1e-5);
  }

  private NDArray conv3d(NDArray views) {
    Shape stride = new Shape(2, 4, 5);
    NDArray map =
        Conv3d.conv3d(views, weight, bias, stride, new Shape(0, 0, 0), new Shape(1, 1, 1))
            .singletonOrThrow(); // (B, C, d, h, w)
    return map.reshape(2, 7, -1).transpose(0, 2, 1); // (B, N, C)
  }

  private record Result(NDArray tokens, NDArray weight, NDArray bias, NDArray views) {}

  private Result run(NDArray views, UnaryOperator<NDArray> step) {
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

  @Test
  void leavesNothingOnTheManagerOfTheWeights() {
    int before = manager.getManagedArrays().size();
    try (NDManager batch = manager.newSubManager()) {
      NDArray views = batch.randomNormal(VIEWS);
      NDArray tokens = embedding.forward(parameters, views, false);
      assertThat(batch.getManagedArrays()).containsExactlyInAnyOrder(views, tokens);
    }
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @Test
  void aViewThatThePatchDoesNotDivideIsAnError() {
    NDArray views = manager.ones(new Shape(1, 1, 6, 9, 15));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> embedding.forward(parameters, views, false))
        .withMessage(
            "The patch (2, 4, 5) must divide the view's (D, H, W), got (6, 9, 15); choose a view"
                + " size that is a multiple of Vit3dConfig.patch");
  }
}
