package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest {
  /** One of the two ways to compute the same. */
  private interface Path {
    NDArray run(NDArray q, NDArray k, NDArray v, NDArray mask, double dropout);
  }

  private static final int B = 2;
  private static final int A = 3;
  private static final int L = 5;
  private static final int S = 7;
  private static final int D = 4;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
    Engine.getInstance().setRandomSeed(7);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<Arguments> paths() {
    return Stream.of(
        Arguments.of(Named.of("plain", (Path) Attention::plain)),
        Arguments.of(Named.of("fused", (Path) Attention::fused)));
  }

  static Stream<Arguments> masks() {
    return Stream.of(
        Arguments.of("none", null),
        Arguments.of("per key", new Shape(B, 1, 1, S)),
        Arguments.of("per pair", new Shape(B, 1, L, S)),
        Arguments.of("per head", new Shape(B, A, L, S)),
        Arguments.of("rank 2", new Shape(L, S)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("masks")
  void bothPathsMatchAnIndependentLoopInValuesAndGradients(String name, Shape maskShape) {
    assumeTrue(TorchBridge.available());
    NDArray q = leaf(B, A, L, D);
    NDArray k = leaf(B, A, S, D);
    NDArray v = leaf(B, A, S, D);
    NDArray mask = maskShape == null ? null : randomMask(maskShape);

    List<float[]> plain = valueAndGradients(Attention::plain, q, k, v, mask);
    List<float[]> fused = valueAndGradients(Attention::fused, q, k, v, mask);

    assertThat(plain.get(0)).containsExactly(loop(q, k, v, mask), within(1e-5f));
    for (int i = 0; i < plain.size(); i++) {
      assertThat(fused.get(i)).containsExactly(plain.get(i), within(2e-5f));
    }
    assertThat(manager.create(plain.get(1)).abs().max().getFloat()).isGreaterThan(1e-3f);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void aQueryThatMayLookNowhereGetsZerosAndNoGradient(Path path) {
    assumeTrue(TorchBridge.available());
    NDArray q = leaf(B, A, L, D);
    NDArray k = leaf(B, A, S, D);
    NDArray v = leaf(B, A, S, D);
    NDArray rows = manager.ones(new Shape(B, 1, L, S));
    rows.set(new ai.djl.ndarray.index.NDIndex("0, :, 1, :"), 0);
    rows.set(new ai.djl.ndarray.index.NDIndex("1, :, :, :"), 0);
    List<float[]> got = valueAndGradients(path, q, k, v, rows.gt(0));

    for (float[] array : got) {
      assertThat(array).doesNotContain(Float.NaN);
    }
    NDArray out = manager.create(got.get(0), new Shape(B, A, L, D));
    assertThat(out.get("0, :, 1").toFloatArray()).containsOnly(0f);
    assertThat(out.get("1").toFloatArray()).containsOnly(0f);
    assertThat(out.get("0, :, 2").toFloatArray()).doesNotContain(0f);
    NDArray gradient = manager.create(got.get(1), new Shape(B, A, L, D));
    assertThat(gradient.get("0, :, 1").toFloatArray()).containsOnly(0f);
    assertThat(gradient.get("1").toFloatArray()).containsOnly(0f);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void dropoutKeepsTheMeanDropsTheShareAndRepeatsWithTheSeed(Path path) {
    assumeTrue(TorchBridge.available());
    // One key per query and value 1: each output is one weight, 0 or 1/(1-p).
    NDArray q = manager.ones(new Shape(1, 4, 5000, 2));
    NDArray k = manager.ones(new Shape(1, 4, 1, 2));
    NDArray v = manager.ones(new Shape(1, 4, 1, 2));
    double p = 0.25;

    Engine.getInstance().setRandomSeed(3);
    float[] first = path.run(q, k, v, null, p).get("..., 0").toFloatArray();
    Engine.getInstance().setRandomSeed(3);
    float[] again = path.run(q, k, v, null, p).get("..., 0").toFloatArray();
    float[] next = path.run(q, k, v, null, p).get("..., 0").toFloatArray();

    assertThat(again).containsExactly(first);
    assertThat(next).isNotEqualTo(first);
    int dropped = 0;
    for (float x : first) {
      assertThat(x).isIn(0f, (float) (1 / (1 - p)));
      dropped += x == 0 ? 1 : 0;
    }
    // 20,000 draws: the standard deviation of the share is 0.003.
    assertThat(dropped / (double) first.length).isCloseTo(p, within(0.015));
  }

  @Test
  void multiHeadEqualsOneAttentionPerSliceOfChannels() {
    NDArray q = manager.randomNormal(new Shape(B, L, 6));
    NDArray k = manager.randomNormal(new Shape(B, S, 6));
    NDArray v = manager.randomNormal(new Shape(B, S, 6));
    NDArray mask = randomMask(new Shape(B, 1, 1, S));
    NDList heads = new NDList();
    for (int i = 0; i < 3; i++) {
      String slice = ":, :, " + 2 * i + ":" + (2 * i + 2);
      NDArray one =
          Attention.plain(
              q.get(slice).expandDims(1),
              k.get(slice).expandDims(1),
              v.get(slice).expandDims(1),
              mask,
              0);
      heads.add(one.squeeze(1));
    }
    NDArray expected = ai.djl.ndarray.NDArrays.concat(heads, 2);

    NDArray got = Attention.multiHead(q, k, v, 3, mask, 0);

    assertThat(got.getShape()).isEqualTo(new Shape(B, L, 6));
    assertThat(got.toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-5f));
  }

  @Test
  void theResultBelongsToTheManagerOfTheQuery() {
    NDArray k = manager.randomNormal(new Shape(B, A, S, D));
    NDArray result;
    try (NDManager step = manager.newSubManager()) {
      NDArray q = step.randomNormal(new Shape(B, A, L, D));
      result = Attention.scaledDotProduct(q, k, k, 0);
      assertThat(result.getManager()).isSameAs(step);
    }
    assertThat(result)
        .extracting(r -> ((ai.djl.util.NativeResource<?>) r).isReleased())
        .isEqualTo(true);
  }

  @Test
  void aMaskOfNumbersIsAnErrorThatSaysHowToMakeItBoolean() {
    NDArray q = manager.ones(new Shape(B, A, L, D));
    NDArray mask = manager.ones(new Shape(B, 1, 1, L));
    assertThatThrownBy(() -> Attention.scaledDotProduct(q, q, q, mask, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "mask must be BOOLEAN, true where a query may look, got float32; make it with"
                + " mask.gt(0)");
  }

  @Test
  void shapesThatDoNotFitAndABadProbabilityAreErrorsBeforeTheNativeCall() {
    NDArray q = manager.ones(new Shape(B, A, L, D));
    NDArray k = manager.ones(new Shape(B, A, S, D + 1));
    assertThatThrownBy(() -> Attention.scaledDotProduct(q, k, k, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("key must be (B, A, S, d) = (2, 3, S, 4), got (2, 3, 7, 5)");
    assertThatThrownBy(() -> Attention.scaledDotProduct(q, q, q, 1))
        .hasMessage("dropout must be in [0, 1), got 1.0");
    assertThatThrownBy(() -> Attention.multiHead(q, q, q, 2, 0))
        .hasMessageContaining("query must be (B, L, C)");
    NDArray three = manager.ones(new Shape(B, L, 6));
    assertThatThrownBy(() -> Attention.multiHead(three, three, three, 4, 0))
        .hasMessage("channels of query must be a multiple of heads, got 6 and 4");
  }

  private NDArray leaf(long... shape) {
    NDArray x = manager.randomNormal(new Shape(shape));
    x.setRequiresGradient(true);
    return x;
  }

  /** About two thirds true, and the first key always, so that no row is empty. */
  private NDArray randomMask(Shape shape) {
    NDArray draw = manager.randomUniform(0, 1, shape);
    draw.set(new ai.djl.ndarray.index.NDIndex("..., 0"), 1);
    return draw.gt(0.33f);
  }

  private List<float[]> valueAndGradients(
      Path path, NDArray q, NDArray k, NDArray v, NDArray mask) {
    List<float[]> out = new ArrayList<>();
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = path.run(q, k, v, mask, 0);
      out.add(y.toFloatArray());
      NDArray weight = manager.arange((float) y.size()).toType(DataType.FLOAT32, false).sin();
      collector.backward(y.mul(weight.reshape(y.getShape())).sum());
    }
    for (NDArray leaf : List.of(q, k, v)) {
      out.add(leaf.getGradient().toFloatArray());
      leaf.getGradient().subi(leaf.getGradient());
    }
    return out;
  }

  private float[] loop(NDArray q, NDArray k, NDArray v, NDArray mask) {
    float[] qs = q.toFloatArray();
    float[] ks = k.toFloatArray();
    float[] vs = v.toFloatArray();
    boolean[] may = mask == null ? null : mask.broadcast(new Shape(B, A, L, S)).toBooleanArray();
    float[] out = new float[B * A * L * D];
    for (int h = 0; h < B * A; h++) {
      for (int l = 0; l < L; l++) {
        double[] weight = new double[S];
        double sum = 0;
        for (int s = 0; s < S; s++) {
          double dot = 0;
          for (int d = 0; d < D; d++) {
            dot += qs[(h * L + l) * D + d] * ks[(h * S + s) * D + d];
          }
          weight[s] = may == null || may[(h * L + l) * S + s] ? Math.exp(dot / Math.sqrt(D)) : 0;
          sum += weight[s];
        }
        for (int d = 0; d < D; d++) {
          double value = 0;
          for (int s = 0; s < S; s++) {
            value += weight[s] / sum * vs[(h * S + s) * D + d];
          }
          out[(h * L + l) * D + d] = (float) value;
        }
      }
    }
    return out;
  }
}
