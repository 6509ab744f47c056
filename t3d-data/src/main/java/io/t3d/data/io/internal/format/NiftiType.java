package io.t3d.data.io.internal.format;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The scalar voxel types of NIfTI, each with a bulk decoder to float32. */
enum NiftiType {
  UINT8(2, 1) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.get(i) & 0xff);
      }
    }
  },
  INT8(256, 1) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.get(i));
      }
    }
  },
  INT16(4, 2) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.getShort(2 * i));
      }
    }
  },
  UINT16(512, 2) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.getShort(2 * i) & 0xffff);
      }
    }
  },
  INT32(8, 4) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.getInt(4 * i));
      }
    }
  },
  UINT32(768, 4) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply((double) (in.getInt(4 * i) & 0xffffffffL));
      }
    }
  },
  INT64(1024, 8) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply((double) in.getLong(8 * i));
      }
    }
  },
  UINT64(1280, 8) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(unsignedToDouble(in.getLong(8 * i)));
      }
    }
  },
  FLOAT32(16, 4) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.getFloat(4 * i));
      }
    }
  },
  FLOAT64(64, 8) {
    @Override
    void decode(ByteBuffer in, Scaling s, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        out[at + i] = s.apply(in.getDouble(8 * i));
      }
    }
  };

  private static final Map<Integer, NiftiType> BY_CODE = new HashMap<>();

  /** Types that the standard knows and this reader does not take. */
  private static final Map<Integer, String> UNSUPPORTED =
      Map.of(
          1, "1-bit binary",
          32, "complex64",
          128, "RGB24",
          1536, "float128",
          1792, "complex128",
          2048, "complex256",
          2304, "RGBA32");

  static {
    for (NiftiType type : values()) {
      BY_CODE.put(type.code, type);
    }
  }

  private final int code;
  private final int bytes;

  NiftiType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** Real value = slope · raw + inter, in double precision as nibabel does it. */
  record Scaling(double slope, double inter) {
    static final Scaling NONE = new Scaling(1, 0);

    boolean isIdentity() {
      return slope == 1 && inter == 0;
    }

    float apply(double raw) {
      return (float) (raw * slope + inter);
    }
  }

  /** Decodes {@code count} voxels from the buffer's start, in its byte order. */
  abstract void decode(ByteBuffer in, Scaling s, float[] out, int at, int count);

  /** The type with this NIfTI code, if it can be read. */
  static Optional<NiftiType> of(int code) {
    return Optional.ofNullable(BY_CODE.get(code));
  }

  /** A name for a code that {@link #of} does not take. */
  static String nameOf(int code) {
    return UNSUPPORTED.getOrDefault(code, "unknown");
  }

  int code() {
    return code;
  }

  /** Bytes per voxel. */
  int bytes() {
    return bytes;
  }

  /** {@code uint8}, {@code float32}, … */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static double unsignedToDouble(long raw) {
    // Halving with a sticky last bit keeps round-to-nearest for values above Long.MAX_VALUE.
    return raw >= 0 ? (double) raw : ((raw >>> 1) | (raw & 1)) * 2.0;
  }
}
