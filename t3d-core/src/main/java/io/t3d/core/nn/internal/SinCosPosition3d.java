package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.torch.internal.Uploads;
import java.util.List;

/**
 * Fixed position vectors of a grid of tokens: sines and cosines of z, y and x.
 *
 * <pre>{@code
 * PE(z, y, x) = [sin zω, cos zω, sin yω, cos yω, sin xω, cos xω, 0 …],  ω_i = 10000^(-i/F),
 * i = 0 … F-1,  F = ⌊C/6⌋
 * }</pre>
 *
 * <p>Vaswani et al. 2017, "Attention Is All You Need", section 3.5, taken to three axes as MAE and
 * MONAI take it to two and three; the up to five channels that six does not divide are zero.
 */
public final class SinCosPosition3d {
  private static final double BASE = 10_000;

  private SinCosPosition3d() {}

  /** The vectors of a grid, {@code (1, N, C)} in (z, y, x) order, float32. */
  public static NDArray table(NDManager manager, Size3 grid, int channels) {
    int frequencies = channels / 6;
    float[] z = axis(grid.depth(), frequencies);
    float[] y = axis(grid.height(), frequencies);
    float[] x = axis(grid.width(), frequencies);
    int tokens = grid.depth() * grid.height() * grid.width();
    float[] table = new float[tokens * channels];
    int part = 2 * frequencies;
    for (int n = 0; n < tokens; n++) {
      int k = n % grid.width();
      int j = n / grid.width() % grid.height();
      int i = n / grid.width() / grid.height();
      System.arraycopy(z, i * part, table, n * channels, part);
      System.arraycopy(y, j * part, table, n * channels + part, part);
      System.arraycopy(x, k * part, table, n * channels + 2 * part, part);
    }
    Shape shape = new Shape(1, tokens, channels);
    return Uploads.floats(manager, manager.getDevice(), shape, List.of(table));
  }

  /** Sines, then cosines of each position along one axis. */
  private static float[] axis(int size, int frequencies) {
    float[] values = new float[size * 2 * frequencies];
    for (int position = 0; position < size; position++) {
      for (int i = 0; i < frequencies; i++) {
        double angle = position * Math.pow(BASE, -(double) i / frequencies);
        values[position * 2 * frequencies + i] = (float) Math.sin(angle);
        values[position * 2 * frequencies + frequencies + i] = (float) Math.cos(angle);
      }
    }
    return values;
  }
}
