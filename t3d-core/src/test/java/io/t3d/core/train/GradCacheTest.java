package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.internal.kernel.TokenGathering;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.internal.GradientSums;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.Gradients;
import io.t3d.core.volume.ViewBatch;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients by less memory: micro-batches and activation checkpoints, against the plain pass. */
class GradCacheTest {
  @ParameterizedTest
  @CsvSource({"64, 4, false", "7, 3, false", "8, 4, true"})
  void gradientsEqualThoseOfTheWholeBatch(int pairs, int microBatch, boolean checkpoints) {
    PairBatch batch = SmallTraining.batch(0, 0, pairs);
    Map<String, float[]> whole = gradients(SmallTraining.vit(), settings(0, false), batch);
    Map<String, float[]> parts =
        gradients(SmallTraining.vit(), settings(microBatch, checkpoints), batch);
    assertAlike(parts, whole, 1e-4);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void checkpointsChangeNeitherGradientsNorRunningStatistics(boolean resnet) {
    T3DConfig config = resnet ? SmallTraining.resnet(0) : SmallTraining.vit();
    PairBatch batch = SmallTraining.batch(0, 0, 4);
    Map<String, float[]> kept = gradients(config, settings(0, false), batch);
    Map<String, float[]> again = gradients(config, settings(0, true), batch);
    assertAlike(again, kept, 1e-5);
    assertThat(kept.keySet().stream().anyMatch(n -> n.endsWith("running_mean"))).isEqualTo(resnet);
  }

  @Test
  void inBfloat16CheckpointsChangeLittle() {
    PairBatch batch = SmallTraining.batch(0, 0, 4);
    TrainingConfig.Builder bfloat16 = SmallTraining.settings().precision(Precision.BFLOAT16);
    Map<String, float[]> kept = gradients(SmallTraining.vit(), bfloat16.build(), batch);
    Map<String, float[]> again =
        gradients(SmallTraining.vit(), bfloat16.checkpointActivations(true).build(), batch);
    assertAlike(again, kept, 2e-2);
  }

  @Test
  void withBatchNormTheRunningStatisticsSeeEveryMicroBatchOnce() {
    PairBatch batch = SmallTraining.batch(0, 0, 4);
    Map<String, float[]> cached = gradients(SmallTraining.resnet(0), settings(2, false), batch);
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      ModelPass pass = new ModelPass(model, settings(0, false));
      batch
          .split(2)
          .forEach(part -> pass.run(part, Optional.empty(), 1, GradCacheTest::forwardOnly));
      assertAlike(only(cached, "running_"), only(values(model, false), "running_"), 1e-6);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sumsByOneOperationEqualAutogradsToTheBit(boolean resnet) {
    T3DConfig config = resnet ? SmallTraining.resnet(0) : SmallTraining.vit();
    PairBatch batch = SmallTraining.batch(0, 0, 6);
    Map<String, float[]> byAutograd = sums(config, batch, false);
    assertAlike(sums(config, batch, true), byAutograd, 0);
  }

  /** The gradients of three passes, and running statistics. */
  private static Map<String, float[]> sums(T3DConfig config, PairBatch batch, boolean ofLists) {
    try (T3DModel model = SmallTraining.model(config);
        NDManager scope = model.manager().newSubManager();
        AdamW optimizer =
            new AdamW(model.manager(), model.parameters(), settings(0, false).optimizer())) {
      GradientSums sums = new GradientSums(scope, optimizer.trained(), true);
      ModelPass pass = new ModelPass(model, settings(0, false));
      for (PairBatch part : batch.split(2)) {
        pass.run(
            part,
            Optional.empty(),
            1,
            (forward, views) -> Optional.of(SmallTraining.contrast(forward.run(views)).total()));
        if (ofLists) {
          sums.take();
        }
      }
      sums.put();
      return values(model, true);
    }
  }

  @Test
  void viewsThatWereCopiedAheadGiveTheSameGradients() {
    PairBatch all = SmallTraining.batch(0, 0, 4);
    Map<String, float[]> inTurn = ofAnEpoch(all, false);
    assertAlike(ofAnEpoch(all, true), inTurn, 0);
  }

  private static Map<String, float[]> ofAnEpoch(PairBatch all, boolean ahead) {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit());
        AdamW optimizer =
            new AdamW(model.manager(), model.parameters(), settings(0, false).optimizer())) {
      assertThat(optimizer.updates()).isZero();
      ModelPass pass = new ModelPass(model, settings(0, false));
      PairSource.Batches epoch = PairSource.of(all, 2, 1).epoch(0, 0);
      int before = arrays(model);
      try (PairSource.Batches batches = ahead ? pass.ahead(epoch) : epoch) {
        while (batches.hasNext()) {
          pass.run(
              batches.next(),
              Optional.empty(),
              1,
              (forward, views) -> Optional.of(SmallTraining.contrast(forward.run(views)).total()));
        }
      }
      assertThat(arrays(model)).isEqualTo(before);
      return values(model, true);
    }
  }

  private static int arrays(T3DModel model) {
    return ((BaseNDManager) model.manager()).getManagedArrays().size();
  }

  private static Optional<NDArray> forwardOnly(BatchObjective.Forward forward, ViewBatch views) {
    assertThat(forward.run(views).views()).hasSize(1);
    return Optional.empty();
  }

  private static TrainingConfig settings(int microBatch, boolean checkpoints) {
    return SmallTraining.settings()
        .microBatch(microBatch)
        .checkpointActivations(checkpoints)
        .build();
  }

  /** The gradients of all weights, and the running statistics after the step. */
  private static Map<String, float[]> gradients(
      T3DConfig modelConfig, TrainingConfig config, PairBatch batch) {
    try (T3DModel model = SmallTraining.model(modelConfig);
        AdamW optimizer = new AdamW(model.manager(), model.parameters(), config.optimizer())) {
      assertThat(optimizer.updates()).isZero();
      ModelPass pass = new ModelPass(model, config);
      // Two of some reports, one of others: rows per pair differ.
      Optional<ReportSentences> texts =
          Optional.of(ReportSentences.draw(unevenReports(batch.size()), 2, 3));
      int micro = config.microBatch();
      if (micro > 0) {
        new GradCache(model, pass, micro).run(batch, texts, 5, GradCacheTest::ofAllParts);
      } else {
        pass.run(batch, texts, 5, (forward, views) -> Optional.of(ofAllParts(forward.run(views))));
      }
      return values(model, true);
    }
  }

  /** Two sentences or one. */
  private static List<String> unevenReports(int pairs) {
    return IntStream.range(0, pairs)
        .mapToObj(i -> i % 3 == 1 ? "Nodule " + i + "." : "Effusion " + i + ". No mass.")
        .toList();
  }

  /** Compares pairs, and looks at every array of the output. */
  private static NDArray ofAllParts(T3DOutput output) {
    NDArray loss = SmallTraining.contrast(output).total();
    for (ViewFeatures view : output.views()) {
      NDArray texts = output.sentences().orElseThrow().embeddings(); // (T, E)
      // As at real sizes: its gradients go through hooks.
      TokenGathering gathering =
          TorchBridge.available() ? TokenGathering.fused(0.1) : TokenGathering.plain(0.1);
      NDArray gathered = gathering.gather(view.tokens(), texts); // (B, T, E)
      loss = loss.add(gathered.mul(texts).sum(new int[] {2}).exp().mean());
      loss = loss.add(view.tokens().square().mean());
    }
    return loss;
  }

  private static Map<String, float[]> values(T3DModel model, boolean withGradients) {
    Map<String, float[]> values = new TreeMap<>();
    try (NDManager scope = model.manager().newSubManager()) {
      model
          .parameters()
          .forEach(
              (name, p) -> {
                if (name.contains("running_")) {
                  values.put(name, p.getArray().toFloatArray());
                }
              });
      if (withGradients) {
        Gradients gradients = Gradients.collect(scope, trained(model));
        trained(model)
            .forEach(
                (name, p) -> values.put(name, gradients.of(name).orElseThrow().toFloatArray()));
      }
    }
    return values;
  }

  private static Map<String, Parameter> trained(T3DModel model) {
    Map<String, Parameter> trained = new TreeMap<>(model.parameters());
    trained.values().removeIf(p -> !p.requiresGradient() || !p.getArray().hasGradient());
    return trained;
  }

  private static Map<String, float[]> only(Map<String, float[]> values, String part) {
    Map<String, float[]> some = new TreeMap<>(values);
    some.keySet().removeIf(name -> !name.contains(part));
    assertThat(some).isNotEmpty();
    return some;
  }

  private static void assertAlike(
      Map<String, float[]> actual, Map<String, float[]> expected, double tolerance) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (name, e) ->
            assertThat(actual.get(name)).as(name).containsExactly(e, within((float) tolerance)));
  }
}
