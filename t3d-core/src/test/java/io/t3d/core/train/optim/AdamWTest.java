package io.t3d.core.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import io.t3d.core.file.Safetensors;
import io.t3d.core.torch.internal.FusedAdamW;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.core.train.TrainingConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdamWTest {
  private static final TrainingConfig CONFIG =
      TrainingConfig.builder().betas(0.9, 0.98).epsilon(1e-6).weightDecay(0.1).build();

  private NDManager manager;
  private Map<String, NDArray> golden;
  private Map<String, Parameter> parameters;

  @BeforeEach
  void open() throws Exception {
    manager = TestDevice.manager();
    Path file = Path.of(getClass().getResource("/golden/adamw/adamw.safetensors").toURI());
    golden = Safetensors.read(manager, file).tensors();
    parameters = Map.of("weight", parameter("weight"), "bias", parameter("bias"));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fiveStepsEqualThoseOfPyTorch(boolean fused) {
    try (AdamW adamW = new AdamW(manager, parameters, CONFIG.optimizer(), name -> 1, fused)) {
      for (int step = 1; step <= 5; step++) {
        step(adamW, step);
        for (String name : parameters.keySet()) {
          assertThat(parameters.get(name).getArray().toFloatArray())
              .as(name + " after step " + step)
              .containsExactly(golden.get(name + "." + step).toFloatArray(), within(1e-6f));
        }
      }
      assertThat(adamW.state().get("mean.weight").toFloatArray())
          .containsExactly(golden.get("weight.m").toFloatArray(), within(1e-4f));
    }
  }

  @Test
  void theFactorScalesStepAndDecayOnBothPaths() {
    for (boolean fused : new boolean[] {true, false}) {
      parameters = Map.of("weight", parameter("weight"), "bias", parameter("bias"));
      try (AdamW adamW =
          new AdamW(
              manager,
              parameters,
              CONFIG.optimizer(),
              name -> name.equals("bias") ? 0.5 : 1,
              fused)) {
        step(adamW, 2);
        Map<String, NDArray> halved = halfRate(2);
        for (String name : parameters.keySet()) {
          assertThat(parameters.get(name).getArray().toFloatArray())
              .as(name + (fused ? " fused" : " plain"))
              .containsExactly(halved.get(name).toFloatArray(), within(1e-6f));
        }
      }
    }
  }

  /** The formula of the class comment for one step from zero moments, bias at half the rate. */
  private Map<String, NDArray> halfRate(int gradient) {
    Map<String, NDArray> out = new HashMap<>();
    for (String name : parameters.keySet()) {
      double rate = 0.01 * gradient * (name.equals("bias") ? 0.5 : 1);
      double decay = name.equals("bias") ? 0 : 0.1;
      NDArray g = golden.get(name + ".grad." + gradient);
      NDArray start = golden.get(name + ".0");
      out.put(name, start.mul(1 - rate * decay).sub(g.div(g.abs().add(1e-6)).mul(rate)));
    }
    return out;
  }

  @Test
  void aRestoredStateGoesOnAlike() {
    try (AdamW first = new AdamW(manager, parameters, CONFIG.optimizer());
        AdamW second = new AdamW(manager, parameters, CONFIG.optimizer())) {
      step(first, 1);
      step(first, 2);
      second.restore(first.state(), first.updates());
      step(second, 3);
      assertThat(parameters.get("weight").getArray().toFloatArray())
          .containsExactly(golden.get("weight.3").toFloatArray(), within(1e-6f));
      assertThatThrownBy(() -> second.restore(Map.of(), 1))
          .hasMessageContaining("belongs to another model: missing [mean.bias, mean.weight");
    }
  }

  @Test
  void normsBiasesScalesGatesAndPrototypesDoNotDecay() {
    assertThat(AdamW.decays("vision.conv1.weight", 5)).isTrue();
    assertThat(AdamW.decays("text.encoder.layer.0.output.dense.weight", 2)).isTrue();
    assertThat(AdamW.decays("vision.bn1.weight", 1)).isFalse();
    assertThat(AdamW.decays("logit_scale", 0)).isFalse();
    assertThat(AdamW.decays("fusion.gate", 2)).isFalse();
    assertThat(AdamW.decays("vision.register_tokens", 3)).isFalse();
    assertThat(AdamW.decays("vision.cls_token", 3)).isFalse();
    assertThat(AdamW.decays("vision.blocks.0.mlp.linear3.weight", 2)).isTrue();
    assertThat(AdamW.decays("prototypes.weight", 2)).isFalse();
    assertThat(AdamW.decays("head.bias", 2)).isFalse();
  }

  @Test
  void clippingScalesToTheLimitAndGivesTheNormBefore() {
    try (NDManager scope = manager.newSubManager()) {
      gradient("weight", manager.ones(golden.get("weight.0").getShape()).mul(3));
      gradient("bias", manager.ones(golden.get("bias.0").getShape()).mul(4));
      Gradients gradients = Gradients.collect(scope, parameters);
      double norm = norm(scope, gradients);
      assertThat(norm).isCloseTo(Math.sqrt(12 * 9 + 3 * 16), within(1e-5));
      gradients.clip(norm, 2);
      assertThat(norm(scope, gradients)).isCloseTo(2, within(1e-5));
      gradients.clip(2, 5);
      gradients.clip(2, 0);
      assertThat(norm(scope, gradients)).isCloseTo(2, within(1e-5));
    }
  }

  @Test
  void freeingAlsoClearsNan() {
    gradient("weight", golden.get("weight.0").mul(Float.NaN));
    Gradients.free(parameters);
    assertThat(GradientSlot.isFilled(parameters.get("weight").getArray())).isFalse();
    gradient("weight", golden.get("weight.0"));
    try (NDArray gradient = parameters.get("weight").getArray().getGradient()) {
      assertThat(gradient.toFloatArray()).isEqualTo(golden.get("weight.0").toFloatArray());
    }
  }

  @Test
  void aParameterThatTheLossDidNotReachStaysAsItIs() {
    try (AdamW adamW = new AdamW(manager, parameters, CONFIG.optimizer());
        NDManager scope = manager.newSubManager()) {
      gradient("weight", golden.get("weight.grad.1"));
      adamW.step(0.01, Gradients.collect(scope, parameters));
      assertThat(parameters.get("bias").getArray().toFloatArray())
          .isEqualTo(golden.get("bias.0").toFloatArray());
      assertThat(parameters.get("weight").getArray().toFloatArray())
          .containsExactly(golden.get("weight.1").toFloatArray(), within(1e-6f));
    }
  }

  @Test
  void aNormThatIsNoNumberIsFound() {
    try (NDManager scope = manager.newSubManager()) {
      gradient("weight", golden.get("weight.0").mul(Float.POSITIVE_INFINITY));
      assertThat(norm(scope, Gradients.collect(scope, parameters))).isNotFinite();
    }
  }

  @Test
  void theDeviceClipsAsOneWouldByHand() {
    Map<String, Parameter> byHand = parameters;
    Map<String, Parameter> byDevice =
        Map.of("weight", parameter("weight"), "bias", parameter("bias"));
    try (AdamW first = new AdamW(manager, byHand, CONFIG.optimizer());
        AdamW second = new AdamW(manager, byDevice, CONFIG.optimizer());
        NDManager scope = manager.newSubManager()) {
      for (int step = 1; step <= 3; step++) {
        gradients(byHand, step);
        Gradients clipped = Gradients.collect(scope, byHand);
        double norm = norm(scope, clipped);
        clipped.clip(norm, norm / 3);
        first.step(0.01, clipped);
        gradients(byDevice, step);
        assertThat(second.clippedStep(scope, 0.01, norm / 3)).isEqualTo(norm);
      }
      assertThat(second.updates()).isEqualTo(3);
      for (String name : byHand.keySet()) {
        assertThat(byDevice.get(name).getArray().toFloatArray())
            .as(name)
            .isNotEqualTo(golden.get(name + ".0").toFloatArray())
            .containsExactly(byHand.get(name).getArray().toFloatArray(), within(1e-6f));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStepThatIsNotFiniteChangesNothingAndDoesNotCount(boolean fused) {
    try (AdamW adamW = new AdamW(manager, parameters, CONFIG.optimizer(), name -> 1, fused);
        NDManager scope = manager.newSubManager()) {
      gradients(parameters, 1);
      adamW.clippedStep(scope, 0.01, 1);
      Map<String, float[]> before = everything(adamW);
      NDArray one = manager.create(new float[] {1});

      gradient("weight", golden.get("weight.0").mul(Float.NaN));
      gradient("bias", golden.get("bias.grad.1"));
      assertThat(adamW.clippedStep(scope, 0.01, 1)).isNaN();
      for (float loss : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        gradients(parameters, 1);
        AdamW.Guarded step = adamW.guardedStep(scope, 0.01, 1, Optional.of(one.mul(loss)));
        assertThat(step.leftOut().toFloatArray()).containsExactly(1);
        adamW.settle(false);
      }
      assertThat(everything(adamW)).usingRecursiveComparison().isEqualTo(before);
      assertThat(adamW.updates()).isEqualTo(1);

      gradients(parameters, 1);
      AdamW.Guarded step = adamW.guardedStep(scope, 0.01, 1, Optional.of(one));
      assertThat(step.leftOut().toFloatArray()).containsExactly(0);
      assertThat(everything(adamW)).usingRecursiveComparison().isNotEqualTo(before);
    }
  }

  private Map<String, float[]> everything(AdamW adamW) {
    Map<String, float[]> out = new HashMap<>();
    parameters.forEach((name, p) -> out.put(name, p.getArray().toFloatArray()));
    adamW.state().forEach((name, array) -> out.put(name, array.toFloatArray()));
    return out;
  }

  @Test
  void aGradientWhoseStridesSayTheSameInAnotherWayIsTakenAsItIs() {
    parameters = Map.of("weight", parameter("weight"));
    NDArray weight = parameters.get("weight").getArray();
    NDArray g = golden.get("weight.grad.1");
    Shape column = new Shape(weight.size(), 1);
    try (NDArray w = golden.get("weight.0").reshape(column);
        NDArray mean = manager.zeros(column);
        NDArray square = manager.zeros(column);
        // (1, n), then (n, 1) with strides (1, n)
        NDArray turned = g.reshape(1, -1).transpose()) {
      FusedAdamW.step(
          List.of(new FusedAdamW.Slot(w, turned, mean, square)),
          new FusedAdamW.Settings(0.01, 0.9, 0.98, 1e-6, 0.1),
          FusedAdamW.update(manager, 1),
          Optional.empty());
      assertThat(w.toFloatArray())
          .containsExactly(golden.get("weight.1").toFloatArray(), within(1e-6f));
    }
  }

  private static double norm(NDManager scope, Gradients gradients) {
    return gradients.globalNorm(scope).toFloatArray()[0];
  }

  private void gradients(Map<String, Parameter> of, int step) {
    of.forEach((name, parameter) -> gradient(parameter, golden.get(name + ".grad." + step)));
  }

  private void step(AdamW adamW, int step) {
    for (String name : parameters.keySet()) {
      gradient(name, golden.get(name + ".grad." + step));
    }
    try (NDManager scope = manager.newSubManager()) {
      adamW.step(0.01 * step, Gradients.collect(scope, parameters));
    }
  }

  /** Gives a parameter this gradient: that of its product with it. */
  private void gradient(String name, NDArray value) {
    gradient(parameters.get(name), value);
  }

  private static void gradient(Parameter parameter, NDArray value) {
    Gradients.free(Map.of("it", parameter));
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.backward(value.mul(parameter.getArray()).sum());
    }
  }

  private Parameter parameter(String name) {
    Parameter parameter = Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).build();
    NDArray start = golden.get(name + ".0");
    parameter.setShape(start.getShape());
    parameter.setInitializer((m, shape, type) -> start.duplicate());
    parameter.initialize(manager, DataType.FLOAT32);
    return parameter;
  }
}
