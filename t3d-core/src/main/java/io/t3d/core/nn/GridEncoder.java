package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;

/**
 * A visual encoder that knows the grid of its tokens from the size of the views. What DJL wants of
 * a block follows from {@link #encode} and {@link #grid}.
 */
public abstract class GridEncoder extends TypedBlock implements VisionEncoder {
  /**
   * The number of tokens along z, y and x.
   *
   * @param views {@code (B, 1, D, H, W)}
   * @throws IllegalArgumentException when the shape does not fit the encoder
   */
  protected abstract Size3 grid(Shape views);

  /** The tokens {@code (B, N, C)} of views, for DJL; see {@link #encode}. */
  @Override
  protected final NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return encode(parameters, inputs.singletonOrThrow(), training).tokens();
  }

  @Override
  protected final Shape outputShape(Shape... inputs) {
    Size3 g = grid(inputs[0]);
    return new Shape(
        inputs[0].get(0), (long) g.depth() * g.height() * g.width(), (long) channels());
  }
}
