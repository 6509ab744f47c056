package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.text.SentenceSampling;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.losses.TmaLoss.Learned;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TmaLossTest {
  private static final List<String> PATIENTS = List.of("p", "q", "r");

  private final NDManager manager = TestDevice.manager();
  private final NDArray scale = manager.create((float) Math.log(1 / 0.07));
  private final TmaLoss loss = new TmaLoss();

  @AfterEach
  void close() {
    manager.close();
  }

  private LossTerms compute(TmaLoss tma, T3DOutput output, List<String> patients) {
    return tma.compute(output, Learned.of(scale), patients);
  }

  private LossTerms compute(T3DOutput output) {
    return compute(loss, output, PATIENTS);
  }

  private static TmaLoss only(String term) {
    TmaConfig.Builder none =
        TmaConfig.builder().localWeight(0).sentenceWeight(0).consistencyWeight(0).viewWeight(0);
    return new TmaLoss(
        switch (term) {
          case TmaLoss.LOCAL -> none.localWeight(1).build();
          case TmaLoss.SENTENCE -> none.sentenceWeight(1).build();
          case TmaLoss.CONSISTENCY -> none.consistencyWeight(1).build();
          default -> none.viewWeight(1).build();
        });
  }

  @Test
  void valuesPartsAndGradientsEqualTheReferenceInLoops() throws Exception {
    JsonNode golden = Golden.read("tma.json");
    List<String> patients = new ArrayList<>();
    golden.get("patients").forEach(p -> patients.add(p.asText()));
    for (JsonNode c : golden.get("cases")) {
      TmaConfig config = config(c.get("config"));
      assertGolden(new TmaLoss(config), golden, c, patients);
      assertGolden(TmaLoss.plain(config), golden, c, patients);
    }
  }

  private void assertGolden(TmaLoss tma, JsonNode golden, JsonNode c, List<String> patients) {
    T3DOutput output = Outputs.golden(manager, golden);
    NDArray queries = output.sentences().orElseThrow().embeddings();
    NDArray learned = manager.create((float) golden.get("scale").asDouble());
    List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
    leaves.add(learned);
    LossTerms terms =
        Outputs.backwardTerms(leaves, () -> tma.compute(output, Learned.of(learned), patients));
    Outputs.assertTerms(terms, c, c.get("config").toString());
    NDArray scalePart = terms.parts().get(TmaLoss.SENTENCE_SCALE);
    assertThat(terms.parts()).hasSize(c.get("parts").size() + (scalePart == null ? 0 : 1));
    if (scalePart != null) {
      assertThat(scalePart.getFloat()).isEqualTo(learned.getFloat());
    }
    Golden.assertClose(queries.getGradient(), c.get("queriesGradient"), 2e-3, "sentences");
    assertThat((double) learned.getGradient().getFloat())
        .isCloseTo(Golden.doubles(c.get("scaleGradient").get("data"))[0], within(5e-4));
    Outputs.assertGradients(output.views(), c.get("gradients"));
  }

  /** With more weights than one block of the fused gathering holds. */
  @Test
  void thePlainFormHasTheSameValuesAndGradients() {
    List<float[]> best = run(loss);
    List<float[]> plain = run(TmaLoss.plain(TmaConfig.defaults()));
    assertThat(best).hasSameSizeAs(plain).hasSizeGreaterThan(10);
    for (int i = 0; i < best.size(); i++) {
      assertThat(best.get(i)).containsExactly(plain.get(i), within(2e-5f));
    }
  }

  /** The total, the parts and the gradients in all leaves. */
  private List<float[]> run(TmaLoss form) {
    SplittableRandom random = new SplittableRandom(35);
    TokenGrid grid = new TokenGrid(20, 20, 20, Collections.nCopies(3, Affine.identity()));
    T3DOutput output =
        Outputs.output(
            manager,
            random,
            List.of(
                Outputs.view(manager, random, View.Kind.GLOBAL, grid),
                Outputs.view(manager, random, View.Kind.GLOBAL, grid)));
    NDArray learned = manager.create(scale.getFloat());
    List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
    leaves.add(learned);
    LossTerms terms =
        Outputs.backwardTerms(leaves, () -> form.compute(output, Learned.of(learned), PATIENTS));
    return Outputs.valuesAndGradients(terms, leaves);
  }

  private static TmaConfig config(JsonNode c) {
    return TmaConfig.builder()
        .gatherTemperature(c.get("gatherTemperature").asDouble())
        .localWeight(c.get("localWeight").asDouble())
        .sentenceWeight(c.get("sentenceWeight").asDouble())
        .consistencyWeight(c.get("consistencyWeight").asDouble())
        .consistencyTemperature(c.get("consistencyTemperature").asDouble())
        .viewWeight(c.get("viewWeight").asDouble())
        .viewTemperature(c.get("viewTemperature").asDouble())
        .localViews(c.get("localViews").asBoolean())
        .build();
  }

  @Test
  void twoVolumesThatShowTheirSentencesGiveTheValueOfPaperAndPencil() {
    // Each volume has one token, equal to its own sentence, at right angles to the other's. All
    // that is gathered is that token: own cosine 1, other 0, in all terms.
    NDArray eye = manager.eye(2);
    ViewFeatures view = new ViewFeatures(View.Kind.GLOBAL, eye, eye.expandDims(1), one(2));
    ReportSentences sentences =
        new ReportSentences(List.of("a", "b"), List.of(0, 1), List.of(Set.of(0), Set.of(1)), 2);
    T3DOutput output =
        new T3DOutput(
            List.of(view, view),
            eye,
            Optional.of(new SentenceFeatures(eye, sentences)),
            manager.create(1f));
    Map<String, NDArray> parts = compute(loss, output, List.of("p", "q")).parts();
    double aligned = Math.log(1 + Math.exp(-1 / 0.07)); // 6e-7: float32 near 1 has steps of 1.2e-7
    assertThat((double) parts.get(TmaLoss.LOCAL).getFloat()).isCloseTo(aligned, within(1.2e-7));
    assertThat((double) parts.get(TmaLoss.SENTENCE).getFloat()).isCloseTo(aligned, within(1.2e-7));
    double consistent = Math.log(1 + Math.exp(-10));
    assertThat((double) parts.get(TmaLoss.CONSISTENCY).getFloat())
        .isCloseTo(consistent, within(2e-7));
    double alike = Math.log(1 + 2 * Math.exp(-10)); // the other volume's two views
    assertThat((double) parts.get(TmaLoss.VIEW).getFloat()).isCloseTo(alike, within(2e-7));
  }

  private static TokenGrid one(int pairs) {
    return new TokenGrid(1, 1, 1, Collections.nCopies(pairs, Affine.identity()));
  }

  @Test
  void gradientsEqualFiniteDifferences() {
    T3DOutput output = Outputs.threeViews(manager, 3, 21);
    List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
    leaves.add(scale);
    Outputs.backward(leaves, () -> compute(output).total());
    float[] ofTokens = output.views().get(1).tokens().getGradient().toFloatArray();
    NDArray q = output.sentences().orElseThrow().embeddings();
    float[] ofSentences = q.getGradient().toFloatArray();
    float[] tokens = output.views().get(1).tokens().toFloatArray();
    float[] sentences = q.toFloatArray();
    // Long in float32: the quotient of differences rounds at 1e-7 · loss / h.
    float h = 2e-3f;
    for (int i = 0; i < tokens.length; i += 7) {
      double slope =
          (withTokens(output, moved(tokens, i, h)) - withTokens(output, moved(tokens, i, -h)))
              / (2 * h);
      assertThat((double) ofTokens[i]).isCloseTo(slope, within(2e-3 + 0.01 * Math.abs(slope)));
    }
    for (int i = 0; i < sentences.length; i += 5) {
      double slope =
          (withSentences(output, moved(sentences, i, h))
                  - withSentences(output, moved(sentences, i, -h)))
              / (2 * h);
      assertThat((double) ofSentences[i]).isCloseTo(slope, within(2e-3 + 0.01 * Math.abs(slope)));
    }
    double slope = (withScale(output, h) - withScale(output, -h)) / (2 * h);
    assertThat((double) scale.getGradient().getFloat())
        .isCloseTo(slope, within(2e-3 + 0.01 * Math.abs(slope)));
  }

  private static float[] moved(float[] values, int i, float step) {
    float[] out = values.clone();
    out[i] += step;
    return out;
  }

  private double withTokens(T3DOutput output, float[] tokens) {
    ViewFeatures v = output.views().get(1);
    NDArray array = manager.create(tokens, v.tokens().getShape());
    ViewFeatures changed = new ViewFeatures(v.kind(), v.embedding(), array, v.grid());
    return compute(Outputs.withView(output, 1, changed)).total().getFloat();
  }

  private double withSentences(T3DOutput output, float[] values) {
    SentenceFeatures s = output.sentences().orElseThrow();
    NDArray array = manager.create(values, s.embeddings().getShape());
    return compute(withSentences(output, new SentenceFeatures(array, s.sentences())))
        .total()
        .getFloat();
  }

  private double withScale(T3DOutput output, float step) {
    NDArray moved = manager.create(scale.getFloat() + step);
    return loss.compute(output, Learned.of(moved), PATIENTS).total().getFloat();
  }

  private static T3DOutput withSentences(T3DOutput output, SentenceFeatures sentences) {
    return new T3DOutput(
        output.views(), output.textEmbeddings(), Optional.of(sentences), output.logitScale());
  }

  @Test
  void staysFiniteAtTemperatureOneHundredth() {
    T3DOutput output = Outputs.threeViews(manager, 3, 22);
    TmaLoss sharp =
        new TmaLoss(
            TmaConfig.builder()
                .gatherTemperature(0.01)
                .consistencyTemperature(0.01)
                .viewTemperature(0.01)
                .build());
    NDArray hundred = manager.create((float) Math.log(100));
    float total =
        Outputs.backward(
            Outputs.leaves(output),
            () -> sharp.compute(output, Learned.of(hundred), PATIENTS).total());
    assertThat(total).isFinite();
    for (NDArray leaf : Outputs.leaves(output)) {
      assertThat(leaf.getGradient().isNaN().any().getBoolean()).isFalse();
      assertThat(leaf.getGradient().isInfinite().any().getBoolean()).isFalse();
    }
  }

  @Test
  void onePairHasNoNegativesAndCostsNothing() {
    T3DOutput output = Outputs.threeViews(manager, 1, 23);
    LossTerms terms = compute(loss, output, List.of("p"));
    assertThat(terms.total().getFloat()).isCloseTo(0, within(1e-6f));
    Outputs.backward(Outputs.leaves(output), () -> compute(loss, output, List.of("p")).total());
    for (NDArray leaf : Outputs.leaves(output)) {
      assertThat(leaf.getGradient().abs().max().getFloat()).isCloseTo(0, within(1e-6f));
    }
  }

  @Test
  void aReportOfOneSentenceCountsAsManySentencesAsItHas() {
    T3DOutput output = Outputs.threeViews(manager, 3, 24);
    SentenceFeatures two = output.sentences().orElseThrow();
    ReportSentences uneven =
        new ReportSentences(
            List.of("a", "b", "c", "d"),
            List.of(0, 1, 1, 2),
            List.of(Set.of(0), Set.of(1), Set.of(1), Set.of(2)),
            3);
    NDArray q = two.embeddings().get("0:4");
    float all = total(only(TmaLoss.LOCAL), withSentences(output, new SentenceFeatures(q, uneven)));
    double sum = 0;
    for (int t = 0; t < 4; t++) {
      sum += findOwner(output, q.get(t), uneven.owners().get(t)) / 4;
    }
    // The other half tells sentences apart within a volume, of which a golden has the value.
    assertThat((double) all).isGreaterThan(0.5 * sum);
    assertThat(Double.isFinite(all)).isTrue();
  }

  /** Mean over both global views of the cross-entropy with which a sentence finds its volume. */
  private double findOwner(T3DOutput output, NDArray q, int owner) {
    double sum = 0;
    for (ViewFeatures view : output.views().subList(0, 2)) {
      NDArray keys = view.tokens().normalize(2, 2); // (B, N, E)
      NDArray weights = keys.matMul(q.expandDims(1)).div(0.1f).softmax(1); // (B, N, 1)
      NDArray z = weights.mul(view.tokens()).sum(new int[] {1}).normalize(2, 1); // (B, E)
      NDArray logits = z.matMul(q.expandDims(1)).squeeze(1).mul(scale.exp()); // (B)
      sum -= logits.logSoftmax(0).getFloat(owner) / 2;
    }
    return sum;
  }

  private float total(TmaLoss tma, T3DOutput output) {
    return compute(tma, output, PATIENTS).total().getFloat();
  }

  @Test
  void whereViewsLieDoesNotMatterForTheyMeetAtTheText() {
    T3DOutput output = Outputs.threeViews(manager, 3, 25);
    ViewFeatures v = output.views().get(1);
    ViewFeatures far = new ViewFeatures(v.kind(), v.embedding(), v.tokens(), Outputs.cube(3, 1e4));
    assertThat(total(loss, Outputs.withView(output, 1, far))).isEqualTo(total(loss, output));
  }

  @Test
  void aSentenceThatStandsInAnotherReportIsNoNegativeThereInAnyTerm() {
    T3DOutput output = Outputs.threeViews(manager, 3, 26);
    SentenceFeatures s = output.sentences().orElseThrow();
    ReportSentences real = s.sentences();
    ReportSentences allShared =
        new ReportSentences(
            real.texts(), real.owners(), Collections.nCopies(real.size(), Set.of(0, 1, 2)), 3);
    T3DOutput shared = withSentences(output, new SentenceFeatures(s.embeddings(), allShared));
    for (String term : List.of(TmaLoss.LOCAL, TmaLoss.SENTENCE, TmaLoss.CONSISTENCY)) {
      assertThat(total(only(term), shared)).as(term).isCloseTo(0, within(1e-6f));
      assertThat(total(only(term), output)).as(term).isGreaterThan(0.1f);
    }
  }

  @Test
  void volumesOfOnePatientAreNoNegativesOfEachOtherInAnyTerm() {
    T3DOutput output = Outputs.threeViews(manager, 3, 27);
    for (String term :
        List.of(TmaLoss.LOCAL, TmaLoss.SENTENCE, TmaLoss.CONSISTENCY, TmaLoss.VIEW)) {
      float alone = compute(only(term), output, List.of("p", "p", "p")).total().getFloat();
      assertThat(alone).as(term).isCloseTo(0, within(1e-6f));
    }
  }

  @Test
  void theOrderOfPairsAndViewsAndTheScaleOfTokensDoNotMatter() {
    T3DOutput output = Outputs.threeViews(manager, 3, 28);
    float total = total(loss, output);
    List<ViewFeatures> reversed = new ArrayList<>(output.views());
    Collections.reverse(reversed);
    assertThat(total(loss, Outputs.withViews(output, reversed))).isCloseTo(total, within(1e-5f));
    List<ViewFeatures> scaled =
        output.views().stream()
            .map(v -> new ViewFeatures(v.kind(), v.embedding(), v.tokens().mul(7f), v.grid()))
            .toList();
    assertThat(total(loss, Outputs.withViews(output, scaled))).isCloseTo(total, within(1e-5f));
    assertThat(total(loss, permuted(output))).isCloseTo(total, within(1e-5f));
  }

  /** Pairs 2, 0, 1 of three; the sentences with them. */
  private T3DOutput permuted(T3DOutput output) {
    NDArray order = manager.create(new long[] {2, 0, 1});
    List<ViewFeatures> views =
        output.views().stream()
            .map(
                v ->
                    new ViewFeatures(
                        v.kind(), v.embedding().get(order), v.tokens().get(order), v.grid()))
            .toList();
    SentenceFeatures s = output.sentences().orElseThrow();
    // Sentence 0 stands in volumes 0 and 2, which are now 1 and 0.
    ReportSentences moved =
        new ReportSentences(
            List.of("4", "5", "0", "1", "2", "3"),
            List.of(0, 0, 1, 1, 2, 2),
            List.of(Set.of(0), Set.of(0), Set.of(0, 1), Set.of(1), Set.of(2), Set.of(2)),
            3);
    NDArray q = s.embeddings().get(manager.create(new long[] {4, 5, 0, 1, 2, 3}));
    return withSentences(Outputs.withViews(output, views), new SentenceFeatures(q, moved));
  }

  @Test
  void theTotalIsTheWeightedSumOfItsParts() {
    T3DOutput output = Outputs.threeViews(manager, 3, 29);
    NDArray prototypes = Outputs.prototypes(manager, 29);
    TmaLoss all =
        new TmaLoss(
            TmaConfig.builder()
                .localWeight(2)
                .sentenceWeight(3)
                .consistencyWeight(5)
                .viewWeight(7)
                .prototypeWeight(11)
                .build());
    LossTerms terms =
        all.compute(output, new Learned(Optional.of(scale), Optional.of(prototypes)), PATIENTS);
    Map<String, NDArray> p = terms.parts();
    float sum =
        2 * p.get(TmaLoss.LOCAL).getFloat()
            + 3 * p.get(TmaLoss.SENTENCE).getFloat()
            + 5 * p.get(TmaLoss.CONSISTENCY).getFloat()
            + 7 * p.get(TmaLoss.VIEW).getFloat()
            + 11 * p.get(TmaLoss.PROTOTYPES).getFloat();
    assertThat(terms.total().getFloat()).isCloseTo(sum, within(1e-4f * sum));
    assertThat(p.get(TmaLoss.PROTOTYPES).getFloat())
        .isEqualTo(new PrototypeLoss().compute(output.views(), prototypes).total().getFloat());
    assertThat(p).containsKey("prototypes_token_prototype_usage");
    assertThat(terms.total().getShape().size()).isEqualTo(1);
    assertThat(terms.total().getDataType()).isEqualTo(DataType.FLOAT32);
  }

  @Test
  void termsThatAreOffAreNeitherLoggedNorNeedWhatTheyWouldReadOrLearn() {
    T3DOutput output = Outputs.threeViews(manager, 3, 30);
    T3DOutput noSentences =
        new T3DOutput(
            output.views(), output.textEmbeddings(), Optional.empty(), output.logitScale());
    Learned nothing = new Learned(Optional.empty(), Optional.empty());
    LossTerms terms = new TmaLoss(TmaConfig.withoutText()).compute(noSentences, nothing, PATIENTS);
    assertThat(terms.parts()).containsOnlyKeys(TmaLoss.VIEW);
    assertThat(compute(new TmaLoss(TmaConfig.withoutViews()), output, PATIENTS).parts())
        .containsOnlyKeys(TmaLoss.SENTENCE_SCALE, TmaLoss.LOCAL, TmaLoss.SENTENCE);
    assertThat(compute(new TmaLoss(TmaConfig.sentenceClip()), output, PATIENTS).parts())
        .containsOnlyKeys(TmaLoss.SENTENCE_SCALE, TmaLoss.SENTENCE);
  }

  @Test
  void localViewsJoinWhenAskedTo() {
    T3DOutput output = Outputs.threeViews(manager, 3, 31);
    TmaLoss all = new TmaLoss(TmaConfig.builder().localViews(true).build());
    Outputs.backward(Outputs.leaves(output), () -> compute(loss, output, PATIENTS).total());
    assertThat(output.views().get(2).tokens().getGradient().abs().max().getFloat()).isZero();
    T3DOutput again = Outputs.threeViews(manager, 3, 31);
    Outputs.backward(Outputs.leaves(again), () -> compute(all, again, PATIENTS).total());
    assertThat(again.views().get(2).tokens().getGradient().abs().max().getFloat()).isPositive();
  }

  @Test
  void nothingIsLeftInTheManagerOfWhatIsLearned() {
    try (NDManager batch = manager.newSubManager()) {
      T3DOutput output = Outputs.threeViews(batch, 3, 32);
      List<NDArray> leaves = new ArrayList<>(Outputs.leaves(output));
      leaves.add(scale);
      Outputs.backward(leaves, () -> compute(output).total());
    }
    assertThat(((BaseNDManager) manager).getManagedArrays()).containsExactly(scale);
  }

  @Test
  void whatIsMissingIsNamed() {
    T3DOutput output = Outputs.threeViews(manager, 3, 33);
    T3DOutput noSentences =
        new T3DOutput(
            output.views(), output.textEmbeddings(), Optional.empty(), output.logitScale());
    assertThatThrownBy(() -> compute(noSentences))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "TMA needs sentences of the reports, but the model's output has none: pass"
                + " T3DModel.tokenize(manager, ReportSentences.draw(…)) to forward");
    assertThatThrownBy(
            () -> loss.compute(output, new Learned(Optional.empty(), Optional.empty()), PATIENTS))
        .hasMessage(
            "TmaLoss.Learned.sentenceScale is missing, which these settings need;"
                + " T3DObjective.create makes it");
    T3DOutput oneView = Outputs.withViews(output, output.views().subList(0, 1));
    assertThatThrownBy(() -> compute(oneView))
        .hasMessage(
            "TmaConfig.consistencyWeight > 0 needs two views of each volume to compare, got 1;"
                + " raise data.views.globalViews, or set the weight to 0");
    assertThatThrownBy(() -> total(only(TmaLoss.VIEW), oneView))
        .hasMessageStartingWith("TmaConfig.viewWeight > 0 needs two views");
    T3DOutput locals = Outputs.withViews(output, output.views().subList(2, 3));
    assertThatThrownBy(() -> compute(locals))
        .hasMessage(
            "TMA needs at least 1 global view(s) of each volume, got 0; raise"
                + " data.views.globalViews");
    assertThatThrownBy(() -> compute(loss, output, List.of("p")))
        .hasMessage("patientIds must name the patient of each of the B = 3 pairs, got 1 ids");
  }

  @Test
  void wrongShapesAreNamed() {
    T3DOutput output = Outputs.threeViews(manager, 3, 34);
    ViewFeatures v = output.views().get(1);
    NDArray tooFew = v.tokens().get(":, 1:");
    ViewFeatures broken = new ViewFeatures(v.kind(), v.embedding(), tooFew, v.grid());
    assertThatThrownBy(() -> compute(Outputs.withView(output, 1, broken)))
        .hasMessage(
            "tokens must be (B, N, E) = (3, 8, 6), got (3, 7, 6); N is the view's TokenGrid, B and"
                + " E those of view 0");
    SentenceFeatures s = output.sentences().orElseThrow();
    NDArray narrow = s.embeddings().get(":, 1:");
    T3DOutput other = withSentences(output, new SentenceFeatures(narrow, s.sentences()));
    assertThatThrownBy(() -> compute(other))
        .hasMessage(
            "sentences must be (T, E) = (6, 6), got (6, 5); one row per text, all of one"
                + " T3DModel.forward");
  }

  @Test
  void wrongSettingsAreNamed() {
    assertThatThrownBy(() -> TmaConfig.builder().gatherTemperature(0).build())
        .hasMessage("TmaConfig.gatherTemperature must be > 0, got 0.0");
    assertThatThrownBy(() -> TmaConfig.builder().localWeight(-1).build())
        .hasMessage("TmaConfig.localWeight must be in [0.0, 1000000.0], got -1.0");
    assertThatThrownBy(() -> TmaConfig.builder().sentences(SentenceSampling.none()).build())
        .hasMessage(
            "TmaConfig.sentences must be SENTENCE or REPORT where localWeight, sentenceWeight or"
                + " consistencyWeight is > 0, got NONE");
    assertThatThrownBy(() -> TmaConfig.withoutText().toBuilder().viewWeight(0).build())
        .hasMessageStartingWith("TmaConfig has nothing to minimise: all weights are 0");
    assertThat(TmaConfig.builder().build()).isEqualTo(TmaConfig.defaults());
  }
}
