package io.t3d.core.nn.internal.conv;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Chain;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.CpuGuard;
import io.t3d.core.torch.MemoryFormats;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A residual block in MONAI's layout: BASIC with two 3×3×3 convolutions, stride on the first;
 * BOTTLENECK with 1×1×1, 3×3×3, 1×1×1, stride on the middle one. Where size or width changes, the
 * shortcut is a strided 1×1×1 convolution with a norm (He et al. 2016, option B).
 */
public final class ResidualBlock3d extends TypedBlock {
  static {
    CpuGuard.install();
  }

  /** Takes every second voxel of D, H and W. */
  private static final NDIndex EVERY_SECOND_VOXEL = new NDIndex(":, :, ::2, ::2, ::2");

  private final List<Block> convs = new ArrayList<>();
  private final List<BatchNorm> norms = new ArrayList<>();
  private final int stride;
  private final @Nullable Chain downsample;

  /**
   * Builds a block.
   *
   * @param kind BASIC or BOTTLENECK
   * @param inChannels channels of the input
   * @param width channels inside; the output has {@code width · kind.expansion()}
   * @param stride 1 or 2; the shortcut's slice knows no other
   */
  public ResidualBlock3d(ResNet3dConfig.Block kind, int inChannels, int width, int stride) {
    this.stride = stride;
    int outChannels = width * kind.expansion();
    if (kind == ResNet3dConfig.Block.BASIC) {
      addConv(3, stride, width);
      addConv(3, 1, width);
    } else {
      addConv(1, 1, width);
      addConv(3, stride, width);
      addConv(1, 1, outChannels);
    }
    boolean changes = stride != 1 || inChannels != outChannels;
    downsample =
        changes
            ? addChildBlock("downsample", new Chain(List.of(conv(1, 1, outChannels), norm())))
            : null;
  }

  private void addConv(int kernel, int convStride, int channels) {
    int number = convs.size() + 1;
    convs.add(addChildBlock("conv" + number, conv(kernel, convStride, channels)));
    norms.add(addChildBlock("bn" + number, norm()));
  }

  /** A convolution without bias (the norm after it has one), He-initialised by fan-out. */
  public static Block conv(int kernel, int stride, int channels) {
    if (kernel == 1 && stride == 1) {
      return new PointwiseConv3d(channels, ResidualBlock3d::kaimingFanOut);
    }
    return conv(new Shape(kernel, kernel, kernel), new Shape(stride, stride, stride), channels);
  }

  /** The same with sizes along z, y and x of their own. */
  public static Block conv(Shape kernel, Shape stride, int channels) {
    Conv3d conv =
        Conv3d.builder()
            .setKernelShape(kernel)
            .optStride(stride)
            .optPadding(new Shape(kernel.get(0) / 2, kernel.get(1) / 2, kernel.get(2) / 2))
            .setFilters(channels)
            .optBias(false)
            .build();
    conv.setInitializer(ResidualBlock3d::kaimingFanOut, Parameter.Type.WEIGHT);
    return conv;
  }

  /** A batch norm over the channels. */
  public static BatchNorm norm() {
    return BatchNorm.builder().build();
  }

  /** Normal with variance 2 / (outputs · kernel voxels). (He et al. 2015, eq. 14) */
  private static NDArray kaimingFanOut(NDManager manager, Shape shape, DataType dataType) {
    long fanOut = shape.size() / shape.get(1); // shape is (O, I, kd, kh, kw)
    return manager.randomNormal(0, (float) Math.sqrt(2.0 / fanOut), shape, dataType);
  }

  NDArray forward(ParameterStore parameters, NDArray x, boolean training) {
    NDArray y = x;
    for (int i = 0; i < convs.size(); i++) {
      NDArray z = Steps.run(convs.get(i), parameters, y, training);
      if (y != x) {
        y.close();
      }
      y = Steps.runAndFree(norms.get(i), parameters, z, training);
      if (i < convs.size() - 1) {
        y = Steps.thenFree(y, Activation::relu);
      }
    }
    NDArray sum = addShortcut(parameters, x, y, training);
    return Steps.thenFree(sum, Activation::relu);
  }

  private NDArray addShortcut(ParameterStore parameters, NDArray x, NDArray y, boolean training) {
    if (downsample == null) {
      return Steps.thenFree(y, z -> z.add(x));
    }
    // A strided 1×1×1 convolution is this slice and a convolution of stride 1. Written as one,
    // its backward pass ends the JVM (oneDNN in libtorch 2.7.1) for 1,024 outputs and more.
    NDArray shortcut =
        stride == 1
            ? downsample.forward(parameters, x, training)
            : downsample.forwardAndFree(parameters, everySecondVoxel(x), training);
    return Steps.addAndFree(y, shortcut);
  }

  private static NDArray everySecondVoxel(NDArray x) {
    return Steps.thenFree(x.get(EVERY_SECOND_VOXEL), MemoryFormats::forConvolutions);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape[] shapes = inputs;
    for (Block conv : convs) {
      shapes = conv.getOutputShapes(shapes);
    }
    return shapes[0];
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape[] shapes = inputs;
    for (int i = 0; i < convs.size(); i++) {
      shapes = initialize(convs.get(i), manager, dataType, shapes);
      shapes = initialize(norms.get(i), manager, dataType, shapes);
    }
    if (downsample != null) {
      // Only channels matter for the shapes of these weights, so the slice may be left out.
      downsample.initialize(manager, dataType, inputs);
    }
  }

  private static Shape[] initialize(
      Block block, NDManager manager, DataType dataType, Shape[] inputs) {
    block.initialize(manager, dataType, inputs);
    return block.getOutputShapes(inputs);
  }
}
