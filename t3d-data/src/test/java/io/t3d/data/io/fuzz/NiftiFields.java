package io.t3d.data.io.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** The binary fields of a NIfTI-1 or NIfTI-2 header that say size, type, place and geometry. */
final class NiftiFields implements FieldFinder {
  private static final double[] NUMBERS = {
    0,
    -0.0,
    1,
    -1,
    0.5,
    -0.7,
    0.70711,
    2,
    3,
    4,
    7,
    8,
    16,
    64,
    128,
    256,
    348,
    352,
    512,
    540,
    1024,
    1280,
    32767,
    65535,
    65536,
    0x7fffffff,
    -0x80000000,
    0x100000000L,
    0x1p53,
    0x1p62,
    0x1p63,
    1e-46,
    1e-40,
    1e-310,
    1e30,
    1e300,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY
  };

  /** A number in the header. */
  private record NumberField(String name, int at, char kind, ByteOrder order) implements Field {
    @Override
    public byte[] damage(byte[] file, RandomGenerator random) {
      byte[] out = file.clone();
      ByteBuffer b = ByteBuffer.wrap(out).order(order);
      double v = NUMBERS[random.nextInt(NUMBERS.length)];
      switch (kind) {
        case 'b' -> b.put(at, (byte) v);
        case 's' -> b.putShort(at, (short) (long) v);
        case 'i' -> b.putInt(at, (int) (long) v);
        case 'l' -> b.putLong(at, (long) v);
        case 'f' -> b.putFloat(at, (float) v);
        default -> b.putDouble(at, v);
      }
      return out;
    }
  }

  @Override
  public List<Field> find(byte[] file) {
    ByteBuffer b = ByteBuffer.wrap(file);
    int size = b.getInt(0);
    boolean big = size == 348 || size == 540;
    ByteOrder order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    return b.order(order).getInt(0) == 540 ? two(order) : one(order);
  }

  private static List<Field> one(ByteOrder order) {
    List<Field> f = new ArrayList<>();
    add(f, "sizeof_hdr", 0, 'i', 1, order);
    add(f, "dim", 40, 's', 8, order);
    add(f, "datatype", 70, 's', 2, order);
    add(f, "pixdim", 76, 'f', 4, order);
    add(f, "vox_offset", 108, 'f', 1, order);
    add(f, "scl", 112, 'f', 2, order);
    add(f, "xyzt_units", 123, 'b', 1, order);
    add(f, "form_code", 252, 's', 2, order);
    add(f, "quatern", 256, 'f', 6, order);
    add(f, "srow", 280, 'f', 12, order);
    add(f, "magic", 344, 'b', 4, order);
    return f;
  }

  private static List<Field> two(ByteOrder order) {
    List<Field> f = new ArrayList<>();
    add(f, "sizeof_hdr", 0, 'i', 1, order);
    add(f, "magic", 4, 'b', 8, order);
    add(f, "datatype", 12, 's', 2, order);
    add(f, "dim", 16, 'l', 8, order);
    add(f, "pixdim", 104, 'd', 4, order);
    add(f, "vox_offset", 168, 'l', 1, order);
    add(f, "scl", 176, 'd', 2, order);
    add(f, "form_code", 344, 'i', 2, order);
    add(f, "quatern", 352, 'd', 6, order);
    add(f, "srow", 400, 'd', 12, order);
    add(f, "xyzt_units", 500, 'i', 1, order);
    return f;
  }

  private static void add(
      List<Field> fields, String name, int at, char kind, int count, ByteOrder order) {
    int bytes =
        switch (kind) {
          case 'b' -> 1;
          case 's' -> 2;
          case 'i', 'f' -> 4;
          default -> 8;
        };
    for (int i = 0; i < count; i++) {
      fields.add(new NumberField(name + "[" + i + "]", at + i * bytes, kind, order));
    }
  }
}
