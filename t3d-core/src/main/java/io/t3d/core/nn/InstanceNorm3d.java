package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import io.t3d.core.torch.InstanceNorms;

/**
 * PyTorch's {@code InstanceNorm3d(affine=True)}. It is the same in training and use, which batch
 * norm is not: batches of a segmentation hold one or two crops.
 */
final class InstanceNorm3d extends AbstractBlock {
  private static final double EPSILON = 1e-5;

  private final Parameter weight;
  private final Parameter bias;

  InstanceNorm3d() {
    // Type GAMMA and BETA keep weight decay off, as for other norms.
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.GAMMA)
                .optInitializer(Initializer.ONES)
                .build());
    bias =
        addParameter(
            Parameter.builder()
                .setName("bias")
                .setType(Parameter.Type.BETA)
                .optInitializer(Initializer.ZEROS)
                .build());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    NDArray x = inputs.singletonOrThrow();
    NDArray w = parameters.getValue(weight, x.getDevice(), training);
    NDArray b = parameters.getValue(bias, x.getDevice(), training);
    return new NDList(InstanceNorms.apply(x, w, b, EPSILON));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return inputs;
  }

  @Override
  protected void prepare(Shape[] inputs) {
    Shape channels = new Shape(inputs[0].get(1));
    weight.setShape(channels);
    bias.setShape(channels);
  }
}
