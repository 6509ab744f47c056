package io.t3d.data.itk.internal.check;

import io.t3d.core.volume.Affine;
import io.t3d.data.io.internal.format.NiftiReader;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * Checks a NIfTI file by the pure-Java reader, and for what ITK 5.2 does not survive or misses: it
 * aborts on a geometry that is not finite, loops on denormal numbers, and takes damaged gzips and
 * truncated files as they are.
 */
public final class NiftiCheck {
  private static final int HEADER_BYTES = 348;
  private static final int SLOPE = 112;
  private static final int PIXDIM = 76;
  private static final int QUATERN = 256;
  private static final int SROW = 280;

  /** A number nearer to 0 than this is none that a scanner or a tool writes. */
  private static final float SMALLEST = 1e-30f;

  /** Of the angle between two axes; what rounding to float32 makes is far below. */
  private static final double LARGEST_COSINE = 1e-4;

  private NiftiCheck() {}

  public static ClaimedImage of(Path path) throws IOException {
    VolumeInfo info = new NiftiReader().verify(path);
    ByteBuffer header = header(path);
    if (header.getInt(0) != HEADER_BYTES) {
      throw new VolumeFormatException(
          path, "ITK reads NIfTI-1, this is NIfTI-2; read it with NiftiReader");
    }
    requireSaneGeometry(path, header);
    requireRightAngles(path, info.affine());
    requireSaneScaling(path, header);
    return new ClaimedImage(
        handedOver(RawType.valueOf(info.pixelType().toUpperCase(Locale.ROOT)), header),
        info.width(),
        info.height(),
        info.depth(),
        Optional.of(info.affine()));
  }

  /** Both forms and pixdim, as ITK looks at all of them. */
  private static void requireSaneGeometry(Path path, ByteBuffer header)
      throws VolumeFormatException {
    requireSane(path, "pixdim", header, PIXDIM, 4);
    requireSane(path, "qform", header, QUATERN, 6);
    requireSane(path, "sform", header, SROW, 12);
  }

  private static void requireSane(Path path, String what, ByteBuffer header, int at, int count)
      throws VolumeFormatException {
    for (int i = 0; i < count; i++) {
      float value = header.getFloat(at + Float.BYTES * i);
      if (!Float.isFinite(value) || (value != 0 && Math.abs(value) < SMALLEST)) {
        throw new VolumeFormatException(
            path,
            "its "
                + what
                + " holds "
                + value
                + ", which ITK does not survive; read it with NiftiReader, or repair the header");
      }
    }
  }

  private static void requireRightAngles(Path path, Affine affine) throws VolumeFormatException {
    for (int a = 0; a < 3; a++) {
      int b = (a + 1) % 3;
      double dot = 0;
      double aa = 0;
      double bb = 0;
      for (int row = 0; row < 3; row++) {
        dot += affine.get(row, a) * affine.get(row, b);
        aa += affine.get(row, a) * affine.get(row, a);
        bb += affine.get(row, b) * affine.get(row, b);
      }
      if (Math.abs(dot) > LARGEST_COSINE * Math.sqrt(aa * bb)) {
        throw new VolumeFormatException(
            path,
            "its axes are not at right angles, which ITK cannot read; read it with NiftiReader");
      }
    }
  }

  /** The standard takes a slope of 0 for unscaled; ITK adds the intercept all the same. */
  private static void requireSaneScaling(Path path, ByteBuffer header)
      throws VolumeFormatException {
    float inter = header.getFloat(SLOPE + Float.BYTES);
    if (header.getFloat(SLOPE) == 0 && inter != 0) {
      throw new VolumeFormatException(
          path,
          "its scl_slope is 0, so its voxels are unscaled, but ITK would add its scl_inter of "
              + inter
              + "; read it with NiftiReader");
    }
  }

  /** ITK hands scaled integers over as float. */
  private static RawType handedOver(RawType stored, ByteBuffer header) {
    float slope = header.getFloat(SLOPE);
    float inter = header.getFloat(SLOPE + Float.BYTES);
    boolean scaled = slope != 0 && Float.isFinite(slope) && (slope != 1 || inter != 0);
    boolean real = stored == RawType.FLOAT32 || stored == RawType.FLOAT64;
    return scaled && !real ? RawType.FLOAT32 : stored;
  }

  private static ByteBuffer header(Path path) throws IOException {
    boolean packed = path.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
    try (InputStream raw = Files.newInputStream(path);
        InputStream in = packed ? new GZIPInputStream(raw) : raw) {
      ByteBuffer header = ByteBuffer.wrap(in.readNBytes(HEADER_BYTES));
      boolean big = header.getInt(0) == HEADER_BYTES;
      return header.order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }
  }
}
