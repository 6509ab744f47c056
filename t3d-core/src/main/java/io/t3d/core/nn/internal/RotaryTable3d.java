package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dVariant.Rotary;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import java.util.Arrays;

/**
 * Sines and cosines of the angles by which attention turns the queries and keys of a grid of
 * tokens. Channel {@code c} of a head's first half and of its second are a pair; the pairs of z
 * come first, then those of y and x, {@code F = d/6} each:
 *
 * <pre>{@code
 * turned(c)       = x(c) cos θ − x(c + d/2) sin θ
 * turned(c + d/2) = x(c + d/2) cos θ + x(c) sin θ
 * }</pre>
 *
 * <p>Published models pair other channels; since a query and a key only meet in their product,
 * their weights fit after the rows of both are put into this order.
 *
 * @param cos {@code (1, P + N, 1, d/2)}, float32; 1 for the P tokens before the grid
 * @param sin likewise; 0 for those
 */
public record RotaryTable3d(NDArray cos, NDArray sin) {
  /**
   * The table of a grid.
   *
   * @param manager owns the arrays
   * @param rotary which angles
   * @param grid tokens along z, y and x
   * @param prefix tokens before those of the grid, which are not turned
   * @param width d, channels of a head
   */
  public static RotaryTable3d of(
      NDManager manager, Rotary rotary, Size3 grid, int prefix, int width) {
    int frequencies = width / 6;
    int half = width / 2;
    int rows = prefix + grid.depth() * grid.height() * grid.width();
    float[] cos = new float[rows * half];
    float[] sin = new float[rows * half];
    Arrays.fill(cos, 0, prefix * half, 1);
    int at = prefix * half;
    for (int z = 0; z < grid.depth(); z++) {
      for (int y = 0; y < grid.height(); y++) {
        for (int x = 0; x < grid.width(); x++) {
          at = fill(cos, sin, at, rotary, z, grid.depth(), frequencies);
          at = fill(cos, sin, at, rotary, y, grid.height(), frequencies);
          at = fill(cos, sin, at, rotary, x, grid.width(), frequencies);
        }
      }
    }
    Shape shape = new Shape(1, rows, 1, half);
    return new RotaryTable3d(manager.create(cos, shape), manager.create(sin, shape));
  }

  private static int fill(
      float[] cos, float[] sin, int from, Rotary rotary, int i, int size, int frequencies) {
    double place =
        rotary.coordinates() == Rotary.Coordinates.INDEX
            ? i
            : 2 * Math.PI * (2 * (i + 0.5) / size - 1);
    for (int j = 0; j < frequencies; j++) {
      double angle = place / Math.pow(rotary.base(), (double) j / frequencies);
      cos[from + j] = (float) Math.cos(angle);
      sin[from + j] = (float) Math.sin(angle);
    }
    return from + frequencies;
  }

  /** Handles that live until the backward pass where activations are checkpointed. */
  public RotaryTable3d kept() {
    return new RotaryTable3d(ActivationCheckpoints.keep(cos), ActivationCheckpoints.keep(sin));
  }

  /**
   * Turns queries or keys, in float32.
   *
   * @param x {@code (B, P + N, C)}, the heads one after the other
   * @param heads A
   * @return {@code (B, P + N, C)} of the type of {@code x}; what lies between stays with the
   *     manager of {@code x}
   */
  public NDArray turn(NDArray x, int heads) {
    long[] s = x.getShape().getShape();
    NDArray split = Casts.toFloat32(x).reshape(s[0], s[1], heads, s[2] / heads); // (B, L, A, d)
    NDList halves = split.split(2, 3); // 2 × (B, L, A, d/2)
    NDArray first = halves.get(0);
    NDArray second = halves.get(1);
    NDArray turned =
        NDArrays.concat(
                new NDList(
                    first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))),
                3)
            .reshape(s[0], s[1], s[2]); // (B, L, C)
    return Casts.isBfloat16(x) ? Casts.toBfloat16(turned) : turned;
  }
}
