package io.t3d.core.nn.internal.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.ResNet3dConfig.Block;
import io.t3d.core.config.Size3;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.nn.VisionEncoder;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VisionEncodersTest {
  static Stream<VisionConfig> configs() {
    List<Integer> ones = List.of(1, 1, 1, 1);
    List<Integer> widths = List.of(4, 6, 8, 10);
    Size3 patch = new Size3(2, 4, 8);
    return Stream.of(
        new ResNet3dConfig(Block.BASIC, ones, widths, 7, 2, true),
        new ResNet3dConfig(Block.BOTTLENECK, ones, widths, 3, 1, false),
        Vit3dConfig.builder()
            .patch(patch)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .mlpSize(32)
            .dropout(0.1)
            .build(),
        Vit3dConfig.builder()
            .patch(patch)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .mlpSize(32)
            .position(Position.LEARNED)
            .gridSize(new Size3(9, 9, 9))
            .dropout(0.1)
            .build());
  }

  @ParameterizedTest
  @MethodSource("configs")
  void encodeGivesOneTokenPerGridCellAndIndependentOfTheBatch(VisionConfig config) {
    try (NDManager manager = TestDevice.manager()) {
      Engine.getInstance().setRandomSeed(7);
      VisionEncoder encoder = VisionEncoders.create(config);
      Shape shape = new Shape(3, 1, 16, 24, 16);
      encoder.initialize(manager, DataType.FLOAT32, shape);
      NDArray views = manager.randomNormal(shape);
      ParameterStore parameters = new ParameterStore(manager, false);

      VisionEncoder.VisualTokens all = encoder.encode(parameters, views, false);
      VisionEncoder.VisualTokens one = encoder.encode(parameters, views.get("1:2"), false);

      int n = all.depth() * all.height() * all.width();
      assertThat(all.tokens().getShape()).isEqualTo(new Shape(3, n, config.channels()));
      assertThat(encoder.channels()).isEqualTo(config.channels());
      assertThat(encoder.getOutputShapes(new Shape[] {shape})[0])
          .isEqualTo(all.tokens().getShape());
      float difference = all.tokens().get("1:2").sub(one.tokens()).abs().max().getFloat();
      assertThat(difference).isLessThan(1e-5f);
    }
  }
}
