package io.t3d.core.nn.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.nn.StateDict;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Low-rank pairs of single layers; goldens by {@code lora_golden.py}. */
class LoraLayersTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/lora/lora.safetensors");

  private final NDManager manager = TorchEngine.get().newBaseManager();
  private final Map<String, NDArray> golden = new LinkedHashMap<>();
  private final NamedBlocks parts = new NamedBlocks();
  private final LoraLayers lora = new LoraLayers();

  LoraLayersTest() throws IOException {
    golden.putAll(Safetensors.read(manager, GOLDEN).tensors());
    Linear layer = parts.add("map", NamedBlocks.linear(4, true));
    parts.add("other", NamedBlocks.linear(2, true));
    parts.initialize(manager, DataType.FLOAT32, new Shape(2, 3, 5));
    set(layer, "weight", "weight");
    set(layer, "bias", "bias");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private void set(Block layer, String name, String from) {
    Parameter parameter = StateDict.of(layer).get(name);
    boolean learns = parameter.getArray().hasGradient();
    parameter.getArray().setRequiresGradient(false);
    golden.get(from).copyTo(parameter.getArray());
    parameter.getArray().setRequiresGradient(learns);
  }

  private Linear map() {
    return (Linear) StateDict.blocks(parts).get("map");
  }

  private static LoraConfig config(String... layers) {
    return new LoraConfig(2, 3, 0, List.of(layers));
  }

  private void adaptAsTheGolden() {
    lora.add(Map.of("vision", parts), config("vision.map"), 1);
    set(map(), "lora_A.weight", "lora_A.weight");
    set(map(), "lora_B.weight", "lora_B.weight");
  }

  private NDArray run(NDArray x, boolean training) {
    return Steps.run(map(), new ParameterStore(manager, false), x, training);
  }

  @Test
  void theOutputAndTheGradientsAreThoseOfPeft() {
    adaptAsTheGolden();
    NDArray x = golden.get("x");
    x.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = run(x, true);
      assertAlike(y, golden.get("y"), 1e-5);
      collector.backward(y.square().sum());
    }
    Map<String, Parameter> all = StateDict.of(parts);
    assertAlike(x.getGradient(), golden.get("grad.x"), 1e-3);
    assertAlike(all.get("map.lora_A.weight").getArray().getGradient(), golden.get("grad.a"), 1e-3);
    assertAlike(all.get("map.lora_B.weight").getArray().getGradient(), golden.get("grad.b"), 1e-3);
    assertThat(all.get("map.weight").getArray().hasGradient()).isFalse();
    assertThat(all.get("other.weight").getArray().hasGradient()).isFalse();
  }

  @Test
  void inAutocastTheOutputDiffersByItsRounding() {
    adaptAsTheGolden();
    try (Autocast autocast = Autocast.bfloat16(manager.getDevice())) {
      NDArray y = Casts.toFloat32(run(golden.get("x"), false));
      assertAlike(y, golden.get("y"), 0.2);
    }
  }

  @Test
  void mergedWeightsAreTheirSumInABlockAndInAFile() throws IOException {
    adaptAsTheGolden();
    Map<String, NDArray> file = new LinkedHashMap<>();
    StateDict.of(parts).forEach((name, p) -> file.put(name, p.getArray()));
    Map<String, NDArray> merged = LoraLayers.merged(file, "a file");
    assertAlike(merged.get("map.weight"), golden.get("merged"), 1e-6);

    lora.merge();

    Map<String, Parameter> all = StateDict.of(parts);
    assertThat(all.keySet()).isEqualTo(merged.keySet());
    assertAlike(all.get("map.weight").getArray(), golden.get("merged"), 1e-6);
    assertAlike(run(golden.get("x"), false), golden.get("y"), 1e-5);
    assertThat(all.values()).allMatch(Parameter::requiresGradient);
  }

  @Test
  void atTheStartTheOutputIsThatOfTheLayerToTheBitAndTheSeedDecidesA() {
    float[] before = run(golden.get("x"), true).toFloatArray();
    lora.add(Map.of("vision", parts), config("vision.*"), 5);

    assertThat(run(golden.get("x"), true).toFloatArray()).containsExactly(before);
    float[] a = a(parts, "map");
    assertThat(a).doesNotContain(0f);
    for (float value : a) {
      assertThat(Math.abs(value)).isLessThan((float) (1 / Math.sqrt(5)));
    }
    assertThat(a(parts, "other")).isNotEqualTo(a);
    assertThat(a(again(5), "map")).containsExactly(a);
    assertThat(a(again(6), "map")).isNotEqualTo(a);
  }

  private NamedBlocks again(long seed) {
    NamedBlocks same = new NamedBlocks();
    same.add("map", NamedBlocks.linear(4, true));
    same.initialize(manager, DataType.FLOAT32, new Shape(2, 3, 5));
    new LoraLayers().add(Map.of("vision", same), config("vision.map"), seed);
    return same;
  }

  private static float[] a(Block block, String layer) {
    return StateDict.of(block).get(layer + ".lora_A.weight").getArray().toFloatArray();
  }

  @Test
  void dropoutFallsOnWhatEntersThePairInTrainingAlone() {
    lora.add(Map.of("vision", parts), new LoraConfig(2, 3, 0.5, List.of("vision.map")), 1);
    set(map(), "lora_A.weight", "lora_A.weight");
    set(map(), "lora_B.weight", "lora_B.weight");
    assertAlike(run(golden.get("x"), false), golden.get("y"), 1e-5);
    Engine.getInstance().setRandomSeed(1);
    assertThat(run(golden.get("x"), true).toFloatArray())
        .isNotEqualTo(golden.get("y").toFloatArray());
  }

  @Test
  void aNameThatFitsNoLayerIsRefusedWithThoseThereAre() {
    assertThatThrownBy(() -> lora.add(Map.of("vision", parts), config("vision.qkv"), 1))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "lora.layers: 'vision.qkv' names no linear layer; there are vision.map, vision.other");
    assertThat(StateDict.of(parts).values()).allMatch(Parameter::requiresGradient);
  }

  @Test
  void halfAPairInAFileIsNamed() {
    Map<String, NDArray> file = new LinkedHashMap<>(golden);
    file.remove("lora_B.weight");
    assertThatThrownBy(() -> LoraLayers.merged(file, "model.safetensors"))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "model.safetensors: the low-rank pair of weight is not whole or does not fit it");
  }

  private static void assertAlike(NDArray actual, NDArray expected, double tolerance) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    assertThat(actual.toFloatArray())
        .containsExactly(expected.toFloatArray(), within((float) tolerance));
  }
}
