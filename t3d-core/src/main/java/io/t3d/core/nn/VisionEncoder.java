package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import java.util.List;
import java.util.Optional;

/**
 * Encodes views as visual tokens: {@code ResNet3d}, {@code Vit3d}, or your own class, passed to
 * {@code T3DModel.builder().vision(encoder)}. A block that gives a feature map needs no class: see
 * {@code nn.vision.FeatureMapEncoder}.
 *
 * <pre>{@code
 * final class TwoConvolutions extends TypedBlock implements VisionEncoder {
 *   private final Block first = addChildBlock("first", conv(16));
 *   private final Block second = addChildBlock("second", conv(32));
 *
 *   public int channels() {
 *     return 32;
 *   }
 *
 *   public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
 *     NDList x = first.forward(parameters, new NDList(views), training);
 *     NDArray map = second.forward(parameters, x, training).singletonOrThrow(); // (B, 32, d, h, w)
 *     return VisualTokens.of(map);
 *   }
 *   … compute, outputShape and initializeChildBlocks, see TypedBlock
 * }
 * }</pre>
 *
 * <p>What a class of one's own must keep to ({@link GridEncoder} or {@link TypedBlock} take the
 * rest off it):
 *
 * <ul>
 *   <li>Parameters are found by {@link StateDict}: they belong to this block or a child of it.
 *       Checkpoints hold them under those names, so a renamed child does not open old checkpoints.
 *   <li>It is initialised once, with views {@code (1, 1, D, H, W)} of {@link #exampleSize}, unless
 *       it has its weights already, which are then kept.
 *   <li>Results belong to the manager of {@code views}; start chains of operations there and not at
 *       a weight, whose manager lives as long as the model.
 *   <li>No in-place operation, and numbers only through {@code tensor.Scalars}: DJL may free them
 *       before the backward pass.
 *   <li>Optional: {@code TypedBlock.stage} around each stage gives {@code
 *       TrainingConfig.checkpointActivations} something to leave out; without, that setting changes
 *       nothing.
 *   <li>Optional: {@link #layers} and {@link #layerOf} for layer-wise decay of the learning rate,
 *       {@link #featureMaps} for decoders.
 * </ul>
 */
public interface VisionEncoder extends Encoder {
  /**
   * Encodes views.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32; stays open
   * @param training whether dropout is on and batch statistics are updated
   * @return the tokens h and their grid, which must divide the view evenly
   * @throws IllegalArgumentException when the shape does not fit the encoder
   */
  VisualTokens encode(ParameterStore parameters, NDArray views, boolean training);

  /**
   * A size of views that fits: the block is initialised with it. 64³ unless overridden.
   *
   * @return (D, H, W) in voxels
   */
  default Size3 exampleSize() {
    return Size3.cube(64);
  }

  /**
   * Intermediate features as maps, for decoders: of {@code ResNet3d} the stem and the stages,
   * finest first; of {@code Vit3d} one map per layer, all of the token grid's size, the last one
   * normed. An encoder of one's own need not have them.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32
   * @param training whether dropout is on and batch statistics are updated
   * @return {@code (B, C_i, D_i, H_i, W_i)} each; the caller closes them
   * @throws IllegalArgumentException when the shape does not fit the encoder
   * @throws UnsupportedOperationException when the encoder has none
   */
  default List<NDArray> featureMaps(ParameterStore parameters, NDArray views, boolean training) {
    throw new UnsupportedOperationException(
        getClass().getName() + " gives no feature maps; override VisionEncoder.featureMaps");
  }

  /**
   * Visual tokens of B views.
   *
   * @param tokens {@code (B, N, C)}, in (z, y, x) order
   * @param depth tokens along z
   * @param height tokens along y
   * @param width tokens along x
   * @param pooled {@code (B, C)}, what becomes the views' embedding: a class token, or what an
   *     attention has pooled; empty where that is the mean of the tokens
   */
  record VisualTokens(NDArray tokens, int depth, int height, int width, Optional<NDArray> pooled) {
    /** Tokens whose mean becomes the embedding. */
    public VisualTokens(NDArray tokens, int depth, int height, int width) {
      this(tokens, depth, height, width, Optional.empty());
    }

    /**
     * A feature map's voxels as tokens.
     *
     * @param map {@code (B, C, d, h, w)}; closed
     * @return {@code (B, d·h·w, C)}
     */
    public static VisualTokens of(NDArray map) {
      long[] s = map.getShape().getShape();
      try (map;
          NDArray flat = map.reshape(s[0], s[1], -1)) { // (B, C, N)
        NDArray tokens = flat.transpose(0, 2, 1); // (B, N, C)
        return new VisualTokens(tokens, (int) s[2], (int) s[3], (int) s[4]);
      }
    }
  }
}
