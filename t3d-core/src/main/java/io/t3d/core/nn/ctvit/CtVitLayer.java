package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;
import java.util.Optional;
import java.util.function.Function;

/** Positions, attention and feed-forward, each added to what it reads. */
final class CtVitLayer extends TypedBlock {
  private final PositionGenerator position;
  private final CosineAttention attention;
  private final GatedFeedForward feedForward;

  CtVitLayer(CtVitConfig config) {
    position = addChildBlock("position", new PositionGenerator(config.hiddenSize()));
    attention = addChildBlock("attention", new CosineAttention(config));
    feedForward = addChildBlock("mlp", new GatedFeedForward(config));
  }

  /**
   * Runs the layer; the input stays open.
   *
   * @param x {@code (B', L, C)}
   * @param grid how the positions read the memory of x, {@code (B, d, h, w, C)}
   * @param bias makes {@code (1, A, L, L)} under a manager
   */
  NDArray forward(
      ParameterStore parameters,
      NDArray x,
      Shape grid,
      Optional<Function<NDManager, NDArray>> bias,
      boolean training) {
    NDArray placed = position.add(parameters, x, grid, training);
    Optional<NDArray> added = bias.map(make -> make.apply(x.getManager()));
    NDArray attended = attention.attend(parameters, placed, added, training);
    added.ifPresent(NDArray::close);
    NDArray y = Steps.addAndFree(attended, placed);
    NDArray fed = Steps.run(feedForward, parameters, y, training);
    return Steps.addAndFree(fed, y);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    throw new UnsupportedOperationException("Call forward, which is typed");
  }
}
