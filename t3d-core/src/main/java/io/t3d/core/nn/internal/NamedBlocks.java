package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.nn.TypedBlock;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A level of names without a computation, e.g. the {@code attention} and {@code self} of {@code
 * attention.self.query}: it keeps parameter names equal to HuggingFace's. The owner initialises and
 * calls the leaves.
 */
public final class NamedBlocks extends TypedBlock {
  private final Map<String, Block> byName = new LinkedHashMap<>();

  public <B extends Block> B add(String name, B block) {
    byName.put(name, block);
    return addChildBlock(name, block);
  }

  public static Linear linear(int units, boolean bias) {
    return new LoraLinear(units, bias);
  }

  public static LayerNorm layerNorm(double eps) {
    return LayerNorm.builder().axis(2).optEpsilon((float) eps).build();
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    throw new UnsupportedOperationException(
        "This block only names its children " + byName.keySet() + "; call the block that owns it");
  }
}
