package io.t3d.core.nn;

import ai.djl.nn.Block;

/**
 * The common type of the visual and the text encoder: a network whose features the model projects
 * into the shared space.
 */
public interface Encoder extends Block {
  /** C, the width of the features. */
  int channels();

  /**
   * L, the number of layers that layer-wise decay of the learning rate tells apart; 0, the default,
   * when the encoder knows no layers, so that such a decay is an error.
   */
  default int layers() {
    return 0;
  }

  /**
   * The layer that a parameter belongs to. Only asked when {@link #layers} is more than 0.
   *
   * @param parameter dotted name within this block, as of {@link StateDict}
   * @return 0 for what lies below the first layer (embeddings, a stem), 1 … L for the layers from
   *     the bottom up, L + 1 for what lies above the last
   */
  default int layerOf(String parameter) {
    return layers() + 1;
  }
}
