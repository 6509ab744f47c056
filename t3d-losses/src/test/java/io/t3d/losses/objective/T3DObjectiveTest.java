package io.t3d.losses.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Configs;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.text.SentenceSampling;
import io.t3d.core.train.LossTerms;
import io.t3d.losses.ContrastiveConfig;
import io.t3d.losses.ContrastiveLoss;
import io.t3d.losses.Outputs;
import io.t3d.losses.TestDevice;
import io.t3d.losses.TmaConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class T3DObjectiveTest {
  private static final Class<ObjectiveConfig> ANY = ObjectiveConfig.class;
  private static final List<String> PATIENTS = List.of("p", "q", "p");

  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private LossTerms compute(ObjectiveConfig config, T3DOutput output) {
    return objective(config).compute(output, PATIENTS);
  }

  private T3DObjective objective(ObjectiveConfig config) {
    return config instanceof ObjectiveConfig.Clip clip
        ? T3DObjective.clip(clip)
        : T3DObjective.create((ObjectiveConfig.T3d) config, Outputs.E, manager, 1);
  }

  @Test
  void theTotalIsTheGlobalLossPlusLambdaTma() {
    T3DOutput output = Outputs.threeViews(manager, 3, 1);
    LossTerms terms = compute(ObjectiveConfig.t3d().withLambda(0.5), output);
    Map<String, NDArray> p = terms.parts();
    assertThat(p.keySet())
        .containsExactly(
            "global",
            "tma",
            "tma_sentence_scale",
            "tma_local",
            "tma_sentence",
            "tma_consistency",
            "tma_view",
            "logit_scale",
            "temperature");
    assertThat(terms.total().getFloat())
        .isCloseTo(p.get("global").getFloat() + 0.5f * p.get("tma").getFloat(), within(1e-5f));
    assertThat(p.get("temperature").getFloat()).isCloseTo(0.07f, within(1e-6f));
    assertThat(p.get("logit_scale").getFloat()).isCloseTo(2.6593f, within(1e-3f));
  }

  @Test
  void theGlobalLossIsTheMeanOverGlobalViews() {
    T3DOutput output = Outputs.threeViews(manager, 3, 2);
    float[] perView = new float[3];
    for (int v = 0; v < 3; v++) {
      perView[v] =
          new ContrastiveLoss()
              .compute(
                  output.views().get(v).embedding(),
                  output.textEmbeddings(),
                  output.logitScale(),
                  PATIENTS)
              .getFloat();
    }
    assertThat(compute(ObjectiveConfig.clip(), output).total().getFloat())
        .isCloseTo((perView[0] + perView[1]) / 2, within(1e-5f));
    ObjectiveConfig all = new ObjectiveConfig.Clip(new ContrastiveConfig(0, true), 0.1);
    assertThat(compute(all, output).total().getFloat())
        .isCloseTo((perView[0] + perView[1] + perView[2]) / 3, within(1e-5f));
  }

  @Test
  void clipLogsNoTmaAndTrainsEmbeddingsAndLogitScaleAlone() {
    T3DOutput output = Outputs.threeViews(manager, 3, 3);
    assertThat(compute(ObjectiveConfig.clip(), output).parts())
        .containsOnlyKeys("global", "logit_scale", "temperature");
    Outputs.backward(Outputs.leaves(output), () -> compute(ObjectiveConfig.clip(), output).total());
    assertThat(norm(output.logitScale().getGradient())).isPositive();
    assertThat(norm(output.textEmbeddings().getGradient())).isPositive();
    assertThat(norm(output.views().get(0).embedding().getGradient())).isPositive();
    assertThat(norm(output.views().get(0).tokens().getGradient())).isZero();
  }

  @Test
  void theWholeMethodReachesTokensSentencesAndItsScale() {
    T3DOutput output = Outputs.threeViews(manager, 3, 4);
    T3DObjective t3d = objective(ObjectiveConfig.t3d());
    Outputs.backward(Outputs.leaves(output), () -> t3d.compute(output, PATIENTS).total());
    assertThat(norm(output.sentences().orElseThrow().embeddings().getGradient())).isPositive();
    assertThat(t3d.parameters()).containsOnlyKeys("sentence_scale.value");
    assertThat(norm(t3d.parameters().get("sentence_scale.value").getArray().getGradient()))
        .isPositive();
    for (int v = 0; v < 2; v++) {
      assertThat(norm(output.views().get(v).tokens().getGradient())).isPositive();
      assertThat(norm(output.views().get(v).embedding().getGradient())).isPositive();
    }
  }

  @Test
  void anObjectiveAsksForTheSentencesItReadsAndLearnsNoMoreThanItNeeds() {
    assertThat(objective(ObjectiveConfig.t3d()).sentences())
        .isEqualTo(SentenceSampling.sentences(4));
    assertThat(objective(ObjectiveConfig.wholeReport()).sentences())
        .isEqualTo(SentenceSampling.reports());
    for (ObjectiveConfig config :
        List.of(ObjectiveConfig.clip(), ObjectiveConfig.withoutText(), ObjectiveConfig.swavTma())) {
      assertThat(objective(config).sentences()).isEqualTo(SentenceSampling.none());
    }
    assertThat(objective(ObjectiveConfig.clip()).parameters()).isEmpty();
    assertThat(objective(ObjectiveConfig.withoutText()).parameters()).isEmpty();
    assertThat(objective(ObjectiveConfig.swavTma()).parameters())
        .containsOnlyKeys("prototypes.weight");
  }

  @Test
  void aGarbageCollectionBeforeTheBackwardPassChangesNothing() {
    T3DObjective smoothed =
        objective(
            new ObjectiveConfig.T3d(
                true, 1, new ContrastiveConfig(0.1, true), TmaConfig.defaults()));
    float[][] gradients = new float[2][];
    for (int run = 0; run < 2; run++) {
      boolean collect = run == 1;
      T3DOutput output = Outputs.threeViews(manager, 3, 7);
      Outputs.backward(
          Outputs.leaves(output),
          () -> {
            NDArray total = smoothed.compute(output, PATIENTS).total();
            if (collect) {
              overwriteFreedBuffers();
            }
            return total;
          });
      gradients[run] = output.views().get(0).tokens().getGradient().toFloatArray();
    }
    assertThat(gradients[1]).containsExactly(gradients[0], within(1e-6f));
  }

  private static void overwriteFreedBuffers() {
    System.gc();
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      buffers.add(ByteBuffer.allocateDirect(8).putFloat(0, 77).putFloat(4, 77));
    }
    assertThat(buffers).hasSize(2000);
  }

  private static float norm(NDArray gradient) {
    return gradient.abs().max().getFloat();
  }

  @Test
  void everyAblationChangesOneSetting() {
    ObjectiveConfig.T3d t3d = ObjectiveConfig.t3d();
    TmaConfig tma = t3d.tma();
    assertThat(ObjectiveConfig.withoutText())
        .isEqualTo(
            t3d.withTma(
                tma.toBuilder().localWeight(0).sentenceWeight(0).consistencyWeight(0).build()));
    assertThat(ObjectiveConfig.withoutViews())
        .isEqualTo(t3d.withTma(tma.toBuilder().consistencyWeight(0).viewWeight(0).build()));
    assertThat(ObjectiveConfig.wholeReport())
        .isEqualTo(t3d.withTma(tma.toBuilder().sentences(SentenceSampling.reports()).build()));
    assertThat(ObjectiveConfig.clip()).isEqualTo(t3d.withoutTma());
  }

  @Test
  void settingsSurviveJson() {
    for (ObjectiveConfig config :
        List.of(
            ObjectiveConfig.t3d(),
            ObjectiveConfig.clip(),
            ObjectiveConfig.swavTma(),
            ObjectiveConfig.sentenceClip(),
            ObjectiveConfig.siglip(),
            ObjectiveConfig.simclr(),
            ObjectiveConfig.vicreg(),
            ObjectiveConfig.swav(),
            ObjectiveConfig.masked())) {
      assertThat(Configs.fromJson(Configs.toJson(config), ObjectiveConfig.class)).isEqualTo(config);
    }
  }

  @Test
  void settingsOfTheTimeWhenOneRecordHeldAllMethodsStillOpen() {
    String global = "'global': {'labelSmoothing': 0.1, 'localViews': false}";
    String tma = "'tma': " + Configs.toJson(TmaConfig.builder().gatherTemperature(0.2).build());
    ContrastiveConfig smooth = new ContrastiveConfig(0.1, false);
    assertThat(old("'contrastive': true, 'lambda': 0.5, " + global + "," + tma))
        .isEqualTo(
            new ObjectiveConfig.T3d(
                true, 0.5, smooth, TmaConfig.builder().gatherTemperature(0.2).build()));
    assertThat(old("'contrastive': true, 'lambda': 0, " + global + "," + tma))
        .isEqualTo(new ObjectiveConfig.Clip(smooth, 0.2));
    assertThatThrownBy(() -> old("'contrastive': false, 'lambda': 0, " + global + "," + tma))
        .hasMessageContaining("T3d.lambda must be > 0, got 0");
    ObjectiveConfig.SimClr simclr = ObjectiveConfig.simclr();
    String baseline = "'contrastive': true, 'lambda': 1, " + global + "," + tma + ", 'baseline': ";
    assertThat(Configs.fromJson(quoted("{" + baseline + Configs.toJson(simclr) + "}"), ANY))
        .isEqualTo(simclr);
    assertThat(Configs.fromYaml("preset: siglip\nbaseline: {method: siglip, bias: -2}\n", ANY))
        .isEqualTo(new ObjectiveConfig.SigLip(-2));
    assertThat(Configs.fromYaml("preset: t3d\nlambda: 0\n", ANY)).isEqualTo(ObjectiveConfig.clip());
  }

  private static ObjectiveConfig old(String keys) {
    return Configs.fromJson(quoted("{" + keys + ", 'baseline': null}"), ANY);
  }

  private static String quoted(String json) {
    return json.replace('\'', '"');
  }

  @Test
  void aMethodIsNamedOrComesFromAPreset() {
    assertThat(Configs.fromYaml("method: simclr\ntemperature: 0.2\n", ANY))
        .isEqualTo(new ObjectiveConfig.SimClr(0.2, ObjectiveConfig.SimClr.defaults().projector()));
    assertThat(Configs.fromYaml("preset: withoutViews\nlambda: 0.5\n", ANY))
        .isEqualTo(ObjectiveConfig.withoutViews().withLambda(0.5));
    assertThatThrownBy(() -> Configs.fromYaml("preset: simclr\nmethod: clip\n", ANY))
        .hasMessageContaining("'method' is \"clip\", but \"simclr\" is a preset of another method");
    assertThatThrownBy(() -> Configs.fromYaml("preset: simcrl\n", ANY))
        .hasMessageContaining("'preset' must be one of [clip, ")
        .hasMessageContaining("simclr");
    assertThatThrownBy(() -> Configs.fromYaml("temperature: 0.2\n", ANY))
        .hasMessageContaining("misses the key 'method', one of [t3d, clip, siglip, ");
    assertThatThrownBy(() -> Configs.fromYaml("method: clip\nlambda: 1\n", ANY))
        .hasMessageContaining("'lambda' is not a known key; Clip knows");
  }

  @Test
  void tmaAloneLeavesTheGlobalLossOut() {
    T3DOutput output = Outputs.threeViews(manager, 3, 5);
    ObjectiveConfig alone =
        new ObjectiveConfig.T3d(false, 1, ContrastiveConfig.defaults(), TmaConfig.defaults());
    LossTerms terms = compute(alone, output);
    assertThat(terms.parts()).doesNotContainKey("global").containsKey("tma");
    assertThat(terms.total().getFloat()).isEqualTo(terms.parts().get("tma").getFloat());
  }

  @Test
  void nothingToMinimiseAndMissingViewsAreNamed() {
    assertThatThrownBy(
            () ->
                new ObjectiveConfig.T3d(
                    false, 0, ContrastiveConfig.defaults(), TmaConfig.defaults()))
        .hasMessage("T3d.lambda must be > 0, got 0: without TMA it is CLIP; set method: clip");
    T3DOutput output = Outputs.threeViews(manager, 3, 6);
    T3DOutput locals = Outputs.withViews(output, output.views().subList(2, 3));
    assertThatThrownBy(() -> compute(ObjectiveConfig.clip(), locals))
        .hasMessage(
            "The global alignment needs a global view, got 1 local views; raise the number of"
                + " global views or set ContrastiveConfig.localViews to true");
    assertThatThrownBy(() -> objective(ObjectiveConfig.t3d()).compute(output, List.of("p")))
        .hasMessage("patientIds must name the patient of each of the B = 3 pairs, got 1 ids");
  }
}
