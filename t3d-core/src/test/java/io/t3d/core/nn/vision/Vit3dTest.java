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
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.nn.CountingStore;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.internal.SinCosPosition3d;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class Vit3dTest {
  private static final Shape VIEWS = new Shape(2, 1, 8, 8, 8);

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

  private Vit3d create(Position position, double dropout) {
    Engine.getInstance().setRandomSeed(3);
    Size3 table = new Size3(4, 3, 3);
    Vit3d net =
        new Vit3d(
            Vit3dConfig.builder()
                .patch(new Size3(2, 4, 4))
                .hiddenSize(24)
                .layers(5)
                .heads(4)
                .mlpSize(32)
                .position(position)
                .gridSize(table)
                .dropout(dropout)
                .build());
    net.initialize(manager, DataType.FLOAT32, VIEWS);
    return net;
  }

  @Test
  void sinCosPositionsAreTheFormulaOfEachAxis() {
    NDArray table = SinCosPosition3d.table(manager, new Size3(2, 3, 4), 20); // (1, 24, 20)
    float[] vector = table.get("0, " + ((1 * 3 + 2) * 4 + 3)).toFloatArray(); // z 1, y 2, x 3
    double[] omega = {1, Math.pow(10_000, -1.0 / 3), Math.pow(10_000, -2.0 / 3)};
    int[] position = {1, 2, 3};

    for (int axis = 0; axis < 3; axis++) {
      for (int i = 0; i < 3; i++) {
        double angle = position[axis] * omega[i];
        assertThat(vector[axis * 6 + i]).isCloseTo((float) Math.sin(angle), within(1e-6f));
        assertThat(vector[axis * 6 + 3 + i]).isCloseTo((float) Math.cos(angle), within(1e-6f));
      }
    }
    assertThat(vector).hasSize(20).endsWith(0f, 0f);
  }

  @ParameterizedTest
  @CsvSource({"2, 4, 4, 1, 1, 1", "20, 4, 24, 10, 1, 6"})
  void sinCosTakesAnySizeThatThePatchDivides(int d, int h, int w, int gd, int gh, int gw) {
    Vit3d net = create(Position.SINCOS, 0);

    VisionEncoder.VisualTokens tokens =
        net.encode(parameters, manager.randomNormal(new Shape(1, 1, d, h, w)), false);

    assertThat(tokens.depth()).isEqualTo(gd);
    assertThat(tokens.height()).isEqualTo(gh);
    assertThat(tokens.width()).isEqualTo(gw);
    assertThat(tokens.tokens().getShape()).isEqualTo(new Shape(1, (long) gd * gh * gw, 24));
  }

  @Test
  void tokensOfEqualPatchesDifferByTheirPosition() {
    NDArray same = manager.ones(VIEWS);
    for (Position position : List.of(Position.SINCOS, Position.LEARNED)) {
      NDArray tokens = create(position, 0).encode(parameters, same, false).tokens();
      float difference = tokens.get("0, 0").sub(tokens.get("0, 1")).abs().max().getFloat();
      assertThat(difference).as(position.name()).isGreaterThan(1e-3f);
    }
  }

  @Test
  void aViewLargerThanTheLearnedTableIsAnError() {
    Vit3d net = create(Position.LEARNED, 0);
    NDArray views = manager.ones(new Shape(1, 1, 8, 16, 12));
    assertThatExceptionOfType(T3dException.class)
        .isThrownBy(() -> net.encode(parameters, views, false))
        .withMessage(
            "The view's token grid must fit into the learned position table (4, 3, 3), got (4, 4,"
                + " 3); make Vit3dConfig.gridSize larger, or use position SINCOS, which takes any"
                + " grid");
  }

  @Test
  void aViewThatIsNotOneChannelIn3dIsAnError() {
    Vit3d net = create(Position.SINCOS, 0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> net.encode(parameters, manager.ones(new Shape(8, 8, 8)), false))
        .withMessageStartingWith("views must be (B, 1, D, H, W) with all sizes > 0, got (8, 8, 8)");
  }

  @Test
  void dropoutIsOnInTrainingOnly() {
    Vit3d net = create(Position.SINCOS, 0.5);
    NDArray views = manager.randomNormal(VIEWS);
    assertThat(encode(net, views, false)).containsExactly(encode(net, views, false));
    assertThat(encode(net, views, true)).isNotEqualTo(encode(net, views, true));
  }

  private float[] encode(Vit3d net, NDArray views, boolean training) {
    return net.encode(parameters, views, training).tokens().toFloatArray();
  }

  @ParameterizedTest
  @EnumSource(Position.class)
  void intermediatesAreFreedOnTheWay(Position position) {
    Vit3d net = create(position, 0.1);
    int weights = manager.getManagedArrays().size();
    try (NDManager batch = manager.newSubManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray views = batch.randomNormal(VIEWS);
      CountingStore store = new CountingStore(batch);

      NDArray tokens = net.encode(store, views, true).tokens();

      assertThat(store.peak()).isLessThanOrEqualTo(5);
      assertThat(batch.getManagedArrays()).containsExactlyInAnyOrder(views, tokens);
      collector.backward(tokens.square().sum());
    }
    assertThat(manager.getManagedArrays()).hasSize(weights);
  }
}
