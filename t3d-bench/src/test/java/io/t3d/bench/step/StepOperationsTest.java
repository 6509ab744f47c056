package io.t3d.bench.step;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.nn.Parameter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingStep;
import io.t3d.core.train.optim.AdamW;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.T3DObjective;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What keeps a GPU fast, measured without one. */
class StepOperationsTest {
  /** Norm, clipping, the guard and the update of all parameters. */
  private static final int OF_OPTIMIZER = 20;

  private static final List<String> OPTIMIZER = List.of("AdamW", "gradient norm and clipping");

  /** Of PyTorch's operations, as {@code compare-step --count-operations} counts both. */
  private static final double OF_PYTORCH = 1.1;

  @ParameterizedTest
  @ValueSource(strings = {"vit-base-narrow", "resnet50-narrow"})
  void aStepHasHardlyMoreOperationsThanPyTorchs(String model) throws IOException {
    StepOperations step = count(model);
    int optimizer =
        OPTIMIZER.stream()
            .map(step.parts()::get)
            .mapToInt(names -> names.values().stream().mapToInt(Integer::intValue).sum())
            .sum();
    assertThat(optimizer).as("of the optimizer: %s", step.parts()).isBetween(5, OF_OPTIMIZER);
    assertThat((double) step.total())
        .as("%s", step.parts())
        .isBetween(1000.0, OF_PYTORCH * pyTorch().get(model).asInt());
  }

  private static StepOperations count(String name) {
    TrainingConfig training = TrainingConfig.defaults();
    try (T3DModel model = T3DModel.create(StepData.model(name), Device.cpu(), 1)) {
      T3DObjective objective = T3DObjective.create(ObjectiveConfig.t3d(), model, 1);
      Map<String, Parameter> trained = new LinkedHashMap<>(model.parameters());
      objective.parameters().forEach((key, p) -> trained.put("objective." + key, p));
      try (AdamW optimizer = new AdamW(model.manager(), trained, training.optimizer())) {
        TrainingStep step = new TrainingStep(model, objective, optimizer, training);
        PairBatch batch = StepData.batch(StepData.PAIRS, StepData.viewSize(name));
        step.run(0, 1e-4, StepData.repeat(batch), 1); // some tables are made once
        return StepOperations.of(() -> step.run(1, 1e-4, StepData.repeat(batch), 1));
      }
    }
  }

  private static JsonNode pyTorch() throws IOException {
    try (InputStream file =
        StepOperationsTest.class.getResourceAsStream("pytorch-operations.json")) {
      return new ObjectMapper().readTree(file);
    }
  }
}
