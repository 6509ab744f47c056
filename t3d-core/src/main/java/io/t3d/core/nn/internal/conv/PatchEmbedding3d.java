package io.t3d.core.nn.internal.conv;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.ViewShapes;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.CpuGuard;
import io.t3d.core.torch.MemoryFormats;
import io.t3d.core.torch.internal.Patches;

/**
 * Cuts views into blocks of voxels and maps each to a token: what a {@code conv3d} whose stride is
 * its kernel does, and with its weights ({@code weight (C, 1, pd, ph, pw)}, {@code bias (C)}).
 * Computed as that convolution or as one matrix product, whichever is faster for the type, the size
 * and the CPU; in bfloat16 the product is some 60 times as fast.
 */
public final class PatchEmbedding3d extends TypedBlock {
  static {
    CpuGuard.install();
  }

  private static final float INIT_STD = 0.02f; // as in the rest of a Vit3d

  /** Voxels of a patch from which on the convolution is faster with AVX-512. */
  private static final long CONVOLUTION_FROM = 512;

  /** Voxels of a patch up to which it is faster in training too. */
  private static final long CONVOLUTION_TRAINS_TO = 2048;

  /** Voxels of a patch from which on the product is faster with AVX2 alone. */
  private static final long AVX2_PRODUCT_FROM = 128;

  private final Size3 patch;
  private final int channels;
  private final Parameter weight;
  private final Parameter bias;

  /**
   * Builds the embedding; weights come with {@code initialize}.
   *
   * @param patch voxels per patch
   * @param channels C, width of a token
   */
  public PatchEmbedding3d(Size3 patch, int channels) {
    this.patch = patch;
    this.channels = channels;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optInitializer(new NormalInitializer(INIT_STD))
                .build());
    bias = addParameter(Parameter.builder().setName("bias").setType(Parameter.Type.BIAS).build());
  }

  /**
   * The number of patches along z, y and x.
   *
   * @throws IllegalArgumentException when the shape is not that of views
   * @throws T3dException when the patch does not divide it
   */
  public Size3 grid(Shape views) {
    ViewShapes.check(views);
    if (views.get(2) % patch.depth() != 0
        || views.get(3) % patch.height() != 0
        || views.get(4) % patch.width() != 0) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The patch ("
              + patch.depth()
              + ", "
              + patch.height()
              + ", "
              + patch.width()
              + ") must divide the view's (D, H, W), got "
              + Shapes.format(views.slice(2))
              + "; choose a view size that is a multiple of Vit3dConfig.patch");
    }
    return new Size3(
        (int) views.get(2) / patch.depth(),
        (int) views.get(3) / patch.height(),
        (int) views.get(4) / patch.width());
  }

  /**
   * Embeds views.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}; may be a crop of a larger array
   * @param training whether gradients of the weights are wanted
   * @return {@code (B, N, C)}, in (z, y, x) order; bfloat16 inside an {@link Autocast} scope
   */
  public NDArray forward(ParameterStore parameters, NDArray views, boolean training) {
    grid(views.getShape());
    NDArray w = parameters.getValue(weight, views.getDevice(), training);
    NDArray b = parameters.getValue(bias, views.getDevice(), training);
    boolean bfloat16 = Autocast.isEnabled(views.getDevice());
    if (bfloat16 && !Autocast.pays(views.getDevice())) {
      try (Autocast scope = Autocast.float32(views.getDevice())) {
        return Steps.thenFree(inFloat32(views, w, b, training), Casts::toBfloat16);
      }
    }
    return bfloat16 ? product(views, w, b, true) : inFloat32(views, w, b, training);
  }

  private NDArray inFloat32(NDArray views, NDArray w, NDArray b, boolean training) {
    return convolutionIsFaster(views, training)
        ? convolution(views, w, b)
        : product(views, w, b, false);
  }

  /**
   * The rule, from timings of 21 shapes with AVX-512 and 12 with AVX2 (docs/performance.md, "Patch
   * embedding").
   *
   * <ul>
   *   <li>AVX-512, blocks of 512 voxels and more: oneDNN's convolution has 1.2 to 1.6 times the
   *       speed of the matrix product, except for the gradient of weights of 4,096 voxels, where it
   *       has half. Smaller blocks: about the same, a fifth slower for the smallest.
   *   <li>AVX2: the product has 1.0 to 2.7 times the speed of the convolution, and up to 5.7 times
   *       in training; forward alone the convolution wins below 128 voxels, where the copy that
   *       makes rows has little to read in one go.
   *   <li>bfloat16 with AVX-512: the convolution is 60 times slower. Without: everything in
   *       bfloat16 is, so the product is float32 and its result bfloat16.
   * </ul>
   *
   * <p>Never when a gradient of the views is wanted: that of libtorch 2.7.1's convolution is wrong
   * below 16 channels.
   */
  private boolean convolutionIsFaster(NDArray views, boolean training) {
    long voxels = (long) patch.depth() * patch.height() * patch.width();
    boolean faster =
        CpuGuard.hasAvx512()
            ? voxels >= CONVOLUTION_FROM && (!training || voxels <= CONVOLUTION_TRAINS_TO)
            : voxels < AVX2_PRODUCT_FROM && !training;
    return faster
        && views.getDataType() == DataType.FLOAT32
        && !views.getDevice().isGpu()
        && !views.hasGradient();
  }

  private NDArray convolution(NDArray views, NDArray w, NDArray b) {
    Shape stride = new Shape(patch.depth(), patch.height(), patch.width());
    NDArray map =
        Conv3d.conv3d(views, w, b, stride, new Shape(0, 0, 0), new Shape(1, 1, 1))
            .singletonOrThrow(); // (B, C, d, h, w)
    NDArray flat = Steps.thenFree(map, x -> x.reshape(x.getShape().get(0), channels, -1));
    NDArray tokens = Steps.thenFree(flat, x -> x.transpose(0, 2, 1)); // (B, N, C)
    return Steps.thenFree(tokens, MemoryFormats::contiguous);
  }

  private NDArray product(NDArray views, NDArray w, NDArray b, boolean bfloat16) {
    // `flat` belongs to the weight's manager, which outlives the batch: free it here.
    try (NDArray flat = w.reshape(channels, -1); // (C, pd·ph·pw)
        NDArray rows = Patches.rows(views, patch, bfloat16)) { // (B, N, pd·ph·pw)
      return Linear.linear(rows, flat, b).singletonOrThrow(); // (B, N, C)
    }
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Size3 g = grid(inputs[0]);
    long tokens = (long) g.depth() * g.height() * g.width();
    return new Shape(inputs[0].get(0), tokens, channels);
  }

  @Override
  protected void prepare(Shape[] inputs) {
    weight.setShape(new Shape(channels, 1, patch.depth(), patch.height(), patch.width()));
    bias.setShape(new Shape(channels));
  }
}
