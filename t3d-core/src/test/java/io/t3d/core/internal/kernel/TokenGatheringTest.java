package io.t3d.core.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import io.t3d.core.file.Safetensors;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.GradientSlot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenGatheringTest {
  /** One of the ways to compute the same. */
  private interface Form {
    NDArray gather(NDArray tokens, NDArray queries, double temperature);
  }

  private record Result(float[] gathered, float[] ofTokens, float[] ofQueries) {}

  private NDManager manager;

  static Stream<Named<Form>> forms() {
    return Stream.of(
            Named.of("plain", (Form) TokenGatheringTest::plain),
            Named.of("fused", (Form) TokenGatheringTest::fused),
            Named.of("fused, weights made again", (Form) TokenGatheringTest::madeAgain))
        .filter(form -> form.getName().equals("plain") || TorchBridge.available());
  }

  private static NDArray plain(NDArray tokens, NDArray queries, double temperature) {
    return TokenGathering.plain(temperature).gather(tokens, queries);
  }

  private static NDArray fused(NDArray tokens, NDArray queries, double temperature) {
    return TokenGathering.fused(temperature).gather(tokens, queries);
  }

  private static NDArray madeAgain(NDArray tokens, NDArray queries, double temperature) {
    return new FusedTokenGathering(temperature, 0, 0).gather(tokens, queries);
  }

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
    Engine.getInstance().setRandomSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray tokens(long b, long n, long e) {
    return leaf(manager.randomNormal(new Shape(b, n, e)).mul(3));
  }

  private NDArray queries(long t, long e) {
    return leaf(manager.randomNormal(new Shape(t, e)).normalize(2, 1).stopGradient());
  }

  private static NDArray leaf(NDArray x) {
    x.setRequiresGradient(true);
    return x;
  }

  /** Values, and gradients of the sum of values times the probe. */
  private static Result run(
      Form form, NDArray tokens, NDArray queries, double temperature, NDArray probe) {
    float[] gathered;
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray z = form.gather(tokens, queries, temperature);
      gathered = z.toFloatArray();
      collector.backward(z.mul(probe).sum());
    }
    Result result =
        new Result(
            gathered, tokens.getGradient().toFloatArray(), queries.getGradient().toFloatArray());
    GradientSlot.free(tokens);
    GradientSlot.free(queries);
    return result;
  }

  /** Within a share of the largest wanted value. */
  private static void assertClose(String what, float[] got, float[] wanted, double tolerance) {
    float largest = 0;
    for (float x : wanted) {
      largest = Math.max(largest, Math.abs(x));
    }
    assertThat(got).as(what).hasSameSizeAs(wanted);
    float worst = 0;
    for (int i = 0; i < got.length; i++) {
      worst = Math.max(worst, Math.abs(got[i] - wanted[i])); // NaN stays, and fails
    }
    assertThat(worst).as(what).isLessThanOrEqualTo((float) tolerance * largest);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void twoOppositeTokensGiveTheWeightsOfPaperAndPencil(Form form) {
    // Cosines 1 and -1 at temperature 2: α = softmax(1/2, -1/2) = (0.7310586, 0.2689414).
    NDArray tokens = manager.create(new float[] {3, 0, -1, 0}, new Shape(1, 2, 2));
    NDArray queries = manager.create(new float[] {1, 0}, new Shape(1, 2));
    assertThat(TokenGather.weights(tokens, queries, 2).toFloatArray())
        .containsExactly(new float[] {0.7310586f, 0.2689414f}, within(1e-6f));
    // The value is the token with its length: 3·0.731 - 0.269 > 0, of direction (1, 0).
    assertThat(form.gather(tokens, queries, 2).toFloatArray()).containsExactly(1, 0);
    NDArray corner = manager.create(new float[] {3, 0, 0, 4}, new Shape(1, 2, 2));
    // Cosines 1 and 0: α = (e^½, 1) / (e^½ + 1) = (0.6224593, 0.3775407), sum (1.8674, 1.5102).
    assertThat(form.gather(corner, queries, 2).toFloatArray())
        .containsExactly(new float[] {0.7775551f, 0.6288147f}, within(1e-6f));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void valuesWeightsAndGradientsEqualPyTorch(Form form) throws Exception {
    Path file = Path.of(getClass().getResource("/golden/torch/token_gather.safetensors").toURI());
    Map<String, NDArray> golden = Safetensors.read(manager, file).tensors();
    for (String name : List.of("usual", "sharp", "one")) {
      NDArray tokens = leaf(golden.get(name + ".tokens"));
      NDArray queries = leaf(golden.get(name + ".queries"));
      double temperature = golden.get(name + ".temperature").getFloat();
      Result got = run(form, tokens, queries, temperature, golden.get(name + ".probe"));

      // A rounding of the cosines, some 2^-23, is divided by the temperature.
      double tolerance = 4 * Math.scalb(1 / temperature, -23);
      assertClose(name, got.gathered(), golden.get(name + ".gathered").toFloatArray(), tolerance);
      assertClose(
          name + ", weights",
          TokenGather.weights(tokens, queries, temperature).toFloatArray(),
          golden.get(name + ".weights").toFloatArray(),
          tolerance);
      assertClose(
          name + ", gradient of tokens",
          got.ofTokens(),
          golden.get(name + ".tokens.gradient").toFloatArray(),
          tolerance);
      float[] wanted = golden.get(name + ".queries.gradient").toFloatArray();
      if (name.equals("one")) { // a single token has weight 1 whatever the query
        assertThat(got.ofQueries()).containsExactly(wanted, within(1e-6f));
      } else {
        assertClose(name + ", gradient of queries", got.ofQueries(), wanted, tolerance);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void equalsADoubleLoop(Form form) {
    NDArray tokens = tokens(2, 19, 6);
    NDArray queries = queries(4, 6);
    assertThat(form.gather(tokens, queries, 0.1).toFloatArray())
        .containsExactly(loop(tokens, queries, 0.1), within(1e-5f));
  }

  private static float[] loop(NDArray tokens, NDArray queries, double temperature) {
    int b = (int) tokens.getShape().get(0);
    int n = (int) tokens.getShape().get(1);
    int t = (int) queries.getShape().get(0);
    int e = (int) queries.getShape().get(1);
    float[] p = tokens.toFloatArray();
    float[] q = queries.toFloatArray();
    float[] out = new float[b * t * e];
    for (int volume = 0; volume < b; volume++) {
      for (int sentence = 0; sentence < t; sentence++) {
        double[] sum = new double[e];
        for (int token = 0; token < n; token++) {
          int row = (volume * n + token) * e;
          double dot = 0;
          double square = 0;
          for (int i = 0; i < e; i++) {
            dot += (double) p[row + i] * q[sentence * e + i];
            square += (double) p[row + i] * p[row + i];
          }
          double weight = Math.exp(dot / Math.sqrt(square) / temperature);
          for (int i = 0; i < e; i++) {
            sum[i] += weight * p[row + i]; // the softmax's denominator does not turn the sum
          }
        }
        double length = Math.sqrt(java.util.Arrays.stream(sum).map(x -> x * x).sum());
        for (int i = 0; i < e; i++) {
          out[(volume * t + sentence) * e + i] = (float) (sum[i] / length);
        }
      }
    }
    return out;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void gradientsEqualFiniteDifferences(Form form) {
    NDArray tokens = tokens(2, 5, 4);
    NDArray queries = queries(3, 4);
    NDArray probe = manager.randomNormal(new Shape(2, 3, 4));
    Result got = run(form, tokens, queries, 0.5, probe);
    float h = 1e-2f;
    float[] p = tokens.toFloatArray();
    for (int i = 0; i < p.length; i++) {
      double slope =
          (value(moved(tokens, i, h), queries, probe) - value(moved(tokens, i, -h), queries, probe))
              / (2 * h);
      assertThat((double) got.ofTokens()[i]).isCloseTo(slope, within(2e-3));
    }
    for (int i = 0; i < 12; i++) {
      double slope =
          (value(tokens, moved(queries, i, h), probe) - value(tokens, moved(queries, i, -h), probe))
              / (2 * h);
      assertThat((double) got.ofQueries()[i]).isCloseTo(slope, within(2e-3));
    }
  }

  private NDArray moved(NDArray x, int i, float step) {
    float[] values = x.toFloatArray();
    values[i] += step;
    return manager.create(values, x.getShape());
  }

  private static double value(NDArray tokens, NDArray queries, NDArray probe) {
    float[] z = loop(tokens, queries, 0.5);
    float[] w = probe.toFloatArray();
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      sum += (double) z[i] * w[i];
    }
    return sum;
  }

  /** One block and several, the last not full; one sentence, one token. */
  @ParameterizedTest
  @CsvSource({
    "2, 7, 3, 4, 0.1",
    "1, 1, 1, 3, 0.1",
    "3, 1, 5, 8, 0.07",
    "2, 50, 1, 8, 0.1",
    "2, 1500, 200, 16, 0.1",
    "2, 1500, 200, 192, 0.1",
    "2, 1000, 300, 8, 0.02",
    "1, 300, 9000, 4, 1"
  })
  void theFusedFormHasThePlainOnesValuesAndGradients(
      int b, int n, int t, int e, double temperature) {
    assumeTrue(TorchBridge.available());
    NDArray tokens = tokens(b, n, e);
    NDArray queries = queries(t, e);
    NDArray probe = manager.randomNormal(new Shape(b, t, e));
    Result fused = run(TokenGatheringTest::fused, tokens, queries, temperature, probe);
    Result again = run(TokenGatheringTest::madeAgain, tokens, queries, temperature, probe);
    Result plain = run(TokenGatheringTest::plain, tokens, queries, temperature, probe);
    double tolerance = Math.max(1e-5, 8 * Math.scalb(1 / temperature, -23));
    for (Result got : List.of(fused, again)) {
      assertClose("values", got.gathered(), plain.gathered(), tolerance);
      assertClose("gradient of tokens", got.ofTokens(), plain.ofTokens(), tolerance);
      if (n > 1) {
        assertClose("gradient of queries", got.ofQueries(), plain.ofQueries(), tolerance);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void staysFiniteAtTemperatureOneHundredthAndForATokenOfLengthZero(Form form) {
    NDArray tokens = tokens(2, 300, 8);
    tokens.set(new ai.djl.ndarray.index.NDIndex("0, 1"), 0);
    tokens.set(new ai.djl.ndarray.index.NDIndex("1, 0"), 1e6);
    NDArray queries = queries(6, 8);
    NDArray probe = manager.randomNormal(new Shape(2, 6, 8));
    Result got = run(form, tokens, queries, 0.01, probe);
    for (float[] values : List.of(got.gathered(), got.ofTokens(), got.ofQueries())) {
      for (float x : values) {
        assertThat(x).isFinite();
      }
    }
    NDArray zeros = leaf(manager.zeros(new Shape(1, 3, 8)));
    assertThat(form.gather(zeros, queries, 0.01).toFloatArray()).containsOnly(0f);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void expandedAndTransposedInputsGiveTheResultsOfTheirCopies(Form form) {
    NDArray one = leaf(manager.randomNormal(new Shape(1, 6, 40)));
    NDArray queries = leaf(manager.randomNormal(new Shape(6, 5)).normalize(2, 0).stopGradient());
    Shape whole = new Shape(3, 40, 6);
    NDArray probe = manager.randomNormal(new Shape(3, 5, 6));
    Form views = (p, q, t) -> form.gather(p.transpose(0, 2, 1).broadcast(whole), q.transpose(), t);
    Result got = run(views, one, queries, 0.1, probe);

    NDArray copy =
        leaf(manager.create(one.transpose(0, 2, 1).broadcast(whole).toFloatArray(), whole));
    NDArray queriesCopy = leaf(manager.create(queries.transpose().toFloatArray(), new Shape(5, 6)));
    Result wanted = run(form, copy, queriesCopy, 0.1, probe);

    assertClose("values", got.gathered(), wanted.gathered(), 1e-6);
    NDArray ofCopies = manager.create(wanted.ofTokens(), whole).sum(new int[] {0}).transpose();
    assertClose("gradient of tokens", got.ofTokens(), ofCopies.toFloatArray(), 1e-5);
    NDArray ofQueries = manager.create(wanted.ofQueries(), new Shape(5, 6)).transpose();
    assertClose("gradient of queries", got.ofQueries(), ofQueries.toFloatArray(), 1e-5);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void whatNeedsNoGradientGetsNone(Form form) {
    NDArray tokens = tokens(1, 30, 4);
    NDArray queries = queries(2, 4);
    NDArray probe = manager.randomNormal(new Shape(1, 2, 4));
    Result both = run(form, tokens, queries, 0.1, probe);
    NDArray fixedQueries = manager.create(queries.toFloatArray(), queries.getShape());
    NDArray fixedTokens = manager.create(tokens.toFloatArray(), tokens.getShape());
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.backward(form.gather(tokens, fixedQueries, 0.1).mul(probe).sum());
      collector.backward(form.gather(fixedTokens, queries, 0.1).mul(probe).sum());
      assertThat(form.gather(fixedTokens, fixedQueries, 0.1).hasGradient()).isFalse();
    }
    assertClose("tokens", tokens.getGradient().toFloatArray(), both.ofTokens(), 1e-6);
    assertClose("queries", queries.getGradient().toFloatArray(), both.ofQueries(), 1e-6);
    // Outside a collector.
    assertClose("values", form.gather(tokens, queries, 0.1).toFloatArray(), both.gathered(), 1e-6);
  }

  @Test
  void inAutocastAllIsComputedInFloat32() {
    assumeTrue(TorchBridge.available());
    NDArray tokens = tokens(2, 20, 8);
    NDArray queries = queries(3, 8);
    NDArray outside = TokenGather.gather(tokens, queries, 0.02);
    try (Autocast scope = Autocast.bfloat16(TestDevice.get())) {
      assertClose(
          "values",
          TokenGather.gather(tokens, queries, 0.02).toFloatArray(),
          outside.toFloatArray(),
          1e-5);
    }
  }

  @Test
  void tokensChangedBeforeTheBackwardPassAreAnError() {
    assumeTrue(TorchBridge.available());
    NDArray tokens = manager.ones(new Shape(1, 3, 2));
    NDArray queries = queries(2, 2);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray z = fused(tokens, queries, 0.1);
      tokens.addi(1);
      assertThatThrownBy(() -> collector.backward(z.sum()))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("tokens or queries were changed in place before the backward pass");
    }
  }

  /** At once, where one block holds all weights; else in blocks. */
  @ParameterizedTest
  @CsvSource({"1, 4096, 32, true", "1, 4097, 32, false"})
  void theBestFormIsThatOfTheSize(int b, int n, int t, boolean plainIsBest) {
    assumeTrue(TorchBridge.available());
    NDArray tokens = tokens(b, n, 4);
    NDArray queries = queries(t, 4);
    float[] best = TokenGather.gather(tokens, queries, 0.1).toFloatArray();
    assertThat(best)
        .isEqualTo(
            (plainIsBest ? plain(tokens, queries, 0.1) : fused(tokens, queries, 0.1))
                .toFloatArray());
    assertThat(best).isEqualTo(TokenGathering.best(0.1).gather(tokens, queries).toFloatArray());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void onlyTheResultIsLeftInTheManagerOfTheTokens(boolean small) {
    NDArray queries = queries(3, 4);
    int before = ((BaseNDManager) manager).getManagedArrays().size();
    try (NDManager step = manager.newSubManager()) {
      NDArray tokens = step.randomNormal(new Shape(1, small ? 10 : 60_000, 4));
      int mine = ((BaseNDManager) step).getManagedArrays().size();
      NDArray z = TokenGather.gather(tokens, queries, 0.1);
      assertThat(z.getManager()).isSameAs(step);
      assertThat(z.getShape()).isEqualTo(new Shape(1, 3, 4));
      assertThat(((BaseNDManager) step).getManagedArrays()).hasSize(mine + 1);
      NDArray weights = TokenGather.weights(tokens, queries, 0.1);
      assertThat(weights.getManager()).isSameAs(step);
      assertThat(((BaseNDManager) step).getManagedArrays()).hasSize(mine + 2);
    }
    assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(before);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    NDArray tokens = manager.ones(new Shape(2, 5, 4));
    NDArray queries = manager.ones(new Shape(3, 4));
    assertThatThrownBy(() -> TokenGather.gather(manager.ones(new Shape(5, 4)), queries, 0.1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "tokens must be (B, N, E), got (5, 4); one row per visual token of each" + " volume");
    assertThatThrownBy(() -> TokenGather.gather(tokens, manager.ones(new Shape(3, 5)), 0.1))
        .hasMessage(
            "queries must be (T, E) = (T, 4), got (3, 5); E is that of the tokens: project both to"
                + " one width");
    assertThatThrownBy(() -> TokenGather.gather(tokens, queries, 0))
        .hasMessage("temperature must be > 0, got 0.0");
    assertThatThrownBy(
            () -> TokenGather.weights(tokens.toType(DataType.FLOAT64, false), queries, 0.1))
        .hasMessage("tokens must be float32, got float64; use Casts.toFloat32");
    assertThatThrownBy(() -> TokenGather.gather(manager.ones(new Shape(2, 0, 4)), queries, 0.1))
        .hasMessage("tokens must not be empty, got (2, 0, 4); leave out volumes without tokens");
    assertThatThrownBy(() -> TokenGather.gather(tokens, manager.ones(new Shape(0, 4)), 0.1))
        .hasMessage("queries must not be empty, got (0, 4); leave out a batch without sentences");
  }
}
