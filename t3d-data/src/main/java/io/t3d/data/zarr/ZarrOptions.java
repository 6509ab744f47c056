package io.t3d.data.zarr;

import io.t3d.core.config.Size3;
import io.t3d.core.internal.Checks;
import java.util.Objects;

/**
 * Options for storing a volume as Zarr: value type, chunk size and compression level.
 *
 * @param values what becomes of the voxels' values
 * @param chunk voxels of a chunk; a volume that is smaller has smaller ones
 * @param level of Zstandard, 1 (fast) to 19 (small)
 */
public record ZarrOptions(Values values, Size3 chunk, int level) {
  /** How values are stored. */
  public enum Values {
    /**
     * 16-bit. Whole numbers are stored as they are; others with the finest power of two as scale
     * that the largest magnitude allows: 2⁻¹⁴ for values in [0, 1], 1/8 for resampled CT up to
     * 4,095 HU. The error is at most half the scale, so 3.1e-5 of the window, and as the scale is a
     * power of two, stored values come back exactly.
     */
    INT16,
    /** 16-bit, scale 1: whole numbers from -32768 to 32767, for masks. */
    LABELS,
    /** 32-bit float: exact, about twice as large. */
    FLOAT32
  }

  /** Checks ranges. */
  public ZarrOptions {
    Objects.requireNonNull(values, "ZarrOptions.values");
    Objects.requireNonNull(chunk, "ZarrOptions.chunk");
    Checks.inRange("ZarrOptions.level", level, 1, 19);
    Checks.inRange(
        "voxels of ZarrOptions.chunk",
        (double) chunk.depth() * chunk.height() * chunk.width(),
        1,
        1 << 26);
  }

  /** 16-bit in chunks of 32×64×64, level 1; docs/preprocessing.md has the figures behind it. */
  public static ZarrOptions defaults() {
    return new ZarrOptions(Values.INT16, new Size3(32, 64, 64), 1);
  }

  /** The same with other values. */
  public ZarrOptions withValues(Values other) {
    return new ZarrOptions(other, chunk, level);
  }
}
