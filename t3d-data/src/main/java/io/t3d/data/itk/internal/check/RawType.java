package io.t3d.data.itk.internal.check;

import java.nio.ByteBuffer;
import java.util.Locale;

/** How a worker hands over voxels; the order is that of the codes in {@code image_file.cpp}. */
public enum RawType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  UINT64(8),
  INT64(8),
  FLOAT32(4),
  FLOAT64(8);

  private static final RawType[] BY_CODE = values();

  private final int bytes;

  RawType(int bytes) {
    this.bytes = bytes;
  }

  public static RawType ofCode(int code) {
    return BY_CODE[code];
  }

  /** The integer type of so many bits. */
  public static RawType ofBits(int bits, boolean signed) {
    return valueOf((signed ? "INT" : "UINT") + bits);
  }

  public int bytes() {
    return bytes;
  }

  /** {@code uint8}, {@code float32}, … */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Real value = slope · stored + intercept, in double precision. */
  public record Scale(double slope, double intercept) {
    public static final Scale NONE = new Scale(1, 0);

    float of(double stored) {
      return (float) (stored * slope + intercept);
    }
  }

  /**
   * Which bits of an integer count: {@code size} of them, the lowest {@code shift} bits from the
   * right.
   */
  public record Bits(int shift, int size) {
    /** Whether that is all of a type. */
    boolean all(RawType type) {
      return shift == 0 && size == 8 * type.bytes;
    }

    long of(long stored, boolean signed) {
      long top = stored << (64 - shift - size);
      return signed ? top >> (64 - size) : top >>> (64 - size);
    }
  }

  /** Converts from the buffer's position, as many values as it holds; gives their count. */
  public int convert(ByteBuffer in, Scale scale, float[] out, int at) {
    int count = in.remaining() / bytes;
    switch (this) {
      case UINT8 -> each(count, i -> out[at + i] = scale.of(in.get(i) & 0xff));
      case INT8 -> each(count, i -> out[at + i] = scale.of(in.get(i)));
      case UINT16 -> shorts(in, count, scale, out, at, 0xffff);
      case INT16 -> shorts(in, count, scale, out, at, -1);
      case UINT32 ->
          each(count, i -> out[at + i] = scale.of((double) (in.getInt(4 * i) & 0xffffffffL)));
      case INT32 -> each(count, i -> out[at + i] = scale.of(in.getInt(4 * i)));
      case UINT64 -> each(count, i -> out[at + i] = scale.of(unsigned(in.getLong(8 * i))));
      case INT64 -> each(count, i -> out[at + i] = scale.of((double) in.getLong(8 * i)));
      case FLOAT32 -> floats(in, count, scale, out, at);
      case FLOAT64 -> each(count, i -> out[at + i] = scale.of(in.getDouble(8 * i)));
    }
    return count;
  }

  /** As above, of integers of which only some bits count. */
  public int convert(ByteBuffer in, Bits bits, Scale scale, float[] out, int at) {
    if (bits.all(this)) {
      return convert(in, scale, out, at);
    }
    boolean signed = this == INT8 || this == INT16 || this == INT32;
    int count = in.remaining() / bytes;
    for (int i = 0; i < count; i++) {
      long stored =
          switch (bytes) {
            case 1 -> in.get(i);
            case 2 -> in.getShort(2 * i);
            default -> in.getInt(4 * i);
          };
      out[at + i] = scale.of((double) bits.of(stored, signed));
    }
    return count;
  }

  private interface Step {
    void at(int i);
  }

  private static void each(int count, Step step) {
    for (int i = 0; i < count; i++) {
      step.at(i);
    }
  }

  private static void shorts(ByteBuffer in, int count, Scale scale, float[] out, int at, int mask) {
    short[] raw = new short[count];
    in.asShortBuffer().get(raw);
    for (int i = 0; i < count; i++) {
      out[at + i] = scale.of(raw[i] & mask);
    }
  }

  private static void floats(ByteBuffer in, int count, Scale scale, float[] out, int at) {
    in.asFloatBuffer().get(out, at, count);
    if (scale.slope() == 1 && scale.intercept() == 0) {
      return;
    }
    for (int i = at; i < at + count; i++) {
      out[i] = scale.of(out[i]);
    }
  }

  private static double unsigned(long raw) {
    // Halving with a sticky last bit keeps round-to-nearest for values above Long.MAX_VALUE.
    return raw >= 0 ? (double) raw : ((raw >>> 1) | (raw & 1)) * 2.0;
  }
}
