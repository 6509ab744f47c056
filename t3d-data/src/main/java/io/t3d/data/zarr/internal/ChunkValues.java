package io.t3d.data.zarr.internal;

/** The bytes of a decompressed chunk, read as values. */
final class ChunkValues {
  private final byte[] raw;
  private final ZarrDtype dtype;
  private final float scale;
  private final float offset;
  // Byte b of value i lies at b · plane + i · step.
  private final int plane;
  private final int step;

  ChunkValues(byte[] raw, ZarrDtype dtype, boolean shuffled, float scale, float offset) {
    this.raw = raw;
    this.dtype = dtype;
    this.scale = scale;
    this.offset = offset;
    this.plane = shuffled ? raw.length / dtype.bytes : 1;
    this.step = shuffled ? 1 : dtype.bytes;
  }

  /** Writes {@code count} values from the given one on to {@code out}. */
  void copy(int from, int count, float[] out, int to) {
    switch (dtype) {
      case INT16 -> int16(from, count, out, to);
      case UINT16 -> uint16(from, count, out, to);
      case INT8, UINT8 -> bytes(from, count, out, to);
      case FLOAT32 -> float32(from, count, out, to);
    }
  }

  private void int16(int from, int count, float[] out, int to) {
    int low = from * step;
    int high = low + plane;
    if (step == 1) { // a loop of its own, as strides that are not constant are slow
      for (int i = 0; i < count; i++) {
        int stored = (raw[low + i] & 0xFF) | (raw[high + i] << 8);
        out[to + i] = stored * scale + offset;
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      int stored = (raw[low + i * step] & 0xFF) | (raw[high + i * step] << 8);
      out[to + i] = stored * scale + offset;
    }
  }

  private void uint16(int from, int count, float[] out, int to) {
    for (int i = 0; i < count; i++) {
      int at = (from + i) * step;
      int stored = (raw[at] & 0xFF) | ((raw[at + plane] & 0xFF) << 8);
      out[to + i] = stored * scale + offset;
    }
  }

  private void bytes(int from, int count, float[] out, int to) {
    int mask = dtype == ZarrDtype.UINT8 ? 0xFF : -1;
    for (int i = 0; i < count; i++) {
      out[to + i] = (raw[from + i] & mask) * scale + offset;
    }
  }

  private void float32(int from, int count, float[] out, int to) {
    for (int i = 0; i < count; i++) {
      int at = (from + i) * step;
      int bits = (raw[at] & 0xFF) | ((raw[at + plane] & 0xFF) << 8);
      bits |= ((raw[at + 2 * plane] & 0xFF) << 16) | (raw[at + 3 * plane] << 24);
      out[to + i] = Float.intBitsToFloat(bits) * scale + offset;
    }
  }
}
