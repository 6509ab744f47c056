package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import io.t3d.core.config.Size3;
import io.t3d.core.tensor.Shapes;

/**
 * Cuts views into blocks of voxels and maps each to a token: what a {@code conv3d} whose stride is
 * its kernel does, and with its weights ({@code weight (C, 1, pd, ph, pw)}, {@code bias (C)}), but
 * computed as one matrix product, which is far faster in bfloat16 on a CPU.
 */
public final class PatchEmbedding3d extends AbstractBlock {
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
                .optInitializer(new NormalInitializer(Vit3d.INIT_STD))
                .build());
    bias = addParameter(Parameter.builder().setName("bias").setType(Parameter.Type.BIAS).build());
  }

  /**
   * The number of patches along z, y and x.
   *
   * @throws IllegalArgumentException when the shape is not that of views or the patch does not
   *     divide it
   */
  public Size3 grid(Shape views) {
    ViewShapes.check(views);
    if (views.get(2) % patch.depth() != 0
        || views.get(3) % patch.height() != 0
        || views.get(4) % patch.width() != 0) {
      throw new IllegalArgumentException(
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
   * @param views {@code (B, 1, D, H, W)}
   * @param training whether gradients of the weights are wanted
   * @return {@code (B, N, C)}, in (z, y, x) order
   */
  public NDArray forward(ParameterStore parameters, NDArray views, boolean training) {
    NDArray w = parameters.getValue(weight, views.getDevice(), training);
    NDArray b = parameters.getValue(bias, views.getDevice(), training);
    NDArray flat = w.reshape(channels, -1); // (C, pd·ph·pw)
    NDArray patches = patches(views); // (B, N, pd·ph·pw)
    // `flat` belongs to the weight's manager, which outlives the batch: free it here.
    try (flat;
        patches) {
      return Linear.linear(patches, flat, b).singletonOrThrow(); // (B, N, C)
    }
  }

  private NDArray patches(NDArray views) {
    Size3 g = grid(views.getShape());
    long batch = views.getShape().get(0);
    NDArray split =
        views.reshape(
            batch,
            g.depth(),
            patch.depth(),
            g.height(),
            patch.height(),
            g.width(),
            patch.width()); // (B, d, pd, h, ph, w, pw)
    NDArray grouped =
        Steps.thenFree(split, x -> x.transpose(0, 1, 3, 5, 2, 4, 6)); // (B, d, h, w, pd, ph, pw)
    long tokens = (long) g.depth() * g.height() * g.width();
    return Steps.thenFree(grouped, x -> x.reshape(batch, tokens, -1)); // (B, N, pd·ph·pw)
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    return new NDList(forward(parameters, inputs.singletonOrThrow(), training));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    Size3 g = grid(inputs[0]);
    long tokens = (long) g.depth() * g.height() * g.width();
    return new Shape[] {new Shape(inputs[0].get(0), tokens, channels)};
  }

  @Override
  protected void prepare(Shape[] inputs) {
    weight.setShape(new Shape(channels, 1, patch.depth(), patch.height(), patch.width()));
    bias.setShape(new Shape(channels));
  }
}
