package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** In bfloat16 only products and convolutions are: what is kept and summed up stays float32. */
class MixedPrecisionTest {
  private final PairBatch batch = SmallTraining.batch(0, 0, 4);

  @Test
  void weightsMomentsGradientsAndLossAreFloat32() {
    TrainingConfig config = config(Precision.BFLOAT16);
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0));
        AdamW optimizer = new AdamW(model.manager(), model.parameters(), config.optimizer());
        NDManager scope = model.manager().newSubManager()) {
      List<DataType> losses = new ArrayList<>();
      new ModelPass(model, config)
          .run(
              batch,
              Optional.empty(),
              1,
              (forward, views) -> {
                NDArray total = SmallTraining.contrast(forward.run(views)).total();
                losses.add(total.getDataType());
                return Optional.of(total);
              });
      Gradients gradients = Gradients.collect(scope, optimizer.trained());
      optimizer.step(1e-3, gradients);
      assertThat(losses).containsExactly(DataType.FLOAT32);
      optimizer
          .trained()
          .keySet()
          .forEach(
              name -> {
                NDArray gradient = gradients.of(name).orElseThrow();
                if (gradient != null) { // the loss does not look at all parts
                  assertThat(gradient.getDataType()).as(name).isEqualTo(DataType.FLOAT32);
                }
              });
      model
          .parameters()
          .forEach(
              (name, p) ->
                  assertThat(p.getArray().getDataType()).as(name).isEqualTo(DataType.FLOAT32));
      optimizer
          .state()
          .forEach((n, a) -> assertThat(a.getDataType()).as(n).isEqualTo(DataType.FLOAT32));
    }
  }

  @Test
  void aStepTooSmallForBfloat16StillMovesTheWeights() {
    // 1e-5 on weights of about 1 is far below bfloat16's step of 1/128: only float32 keeps it.
    TrainingConfig config = config(Precision.BFLOAT16);
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0));
        AdamW optimizer = new AdamW(model.manager(), model.parameters(), config.optimizer())) {
      TrainingStep step =
          new TrainingStep(
              model,
              (Objective) (output, ids) -> SmallTraining.contrast(output),
              optimizer,
              config);
      float[] before = scale(model);
      step.run(0, 1e-5, SmallTraining.source(1, 4).epoch(0, 0), 1);
      float[] after = scale(model);
      for (int i = 0; i < before.length; i++) {
        assertThat(Math.abs(after[i] - before[i])).isBetween(5e-6f, 2e-5f);
      }
    }
  }

  @Test
  void batchNormsSumUpInFloat32() {
    Map<String, float[]> full = runningStatistics(Precision.FLOAT32);
    Map<String, float[]> mixed = runningStatistics(Precision.BFLOAT16);
    full.forEach(
        (name, expected) ->
            assertThat(mixed.get(name)).as(name).containsExactly(expected, within(1e-2f)));
  }

  private static float[] scale(T3DModel model) {
    return model.parameters().get("vision.bn1.weight").getArray().toFloatArray();
  }

  private Map<String, float[]> runningStatistics(Precision precision) {
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      new ModelPass(model, config(precision))
          .run(
              batch,
              Optional.empty(),
              1,
              (forward, views) -> {
                assertThat(forward.run(views).views()).hasSize(1);
                return Optional.empty();
              });
      Map<String, float[]> values = new TreeMap<>();
      model
          .parameters()
          .forEach(
              (name, p) -> {
                if (name.contains("running_")) {
                  values.put(name, p.getArray().toFloatArray());
                }
              });
      assertThat(values).isNotEmpty();
      return values;
    }
  }

  private static TrainingConfig config(Precision precision) {
    return SmallTraining.settings().precision(precision).build();
  }
}
