package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.List;

/** A network from views to visual tokens: {@code ResNet3d} or {@code Vit3d}. */
public interface VisionEncoder extends Block {
  /** C, the width of a token. */
  int channels();

  /**
   * Encodes views.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32
   * @param training whether dropout is on and batch statistics are updated
   * @return the tokens h and their grid
   * @throws IllegalArgumentException when the shape does not fit the encoder
   */
  VisualTokens encode(ParameterStore parameters, NDArray views, boolean training);

  /**
   * Intermediate features as maps, for decoders: of {@code ResNet3d} the stem and the stages,
   * finest first; of {@code Vit3d} one map per layer, all of the token grid's size, the last one
   * normed.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32
   * @param training whether dropout is on and batch statistics are updated
   * @return {@code (B, C_i, D_i, H_i, W_i)} each; the caller closes them
   * @throws IllegalArgumentException when the shape does not fit the encoder
   */
  List<NDArray> featureMaps(ParameterStore parameters, NDArray views, boolean training);

  /**
   * Visual tokens of B views.
   *
   * @param tokens {@code (B, N, C)}, in (z, y, x) order
   * @param depth tokens along z
   * @param height tokens along y
   * @param width tokens along x
   */
  record VisualTokens(NDArray tokens, int depth, int height, int width) {}
}
