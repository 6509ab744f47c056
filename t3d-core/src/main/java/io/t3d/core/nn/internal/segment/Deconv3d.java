package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;

/**
 * A transposed convolution whose kernel is its stride, PyTorch's {@code ConvTranspose3d(I, O, f,
 * stride=f)} with its weights: {@code weight (I, O, fd, fh, fw)}, {@code bias (O)}.
 *
 * <p>Then no two kernels overlap, and each voxel becomes a block of voxels by one matrix product;
 * DJL has no transposed convolution in 3D.
 */
final class Deconv3d extends TypedBlock {
  private final int outChannels;
  private final Size3 factor;
  private final Parameter weight;
  private final Parameter bias;

  /**
   * Builds the layer.
   *
   * @param outChannels O
   * @param factor by how much D, H and W grow
   */
  Deconv3d(int outChannels, Size3 factor) {
    this.outChannels = outChannels;
    this.factor = factor;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optInitializer(Deconv3d::kaimingFanIn)
                .build());
    bias = addParameter(Parameter.builder().setName("bias").setType(Parameter.Type.BIAS).build());
  }

  /** Normal with variance 1 / inputs: each output voxel sums over the inputs of one voxel. */
  private static NDArray kaimingFanIn(NDManager manager, Shape shape, DataType dataType) {
    return manager.randomNormal(0, (float) Math.sqrt(1.0 / shape.get(0)), shape, dataType);
  }

  /** {@code (B, I, D, H, W)} to {@code (B, O, fd·D, fh·H, fw·W)} with the channels last. */
  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = inputs.singletonOrThrow();
    NDArray w = parameters.getValue(weight, x.getDevice(), training);
    NDArray b = parameters.getValue(bias, x.getDevice(), training);
    long[] s = x.getShape().getShape();
    NDArray rows = Steps.thenFree(x.transpose(0, 2, 3, 4, 1), y -> y.reshape(-1, s[1])); // (N, I)
    // What starts at the weight belongs to its manager, which outlives the batch: free it here.
    try (rows;
        NDArray moved = w.transpose(0, 2, 3, 4, 1); // (I, fd, fh, fw, O)
        NDArray flat = moved.reshape(s[1], -1)) { // (I, fd·fh·fw·O)
      return blocksToVoxels(rows.matMul(flat), s, b);
    }
  }

  private NDArray blocksToVoxels(NDArray blocks, long[] s, NDArray b) {
    int fd = factor.depth();
    int fh = factor.height();
    int fw = factor.width();
    NDArray y =
        Steps.thenFree(blocks, z -> z.reshape(s[0], s[2], s[3], s[4], fd, fh, fw, outChannels));
    y = Steps.thenFree(y, z -> z.transpose(0, 1, 4, 2, 5, 3, 6, 7)); // (B, D, fd, H, fh, W, fw, O)
    y = Steps.thenFree(y, z -> z.reshape(s[0], s[2] * fd, s[3] * fh, s[4] * fw, outChannels));
    y = Steps.thenFree(y, z -> z.add(b));
    return Steps.thenFree(y, z -> z.transpose(0, 4, 1, 2, 3)); // (B, O, fd·D, fh·H, fw·W)
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape s = inputs[0];
    return new Shape(
        s.get(0),
        outChannels,
        s.get(2) * factor.depth(),
        s.get(3) * factor.height(),
        s.get(4) * factor.width());
  }

  @Override
  protected void prepare(Shape[] inputs) {
    weight.setShape(
        new Shape(inputs[0].get(1), outChannels, factor.depth(), factor.height(), factor.width()));
    bias.setShape(new Shape(outChannels));
  }
}
