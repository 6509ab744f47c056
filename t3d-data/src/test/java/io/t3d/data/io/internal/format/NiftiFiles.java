package io.t3d.data.io.internal.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;

/** Builds NIfTI-1 files byte by byte, so that the reader is not tested with the writer. */
public final class NiftiFiles {
  static final int DATATYPE = 70;
  static final int PIXDIM = 76;
  static final int VOX_OFFSET = 108;
  static final int SLOPE = 112;
  static final int UNITS = 123;
  static final int QFORM = 252;
  static final int SFORM = 254;
  static final int QUATERN = 256;
  static final int SROW = 280;

  private NiftiFiles() {}

  /** A valid int16 file of 4 x 3 x 2 voxels 0, 1, …, changed by {@code edit}. */
  static byte[] bytes(Consumer<ByteBuffer> edit) {
    ByteBuffer b = ByteBuffer.allocate(352 + 48).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(0, 348);
    dims(b, 3, 4, 3, 2, 1, 1, 1, 1);
    b.putShort(DATATYPE, (short) 4).putShort(72, (short) 16);
    for (int i = 0; i < 4; i++) {
      b.putFloat(PIXDIM + 4 * i, i == 0 ? 1 : 2);
    }
    b.putFloat(VOX_OFFSET, 352);
    b.putShort(SFORM, (short) 1);
    for (int i = 0; i < 3; i++) {
      b.putFloat(SROW + 20 * i, 2);
    }
    b.put(344, new byte[] {'n', '+', '1', 0});
    for (int i = 0; i < 24; i++) {
      b.putShort(352 + 2 * i, (short) i);
    }
    edit.accept(b);
    return b.array();
  }

  static void dims(ByteBuffer b, int... dims) {
    for (int i = 0; i < dims.length; i++) {
      b.putShort(40 + 2 * i, (short) dims[i]);
    }
  }

  static byte[] gzip(byte[]... members) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] member : members) {
      try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
        gzip.write(member);
      }
    }
    return out.toByteArray();
  }

  public static Path write(Path dir, String name, Consumer<ByteBuffer> edit) throws IOException {
    return Files.write(dir.resolve(name), bytes(edit));
  }
}
