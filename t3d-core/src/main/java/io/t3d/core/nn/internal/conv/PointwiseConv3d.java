package io.t3d.core.nn.internal.conv;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.MemoryFormats;

/**
 * A 1×1×1 convolution of stride 1 without bias, {@code weight (O, I, 1, 1, 1)}.
 *
 * <p>It is a matrix product, no voxel moved, and is computed as one: with the channels last in
 * memory of {@code (B·D·H·W, I)} and {@code (I, O)}, else of {@code (O, I)} and each {@code (I,
 * D·H·W)}. That is more than a matter of speed: in bfloat16, oneDNN of libtorch 2.7.1 divides by
 * zero when it plans such a convolution for some sizes, which ends the JVM. In float32 with AVX2
 * its gradient of the input takes up to 2.7 times as long as the product.
 */
final class PointwiseConv3d extends TypedBlock {
  private final int outChannels;
  private final Parameter weight;

  PointwiseConv3d(int outChannels, Initializer initializer) {
    this.outChannels = outChannels;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optInitializer(initializer)
                .build());
  }

  /** {@code (B, I, D, H, W)} to {@code (B, O, D, H, W)}; the result has the input's format. */
  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = inputs.singletonOrThrow();
    NDArray w = parameters.getValue(weight, x.getDevice(), training);
    return MemoryFormats.isChannelsLast3d(x) ? rows(x, w) : maps(x, w);
  }

  private NDArray maps(NDArray x, NDArray w) {
    long[] s = x.getShape().getShape();
    // `flat` belongs to the weight's manager, which outlives the batch: free it here.
    try (NDArray maps = x.reshape(s[0], s[1], -1); // (B, I, D·H·W)
        NDArray flat = w.reshape(1, outChannels, s[1]);
        NDArray each = flat.broadcast(s[0], outChannels, s[1])) { // (B, O, I)
      NDArray y = each.batchMatMul(maps); // (B, O, D·H·W)
      y.attach(x.getManager());
      return Steps.thenFree(y, z -> z.reshape(s[0], outChannels, s[2], s[3], s[4]));
    }
  }

  private NDArray rows(NDArray x, NDArray w) {
    long[] s = x.getShape().getShape();
    NDArray moved = x.transpose(0, 2, 3, 4, 1); // (B, D, H, W, I), contiguous
    NDArray rows = Steps.thenFree(moved, y -> y.reshape(-1, s[1])); // (B·D·H·W, I)
    // `flat` belongs to the weight's manager, which outlives the batch: free it here.
    try (rows;
        NDArray flat = w.reshape(outChannels, s[1])) {
      NDArray y = Linear.linear(rows, flat).singletonOrThrow(); // (B·D·H·W, O)
      NDArray map = Steps.thenFree(y, z -> z.reshape(s[0], s[2], s[3], s[4], outChannels));
      return Steps.thenFree(map, z -> z.transpose(0, 4, 1, 2, 3)); // (B, O, D, H, W)
    }
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape s = inputs[0];
    return new Shape(s.get(0), outChannels).addAll(s.slice(2));
  }

  @Override
  protected void prepare(Shape[] inputs) {
    weight.setShape(new Shape(outChannels, inputs[0].get(1), 1, 1, 1));
  }
}
