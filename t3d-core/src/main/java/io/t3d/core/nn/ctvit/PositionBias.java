package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.SlabDistances;
import io.t3d.core.nn.internal.Steps;

/**
 * A bias of attention logits that a small network makes of the distance of two tokens, {@code
 * sign(d)·log(1 + |d|)} along y and x. (Liu et al. 2022, "Swin Transformer V2", section 3.3)
 *
 * <p>The network runs once for each of the (2h − 1)·(2w − 1) distances and not for each of the
 * (h·w)² pairs.
 */
final class PositionBias extends TypedBlock {
  private static final float SLOPE = 0.1f; // of the leaky ReLU

  private final CtVitConfig config;
  private final Linear first;
  private final Linear second;
  private final Linear third;

  PositionBias(CtVitConfig config) {
    this.config = config;
    first = addChildBlock("0", NamedBlocks.linear(config.hiddenSize(), true));
    second = addChildBlock("1", NamedBlocks.linear(config.hiddenSize(), true));
    third = addChildBlock("2", NamedBlocks.linear(config.heads(), true));
  }

  /**
   * The bias of a slab.
   *
   * @param owner owns the result
   * @return {@code (1, A, h·w, h·w)}
   */
  NDArray bias(ParameterStore parameters, NDManager owner, boolean training) {
    int h = config.gridHeight();
    int w = config.gridWidth();
    long n = (long) h * w;
    try (NDManager scope = owner.newSubManager()) {
      NDArray x =
          scope.create(SlabDistances.signedLogs(h, w), new Shape((2L * h - 1) * (2L * w - 1), 2));
      x = Steps.runAndFree(first, parameters, x, training);
      x = Steps.thenFree(x, y -> Activation.leakyRelu(y, SLOPE));
      x = Steps.runAndFree(second, parameters, x, training);
      x = Steps.thenFree(x, y -> Activation.leakyRelu(y, SLOPE));
      NDArray table = Steps.runAndFree(third, parameters, x, training); // (distances, A)
      NDArray ids = scope.create(SlabDistances.pairs(h, w), new Shape(n * n));
      NDArray all = Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
      NDArray bias = all.transpose(1, 0).reshape(1, config.heads(), n, n);
      bias.attach(owner);
      return bias;
    }
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return bias(parameters, inputs.getManager(), training);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    first.initialize(manager, dataType, new Shape(1, 2));
    second.initialize(manager, dataType, new Shape(1, config.hiddenSize()));
    third.initialize(manager, dataType, new Shape(1, config.hiddenSize()));
  }
}
