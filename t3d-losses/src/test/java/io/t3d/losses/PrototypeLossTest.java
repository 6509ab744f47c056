package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PrototypeLossTest {
  private final NDManager manager = TestDevice.manager();
  private final NDArray prototypes = Outputs.prototypes(manager, 20);
  private final PrototypeLoss loss = new PrototypeLoss();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void valuesPartsAndGradientsEqualTheReference() throws Exception {
    JsonNode golden = Golden.read("prototypes.json");
    for (JsonNode c : golden.get("cases")) {
      PrototypeConfig config =
          new ObjectMapper().treeToValue(c.get("config"), PrototypeConfig.class);
      assertGolden(new PrototypeLoss(config), golden, c);
      assertGolden(PrototypeLoss.plain(config), golden, c);
    }
  }

  private void assertGolden(PrototypeLoss loss, JsonNode golden, JsonNode c) {
    T3DOutput output = Outputs.golden(manager, golden);
    NDArray centres = Golden.array(manager, golden.get("prototypes"));
    List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
    leaves.add(centres);
    LossTerms terms = Outputs.backwardTerms(leaves, () -> loss.compute(output.views(), centres));
    Outputs.assertTerms(terms, c, c.get("config").toString());
    assertThat(terms.parts()).hasSize(c.get("parts").size());
    Golden.assertClose(centres.getGradient(), c.get("prototypesGradient"), 2e-3, "prototypes");
    Outputs.assertGradients(output.views(), c.get("gradients"));
  }

  @Test
  void thePlainFormHasTheSameValuesAndGradients() {
    PrototypeConfig config = PrototypeConfig.builder().entropyWeight(0.3).build();
    List<float[]> best = run(new PrototypeLoss(config));
    List<float[]> plain = run(PrototypeLoss.plain(config));
    assertThat(best).hasSameSizeAs(plain).hasSizeGreaterThan(10);
    for (int i = 0; i < best.size(); i++) {
      assertThat(best.get(i)).containsExactly(plain.get(i), within(1e-5f));
    }
  }

  /** The total, the parts and the gradients in all leaves. */
  private List<float[]> run(PrototypeLoss form) {
    T3DOutput output = Outputs.threeViews(manager, 3, 35);
    NDArray centres = Outputs.prototypes(manager, 35);
    List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
    leaves.add(centres);
    LossTerms terms = Outputs.backwardTerms(leaves, () -> form.compute(output.views(), centres));
    return Outputs.valuesAndGradients(terms, leaves);
  }

  private static boolean hasGradient(NDArray array) {
    NDArray gradient = array.getGradient();
    return gradient != null && gradient.abs().max().getFloat() > 0;
  }

  @Test
  void perfectPredictionOfTwoClustersGivesTheValueOfPaperAndPencil() {
    // Two pairs, two orthogonal prototypes, features equal to them: q = p's one-hot up to e^-20,
    // p = softmax(10, 0), so L_view = log(1 + e^-10); the mean prediction is uniform.
    NDArray eye = manager.eye(2);
    TokenGrid one = new TokenGrid(1, 1, 1, Collections.nCopies(2, Affine.identity()));
    NDArray token = eye.expandDims(1);
    ViewFeatures view = new ViewFeatures(View.Kind.GLOBAL, eye, token, one);
    Map<String, NDArray> parts = loss.compute(List.of(view, view), eye).parts();
    double expected = Math.log(1 + Math.exp(-10));
    assertThat((double) parts.get(PrototypeLoss.VIEW).getFloat()).isCloseTo(expected, within(1e-6));
    assertThat((double) parts.get(PrototypeLoss.TOKEN).getFloat())
        .isCloseTo(expected, within(1e-6));
    assertThat(parts.get(PrototypeLoss.ENTROPY).getFloat()).isCloseTo(0, within(1e-6f));
    assertThat(parts.get(PrototypeLoss.VIEW_PROTOTYPE_USAGE).getFloat())
        .isCloseTo(2, within(1e-5f));
    assertThat(parts.get(PrototypeLoss.MATCHED_TOKENS).getFloat()).isEqualTo(1);
  }

  @Test
  void theGradientEqualsFiniteDifferences() {
    T3DOutput output = Outputs.threeViews(manager, 2, 21);
    // A local view: moving a global one would move assignments too, which carry no gradient.
    ViewFeatures view = output.views().get(2);
    Outputs.backward(
        Outputs.leaves(output), () -> loss.compute(output.views(), prototypes).total());
    float[] gradient = view.tokens().getGradient().toFloatArray();
    float[] values = view.tokens().toFloatArray();
    float h = 5e-3f;
    for (int i = 0; i < values.length; i += 7) {
      double up = totalWithTokens(output, moved(values, i, h));
      double down = totalWithTokens(output, moved(values, i, -h));
      assertThat((double) gradient[i]).isCloseTo((up - down) / (2 * h), within(2e-3));
    }
  }

  private static float[] moved(float[] values, int i, float step) {
    float[] out = values.clone();
    out[i] += step;
    return out;
  }

  private double totalWithTokens(T3DOutput output, float[] tokens) {
    ViewFeatures v = output.views().get(2);
    NDArray array = manager.create(tokens, v.tokens().getShape());
    ViewFeatures changed = new ViewFeatures(v.kind(), v.embedding(), array, v.grid());
    List<ViewFeatures> views = Outputs.withView(output, 2, changed).views();
    return loss.compute(views, prototypes).total().getFloat();
  }

  @Test
  void staysFiniteAtTemperatureOneHundredth() {
    T3DOutput output = Outputs.threeViews(manager, 2, 22);
    PrototypeLoss sharp =
        new PrototypeLoss(PrototypeConfig.builder().temperature(0.01).epsilon(0.01).build());
    float total =
        Outputs.backward(
            Outputs.leaves(output), () -> sharp.compute(output.views(), prototypes).total());
    assertThat(total).isFinite();
    for (ViewFeatures v : output.views()) {
      assertThat(v.tokens().getGradient().isNaN().any().getBoolean()).isFalse();
      assertThat(v.embedding().getGradient().isNaN().any().getBoolean()).isFalse();
    }
  }

  @Test
  void theOrderOfPairsAndViewsAndTheScaleOfFeaturesDoNotMatter() {
    T3DOutput output = Outputs.threeViews(manager, 3, 23);
    float total = total(loss, output);
    NDArray order = manager.create(new long[] {2, 0, 1});
    assertThat(total(loss, mapped(output, x -> x.get(order)))).isCloseTo(total, within(1e-4f));
    assertThat(total(loss, mapped(output, x -> x.mul(7f)))).isCloseTo(total, within(1e-4f));
    List<ViewFeatures> reversed = new ArrayList<>(output.views());
    Collections.reverse(reversed);
    assertThat(total(loss, Outputs.withViews(output, reversed))).isCloseTo(total, within(1e-4f));
  }

  private float total(PrototypeLoss loss, T3DOutput output) {
    return loss.compute(output.views(), prototypes).total().getFloat();
  }

  private static T3DOutput mapped(T3DOutput output, UnaryOperator<NDArray> f) {
    return Outputs.withViews(
        output,
        output.views().stream()
            .map(
                v ->
                    new ViewFeatures(
                        v.kind(), f.apply(v.embedding()), f.apply(v.tokens()), v.grid()))
            .toList());
  }

  @Test
  void viewsWithoutOverlapAddNothing() {
    SplittableRandom random = new SplittableRandom(24);
    T3DOutput apart =
        Outputs.output(
            manager,
            random,
            List.of(
                Outputs.view(manager, random, View.Kind.GLOBAL, Outputs.cube(2, 0)),
                Outputs.view(manager, random, View.Kind.GLOBAL, Outputs.cube(2, 1e4))));
    PrototypeLoss tokens =
        new PrototypeLoss(
            PrototypeConfig.builder()
                .levels(PrototypeConfig.Levels.TOKEN)
                .entropyWeight(0)
                .build());
    float total =
        Outputs.backward(
            Outputs.leaves(apart), () -> tokens.compute(apart.views(), prototypes).total());
    assertThat(total).isZero();
    assertThat(
            tokens
                .compute(apart.views(), prototypes)
                .parts()
                .get(PrototypeLoss.MATCHED_TOKENS)
                .getFloat())
        .isZero();
    assertThat(apart.views().get(0).tokens().getGradient().abs().max().getFloat()).isZero();
  }

  @Test
  void tokensOutsideTheOverlapHaveNoSay() {
    T3DOutput output = Outputs.threeViews(manager, 2, 25);
    PrototypeLoss tokens =
        new PrototypeLoss(
            PrototypeConfig.builder()
                .levels(PrototypeConfig.Levels.TOKEN)
                .entropyWeight(0)
                .build());
    T3DOutput twoViews = Outputs.withViews(output, output.views().subList(0, 2));
    Outputs.backward(
        Outputs.leaves(twoViews), () -> tokens.compute(twoViews.views(), prototypes).total());
    NDArray gradient = output.views().get(1).tokens().getGradient();
    // The second view starts one token (10 mm) later: its tokens with x = 1 are not in the first.
    assertThat(gradient.get(":, 1::2").abs().max().getFloat()).isZero();
    assertThat(gradient.get(":, 0::2").abs().min().getFloat()).isPositive();
  }

  @Test
  void collapsedFeaturesAreReported() {
    T3DOutput healthy = Outputs.threeViews(manager, 8, 26);
    NDArray one = prototypes.get("2:3"); // (1, E)
    T3DOutput collapsed =
        mapped(healthy, x -> x.zerosLike().add(one.reshape(ones(x.getShape().dimension()))));
    Map<String, NDArray> good = loss.compute(healthy.views(), prototypes).parts();
    Map<String, NDArray> bad = loss.compute(collapsed.views(), prototypes).parts();
    assertThat(bad.get(PrototypeLoss.TOKEN_PROTOTYPE_USAGE).getFloat()).isCloseTo(1, within(1e-5f));
    assertThat(bad.get(PrototypeLoss.VIEW_PROTOTYPE_USAGE).getFloat()).isCloseTo(1, within(1e-5f));
    assertThat(good.get(PrototypeLoss.TOKEN_PROTOTYPE_USAGE).getFloat()).isGreaterThan(4);
    assertThat(bad.get(PrototypeLoss.ENTROPY).getFloat()).isGreaterThan(0.5f);
    assertThat(good.get(PrototypeLoss.ENTROPY).getFloat()).isLessThan(0.2f);
  }

  private static Shape ones(int rank) {
    return new Shape(rank == 2 ? new long[] {1, Outputs.E} : new long[] {1, 1, Outputs.E});
  }

  @Test
  void aLevelThatIsOffIsNeitherLoggedNorLookedAt() {
    T3DOutput output = Outputs.threeViews(manager, 2, 29);
    PrototypeLoss view =
        new PrototypeLoss(PrototypeConfig.builder().levels(PrototypeConfig.Levels.VIEW).build());
    PrototypeLoss token =
        new PrototypeLoss(PrototypeConfig.builder().levels(PrototypeConfig.Levels.TOKEN).build());
    assertThat(view.compute(output.views(), prototypes).parts())
        .containsOnlyKeys(
            PrototypeLoss.VIEW, PrototypeLoss.VIEW_PROTOTYPE_USAGE, PrototypeLoss.ENTROPY);
    assertThat(token.compute(output.views(), prototypes).parts())
        .containsOnlyKeys(
            PrototypeLoss.TOKEN,
            PrototypeLoss.TOKEN_PROTOTYPE_USAGE,
            PrototypeLoss.MATCHED_TOKENS,
            PrototypeLoss.ENTROPY);
    Outputs.backward(
        Outputs.leaves(output), () -> view.compute(output.views(), prototypes).total());
    assertThat(hasGradient(output.views().get(0).tokens())).isFalse();
    Map<String, NDArray> both = loss.compute(output.views(), prototypes).parts();
    assertThat(both.get(PrototypeLoss.VIEW).getFloat())
        .isEqualTo(
            view.compute(output.views(), prototypes).parts().get(PrototypeLoss.VIEW).getFloat());
    assertThat(both.get(PrototypeLoss.TOKEN).getFloat())
        .isEqualTo(
            token.compute(output.views(), prototypes).parts().get(PrototypeLoss.TOKEN).getFloat());
  }

  @Test
  void theTotalIsTheWeightedSumOfItsParts() {
    T3DOutput output = Outputs.threeViews(manager, 2, 30);
    LossTerms terms =
        new PrototypeLoss(
                PrototypeConfig.builder().viewWeight(2).tokenWeight(3).entropyWeight(5).build())
            .compute(output.views(), prototypes);
    Map<String, NDArray> p = terms.parts();
    float sum =
        2 * p.get(PrototypeLoss.VIEW).getFloat()
            + 3 * p.get(PrototypeLoss.TOKEN).getFloat()
            + 5 * p.get(PrototypeLoss.ENTROPY).getFloat();
    assertThat(terms.total().getFloat()).isCloseTo(sum, within(1e-4f));
    assertThat(terms.total().getShape()).isEqualTo(new Shape());
    assertThat(terms.total().getDataType()).isEqualTo(DataType.FLOAT32);
  }

  @Test
  void nothingIsLeftInTheManagerOfThePrototypes() {
    try (NDManager batch = manager.newSubManager()) {
      T3DOutput output = Outputs.threeViews(batch, 2, 31);
      List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
      leaves.add(prototypes);
      Outputs.backward(leaves, () -> loss.compute(output.views(), prototypes).total());
    }
    assertThat(((BaseNDManager) manager).getManagedArrays()).containsExactly(prototypes);
  }

  @Test
  void tooFewViewsAreNamed() {
    T3DOutput output = Outputs.threeViews(manager, 2, 32);
    assertThatThrownBy(() -> total(loss, Outputs.withViews(output, output.views().subList(0, 1))))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "Swapped prediction needs two views of each volume, one of them global, got 1 global and"
                + " 0 local; raise data.views.globalViews");
  }

  @Test
  void wrongShapesAreNamed() {
    T3DOutput output = Outputs.threeViews(manager, 2, 33);
    ViewFeatures v = output.views().get(1);
    NDArray tooFew = v.tokens().get(":, 1:");
    ViewFeatures broken = new ViewFeatures(v.kind(), v.embedding(), tooFew, v.grid());
    assertThatThrownBy(() -> total(loss, Outputs.withView(output, 1, broken)))
        .hasMessage(
            "tokens must be (B, N, E) = (2, 8, 6), got (2, 7, 6); N is the view's TokenGrid, B and"
                + " E those of view 0");
    NDArray wide = NDArrays.concat(new NDList(prototypes, prototypes), 1);
    assertThatThrownBy(() -> loss.compute(output.views(), wide))
        .hasMessage(
            "prototypes must be (K, E) = (K, 6), got (5, 12); all come from one T3DModel.forward");
  }

  @Test
  void wrongSettingsAreNamed() {
    assertThatThrownBy(() -> PrototypeConfig.builder().temperature(0).build())
        .hasMessage("PrototypeConfig.temperature must be > 0, got 0.0");
    assertThatThrownBy(() -> PrototypeConfig.builder().tokenWeight(-1).build())
        .hasMessage("PrototypeConfig.tokenWeight must be in [0.0, 1000000.0], got -1.0");
    assertThat(PrototypeConfig.builder().build()).isEqualTo(PrototypeConfig.defaults());
  }
}
