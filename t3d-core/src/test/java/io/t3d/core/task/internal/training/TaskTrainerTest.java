package io.t3d.core.task.internal.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.train.DivergedException;
import io.t3d.core.train.TrainingConfig;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TaskTrainerTest {
  private final NDManager manager = TestDevice.manager();
  private final Parameter weight =
      Parameter.builder()
          .setName("weight")
          .setType(Parameter.Type.WEIGHT)
          .optShape(new Shape(2))
          .build();

  TaskTrainerTest() {
    weight.setInitializer((m, shape, type) -> m.create(new float[] {5, -3}));
    weight.initialize(manager, DataType.FLOAT32);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private TaskTrainer trainer(int steps, int maxBadSteps) {
    TaskTraining config =
        TaskTraining.builder()
            .learningRate(0.2)
            .weightDecay(0)
            .clipNorm(0)
            .maxBadSteps(maxBadSteps)
            .build();
    return new TaskTrainer(manager, Map.of("weight", weight), config, steps);
  }

  private NDArray squareDistance(NDManager scope, float[] target) {
    return scope.create(target).sub(weight.getArray()).square().sum();
  }

  @Test
  void findsTheMinimumOfAParabola() {
    try (TaskTrainer trainer = trainer(200, 3)) {
      double first = trainer.step(scope -> squareDistance(scope, new float[] {1, 2}));
      double last = first;
      while (trainer.steps() < 200) {
        last = trainer.step(scope -> squareDistance(scope, new float[] {1, 2}));
      }
      assertThat(first).isEqualTo(16 + 25);
      assertThat(last).isLessThan(1e-3);
    }
  }

  @Test
  void aLossThatIsNotFiniteChangesNothingAndIsNotForgivenForever() {
    try (TaskTrainer trainer = trainer(10, 2)) {
      float[] before = weight.getArray().toFloatArray();
      double loss = trainer.step(scope -> squareDistance(scope, new float[] {Float.NaN, 0}));
      assertThat(loss).isNaN();
      assertThat(weight.getArray().toFloatArray()).containsExactly(before);
      assertThatThrownBy(
              () -> trainer.step(scope -> squareDistance(scope, new float[] {Float.NaN, 0})))
          .isInstanceOf(DivergedException.class)
          .hasMessage(
              "Training stopped at step 2: 2 steps in a row without a finite loss and gradient"
                  + " (loss NaN). Lower learningRate, or look for NaN in the data");
    }
  }

  @Test
  void aLossThatIsNoScalarIsRefused() {
    try (TaskTrainer trainer = trainer(10, 2)) {
      assertThatThrownBy(() -> trainer.step(scope -> scope.zeros(new Shape(2))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("The loss must be a scalar, got shape (2)");
    }
  }

  @Test
  void settingsOfPretrainingOpenWhereTheySaidNothing() {
    String old =
        Configs.toYaml(
            TrainingConfig.builder().learningRate(0.2).seed(7).keepEveryEpochs(3).build());
    assertThat(Configs.fromYaml(old, TaskTraining.class))
        .isEqualTo(TaskTraining.builder().learningRate(0.2).seed(7).build());
    String average = Configs.toYaml(TrainingConfig.builder().emaDecay(0.999).build());
    assertThatThrownBy(() -> Configs.fromYaml(average, TaskTraining.class))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("'emaDecay' is not a known key; TaskTraining knows [learningRate, ");
  }

  @Test
  void aStepLeavesNothingBehind() {
    try (TaskTrainer trainer = trainer(10, 2)) {
      trainer.step(scope -> squareDistance(scope, new float[] {1, 2}));
      int managed = manager.getManagedArrays().size();
      for (int i = 0; i < 5; i++) {
        trainer.step(scope -> squareDistance(scope, new float[] {1, 2}));
      }
      assertThat(manager.getManagedArrays()).hasSize(managed);
    }
  }
}
