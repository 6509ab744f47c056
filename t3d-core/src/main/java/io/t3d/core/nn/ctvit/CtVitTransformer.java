package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Layers one after the other, and a norm. */
final class CtVitTransformer extends TypedBlock {
  private final List<CtVitLayer> layers = new ArrayList<>();
  private final GammaNorm normOut;

  CtVitTransformer(CtVitConfig config, int depth) {
    NamedBlocks named = addChildBlock("layers", new NamedBlocks());
    for (int i = 0; i < depth; i++) {
      layers.add(named.add(Integer.toString(i), new CtVitLayer(config)));
    }
    normOut = addChildBlock("norm_out", new GammaNorm(config.hiddenSize()));
  }

  /**
   * As {@link CtVitLayer#forward}, freeing the input.
   *
   * @param bias makes the bias of a layer, {@code (1, A, L, L)}, under a manager. Each layer makes
   *     its own: it costs little beside the layer, and as part of the stage it is computed again
   *     where activations are checkpointed, so that its gradient is right
   */
  NDArray forwardAndFree(
      ParameterStore parameters,
      NDArray x,
      Shape grid,
      Optional<Function<NDManager, NDArray>> bias,
      boolean training) {
    NDArray y = x;
    for (CtVitLayer layer : layers) {
      y = stage(y, z -> layer.forward(parameters, z, grid, bias, training));
    }
    return Steps.runAndFree(normOut, parameters, y, training);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    layers.forEach(layer -> layer.initialize(manager, dataType, inputs));
    normOut.initialize(manager, dataType, inputs);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    throw new UnsupportedOperationException("Call forwardAndFree, which is typed");
  }
}
