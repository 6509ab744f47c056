package io.t3d.core.nn.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

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
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.ResNet3dConfig.Block;
import io.t3d.core.nn.CountingStore;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResNet3dTest {
  private static final ResNet3dConfig NARROW =
      new ResNet3dConfig(Block.BOTTLENECK, List.of(3, 4, 6, 3), List.of(2, 3, 4, 5), 7, 2, true);

  private NDManager manager;
  private ParameterStore parameters;

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
    parameters = new ParameterStore(manager, false);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private ResNet3d create(ResNet3dConfig config, long seed) {
    Engine.getInstance().setRandomSeed((int) seed);
    ResNet3d net = new ResNet3d(config);
    net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 32, 32, 32));
    return net;
  }

  @Test
  void resnet50InFullWidthRunsForwardAndBackward() {
    ResNet3d net = create(ResNet3dConfig.resnet50(), 1);
    NDArray views = manager.randomNormal(new Shape(1, 1, 64, 33, 40));
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray tokens = net.encode(parameters, views, true).tokens();
      assertThat(tokens.getShape().get(2)).isEqualTo(2048);
      collector.backward(tokens.square().mean());
    }
    Map<String, Parameter> state = StateDict.of(net);
    for (String name : List.of("conv1.weight", "layer4.0.downsample.0.weight")) {
      NDArray gradient = state.get(name).getArray().getGradient();
      assertThat(gradient.isInfinite().any().getBoolean()).as(name).isFalse();
      assertThat(gradient.abs().sum().getFloat()).as(name).isFinite().isPositive();
    }
  }

  @Test
  void resnet18And50HaveTheUsualNumberOfParameters() {
    // Counted in PyTorch on the networks of vision_goldens.py at these widths.
    assertThat(trainableSize(create(ResNet3dConfig.resnet18(), 1))).isEqualTo(33_160_000);
    assertThat(trainableSize(create(ResNet3dConfig.resnet50(), 1))).isEqualTo(46_155_072);
  }

  private static long trainableSize(ResNet3d net) {
    return StateDict.of(net).values().stream()
        .filter(Parameter::requiresGradient)
        .mapToLong(p -> p.getArray().getShape().size())
        .sum();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1, 1",
    "32, 32, 32, 1, 1, 1",
    "33, 64, 20, 2, 2, 1",
    "96, 5, 129, 3, 1, 5"
  })
  void anySizeFitsAndTheGridIsRoundedUp(int d, int h, int w, int gd, int gh, int gw) {
    ResNet3d net = create(NARROW, 1);
    NDArray views = manager.randomNormal(new Shape(1, 1, d, h, w));

    VisionEncoder.VisualTokens tokens = net.encode(parameters, views, false);

    assertThat(List.of(tokens.depth(), tokens.height(), tokens.width()))
        .containsExactly(gd, gh, gw);
    assertThat(tokens.tokens().getShape()).isEqualTo(new Shape(1, (long) gd * gh * gw, 20));
    assertThat(net.getOutputShapes(new Shape[] {views.getShape()})[0])
        .isEqualTo(tokens.tokens().getShape());
  }

  @Test
  void tokensFollowTheMapInZyxOrder() {
    ResNet3d net = create(NARROW, 1);
    NDArray views = manager.randomNormal(new Shape(2, 1, 64, 96, 33));

    NDArray map = net.featureMaps(parameters, views, false).get(4); // (B, C, 2, 3, 2)
    NDArray tokens = net.encode(parameters, views, false).tokens(); // (B, N, C)

    NDArray expected = map.get(":, :, 1, 2, 0"); // (B, C)
    int n = (1 * 3 + 2) * 2;
    assertThat(tokens.get(":, " + n).toFloatArray()).containsExactly(expected.toFloatArray());
  }

  @Test
  void featureMapsHaveTheResolutionsOfTheStages() {
    ResNet3d net = create(NARROW, 1);
    NDArray views = manager.randomNormal(new Shape(1, 1, 64, 64, 32));

    List<Shape> shapes =
        net.featureMaps(parameters, views, false).stream().map(NDArray::getShape).toList();

    assertThat(shapes)
        .containsExactly(
            new Shape(1, 2, 32, 32, 16),
            new Shape(1, 8, 16, 16, 8),
            new Shape(1, 12, 8, 8, 4),
            new Shape(1, 16, 4, 4, 2),
            new Shape(1, 20, 2, 2, 1));
  }

  @Test
  void featureMapsStayOpenWithoutMaxPool() {
    ResNet3dConfig config =
        new ResNet3dConfig(Block.BASIC, List.of(1, 1, 1, 1), List.of(2, 2, 2, 2), 3, 1, false);
    ResNet3d net = create(config, 1);

    List<NDArray> maps = net.featureMaps(parameters, manager.ones(new Shape(1, 1, 8, 8, 8)), false);

    assertThat(maps).hasSize(5).allSatisfy(m -> assertThat(m.sum().getFloat()).isFinite());
  }

  @Test
  void convolutionsStartWithVarianceTwoOverFanOut() {
    Map<String, Parameter> state = StateDict.of(create(ResNet3dConfig.resnet18(), 3));
    NDArray weight = state.get("layer3.0.conv1.weight").getArray(); // (256, 128, 3, 3, 3)

    double variance = weight.square().mean().getFloat();

    assertThat(variance).isCloseTo(2.0 / (256 * 27), within(0.02 * 2.0 / (256 * 27)));
    assertThat(state.get("bn1.weight").getArray().toFloatArray()).containsOnly(1f);
    assertThat(state.get("bn1.bias").getArray().toFloatArray()).containsOnly(0f);
  }

  @Test
  void theSeedDecidesTheWeights() {
    float[] first = firstWeights(create(NARROW, 5));
    assertThat(firstWeights(create(NARROW, 5))).containsExactly(first);
    assertThat(firstWeights(create(NARROW, 6))).isNotEqualTo(first);
  }

  private static float[] firstWeights(ResNet3d net) {
    return StateDict.of(net).get("conv1.weight").getArray().toFloatArray();
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void intermediatesAreFreedOnTheWay(boolean training) {
    ResNet3d net = create(NARROW, 1);
    int weights = manager.getManagedArrays().size();
    try (NDManager batch = manager.newSubManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray views = batch.randomNormal(new Shape(2, 1, 32, 32, 32));
      CountingStore store = new CountingStore(batch);

      NDArray tokens = net.encode(store, views, training).tokens();

      // A block's input, the arrays of one step and the shortcut; 16 blocks make over 150.
      assertThat(store.peak()).isLessThanOrEqualTo(4);
      assertThat(batch.getManagedArrays()).containsExactlyInAnyOrder(views, tokens);
      if (training) {
        collector.backward(tokens.sum());
      }
    }
    assertThat(manager.getManagedArrays()).hasSize(weights);
  }

  @Test
  void aViewThatIsNotOneChannelIn3dIsAnError() {
    ResNet3d net = create(NARROW, 1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> net.encode(parameters, manager.ones(new Shape(2, 3, 8, 8, 8)), false))
        .withMessage(
            "views must be (B, 1, D, H, W) with all sizes > 0, got (2, 3, 8, 8, 8); an encoder"
                + " takes one channel: NDArray.expandDims(1) adds the axis to (B, D, H, W)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> net.featureMaps(parameters, manager.ones(new Shape(8, 8, 8)), false))
        .withMessageContaining("got (8, 8, 8);");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> net.encode(parameters, manager.ones(new Shape(0, 1, 8, 8, 8)), false))
        .withMessageContaining("got (0, 1, 8, 8, 8);");
  }

  @Test
  void trainingOnOneValuePerChannelIsAnError() {
    ResNet3d net = create(NARROW, 1);
    NDArray views = manager.ones(new Shape(1, 1, 32, 32, 32));
    assertThatExceptionOfType(T3dException.class)
        .isThrownBy(() -> net.encode(parameters, views, true))
        .withMessage(
            "ResNet3d needs more than one value per channel for its batch statistics, but views"
                + " (1, 1, 32, 32, 32) leave one voxel in the last stage; train with a larger batch"
                + " or larger views");
  }
}
