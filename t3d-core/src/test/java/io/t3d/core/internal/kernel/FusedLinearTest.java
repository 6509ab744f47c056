package io.t3d.core.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.OperationCounter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FusedLinearTest {
  private NDManager manager;
  private ParameterStore parameters;
  private NDArray x;

  @BeforeEach
  void open() {
    assumeTrue(TorchBridge.available());
    manager = TestDevice.manager();
    parameters = new ParameterStore(manager, false);
    Engine.getInstance().setRandomSeed(3);
    x = manager.randomNormal(new Shape(2, 5, 16));
  }

  @AfterEach
  void close() {
    if (manager != null) {
      manager.close();
    }
  }

  private Linear linear(boolean bias) {
    Linear linear = Linear.builder().setUnits(8).optBias(bias).build();
    linear.initialize(manager, DataType.FLOAT32, x.getShape());
    for (Parameter each : linear.getDirectParameters().values()) {
      manager.randomNormal(each.getArray().getShape()).copyTo(each.getArray());
    }
    return linear;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void valuesAndGradientsAreThoseOfDjl(boolean bias) {
    Linear linear = linear(bias);
    Map<String, float[]> djl = run(linear, false);
    Map<String, float[]> fused = run(linear, true);
    assertThat(fused.keySet()).isEqualTo(djl.keySet()).hasSize(bias ? 3 : 2);
    djl.forEach(
        (name, values) ->
            assertThat(fused.get(name)).as(name).containsExactly(values, within(1e-4f)));
  }

  private Map<String, float[]> run(Linear linear, boolean fused) {
    Map<String, float[]> out = new LinkedHashMap<>();
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y =
          fused
              ? FusedLinear.run(linear, parameters, x, true)
              : linear.forward(parameters, new NDList(x), true).singletonOrThrow();
      out.put("value", y.toFloatArray());
      collector.zeroGradients();
      collector.backward(y.square().sum());
    }
    linear
        .getDirectParameters()
        .forEach(p -> out.put(p.getKey(), p.getValue().getArray().getGradient().toFloatArray()));
    return out;
  }

  @Test
  void inFloat32OnACpuDjlsFormStaysToTheBit() {
    assertThat(FusedLinear.pays(x)).isEqualTo(x.getDevice().isGpu());
  }

  @Test
  void inAutocastAWeightIsCastOnceAndNotAtEachUse() {
    Linear linear = linear(true);
    int once = casts(linear, 1);
    int twice = casts(linear, 2);
    assertThat(once).isEqualTo(3); // input, weight, bias
    assertThat(twice).isEqualTo(4); // another input
  }

  private int casts(Linear linear, int uses) {
    try (GradientCollector collector = Engine.getInstance().newGradientCollector();
        OperationCounter counter = OperationCounter.open(() -> "")) {
      NDArray sum;
      try (Autocast scope = Autocast.bfloat16(x.getDevice())) {
        sum = Casts.toFloat32(Steps.run(linear, parameters, x, true));
        for (int i = 1; i < uses; i++) {
          sum = sum.add(Casts.toFloat32(Steps.run(linear, parameters, x.mul(x), true)));
        }
      }
      int backToFloat32 = uses;
      int copies = counter.kernels().get("").getOrDefault("copy_", 0) - backToFloat32;
      collector.backward(sum.sum());
      return copies;
    }
  }

  @Test
  void inAutocastValuesAreThoseOfFloat32ToThePrecisionOfBfloat16() {
    Linear linear = linear(true);
    float[] exact = linear.forward(parameters, new NDList(x), false).get(0).toFloatArray();
    float[] rounded;
    try (Autocast scope = Autocast.bfloat16(x.getDevice())) {
      rounded = Casts.toFloat32(Steps.run(linear, parameters, x, false)).toFloatArray();
    }
    assertThat(rounded).containsExactly(exact, within(0.15f)); // 16 products of up to some 9
  }
}
