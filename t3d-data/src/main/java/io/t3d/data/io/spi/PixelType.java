package io.t3d.data.io.spi;

/** The data type in which a file stores voxels. */
public enum PixelType {
  /** 8-bit, 0..255, for masks; values are rounded. */
  UINT8,
  /** 16-bit, -32768..32767, for CT in HU; values are rounded. */
  INT16,
  /**
   * 16-bit with {@code scl_slope} and {@code scl_inter} chosen so that the volume's range uses all
   * 65,536 steps; the error is at most half a step.
   */
  INT16_SCALED,
  /** 32-bit float, exact. */
  FLOAT32
}
