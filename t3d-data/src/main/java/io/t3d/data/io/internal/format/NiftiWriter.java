package io.t3d.data.io.internal.format;

import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.PixelType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * Writes volumes as little-endian NIfTI-1: {@code .nii} or, by suffix, {@code .nii.gz} (fastest
 * compression; the same volume gives the same bytes).
 *
 * <p>The sform holds the affine, rounded to float32; the qform too when the axes are orthogonal.
 * The file appears whole or not at all, see {@link AtomicFiles}.
 */
public final class NiftiWriter {
  private static final int VOXEL_OFFSET = 352;
  private static final int CHUNK_VOXELS = 1 << 16;

  /** Largest error of RᵀR against the identity at which the axes count as orthogonal. */
  private static final double ORTHOGONAL = 1e-5;

  private NiftiWriter() {}

  /** Writes float32. */
  public static void write(Path file, Volume volume) throws IOException {
    write(file, volume, PixelType.FLOAT32);
  }

  /**
   * Writes a volume.
   *
   * @param file its name ends with {@code .nii} or {@code .nii.gz}; missing folders are made
   * @throws IllegalArgumentException when the suffix is another one, a size is above 32,767, or a
   *     voxel does not fit the type (NaN fits only float32)
   */
  public static void write(Path file, Volume volume, PixelType type) throws IOException {
    boolean gzip = isGzip(file);
    Encoded encoded = new Encoded(volume, type);
    AtomicFiles.write(
        file,
        channel -> {
          OutputStream raw = Channels.newOutputStream(channel);
          OutputStream out = gzip ? new FastGzip(raw) : raw;
          encoded.writeTo(out);
          if (out instanceof FastGzip zipped) {
            zipped.finish(); // the channel is not ours to close
          }
        });
  }

  /**
   * Writes the bytes that a file {@code .nii} of the volume would have; for a stream that needs its
   * length before, {@link #length}.
   *
   * @param out stays open
   * @throws IllegalArgumentException when a size is above 32,767, or a voxel does not fit the type
   */
  public static void write(OutputStream out, Volume volume, PixelType type) throws IOException {
    new Encoded(volume, type).writeTo(out);
  }

  /** How many bytes {@link #write(OutputStream, Volume, PixelType)} writes. */
  public static long length(Volume volume, PixelType type) {
    return VOXEL_OFFSET + (long) volume.voxels().length * stored(type).bytes();
  }

  /** A volume that has been checked, and its header. */
  private static final class Encoded {
    private final Volume volume;
    private final PixelType type;
    private final NiftiType.Scaling scaling;
    private final byte[] header;

    Encoded(Volume volume, PixelType type) {
      this.volume = volume;
      this.type = type;
      this.scaling = scalingFor(volume, type);
      this.header = header(volume, type, scaling);
      checkVoxels(volume, type);
    }

    void writeTo(OutputStream out) throws IOException {
      out.write(header);
      writeVoxels(out, volume.voxels(), type, scaling);
    }
  }

  private static boolean isGzip(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (!name.endsWith(".nii") && !name.endsWith(".nii.gz")) {
      throw new IllegalArgumentException(
          "A NIfTI file's name must end with .nii or .nii.gz, got " + file);
    }
    return name.endsWith(".gz");
  }

  private static NiftiType.Scaling scalingFor(Volume volume, PixelType type) {
    if (type != PixelType.INT16_SCALED) {
      return NiftiType.Scaling.NONE;
    }
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (float v : volume.voxels()) {
      if (!Float.isFinite(v)) {
        throw badVoxel(v, type);
      }
      min = Math.min(min, v);
      max = Math.max(max, v);
    }
    if (min == max) {
      return new NiftiType.Scaling(1, (float) min);
    }
    // The header keeps float32, so round first and encode with what a reader will see; the slope
    // is rounded up so that the ends stay in range.
    float slope = Math.nextUp(Math.max((float) ((max - min) / 65_534), Float.MIN_NORMAL));
    return new NiftiType.Scaling(slope, (float) ((min + max) / 2));
  }

  private static void checkVoxels(Volume volume, PixelType type) {
    if (type != PixelType.UINT8 && type != PixelType.INT16) {
      return;
    }
    double low = type == PixelType.UINT8 ? 0 : Short.MIN_VALUE;
    double high = type == PixelType.UINT8 ? 255 : Short.MAX_VALUE;
    for (float v : volume.voxels()) {
      double r = Math.rint(v);
      if (!(r >= low && r <= high)) {
        throw badVoxel(v, type);
      }
    }
  }

  private static IllegalArgumentException badVoxel(float v, PixelType type) {
    return new IllegalArgumentException(
        "The voxel value "
            + v
            + " does not fit "
            + type
            + "; use FLOAT32"
            + (Float.isFinite(v) ? " or INT16_SCALED" : ", or replace non-finite voxels first"));
  }

  private static byte[] header(Volume volume, PixelType type, NiftiType.Scaling scaling) {
    ByteBuffer b = ByteBuffer.allocate(VOXEL_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(0, NiftiHeader.SIZE_1);
    int[] size = {volume.width(), volume.height(), volume.depth()};
    b.putShort(40, (short) 3);
    for (int i = 0; i < 7; i++) {
      int n = i < 3 ? size[i] : 1;
      if (n > Short.MAX_VALUE) {
        throw new IllegalArgumentException("NIfTI-1 sizes are at most 32767, got " + volume);
      }
      b.putShort(42 + 2 * i, (short) n);
    }
    b.putShort(70, (short) stored(type).code());
    b.putShort(72, (short) (8 * stored(type).bytes()));
    b.putFloat(108, VOXEL_OFFSET);
    b.putFloat(112, (float) scaling.slope());
    b.putFloat(116, (float) scaling.inter());
    b.put(123, (byte) 2); // millimetres
    putGeometry(b, volume.affine());
    b.put(344, "n+1".getBytes(StandardCharsets.US_ASCII));
    return b.array();
  }

  private static void putGeometry(ByteBuffer b, Affine affine) {
    Spacing s = affine.spacing();
    double qfac = affine.determinant() < 0 ? -1 : 1;
    double[] pixdim = {qfac, s.x(), s.y(), s.z()};
    for (int i = 0; i < 4; i++) {
      b.putFloat(76 + 4 * i, (float) pixdim[i]);
    }
    double[] r = new double[9];
    for (int row = 0; row < 3; row++) {
      for (int col = 0; col < 3; col++) {
        r[row * 3 + col] = affine.get(row, col) / pixdim[col + 1] * (col == 2 ? qfac : 1);
      }
      for (int col = 0; col < 4; col++) {
        b.putFloat(280 + 16 * row + 4 * col, (float) affine.get(row, col));
      }
      b.putFloat(268 + 4 * row, (float) affine.get(row, 3));
    }
    b.putShort(254, (short) 1); // sform: scanner coordinates
    if (isOrthogonal(r)) {
      b.putShort(252, (short) 1);
      double[] q = Quaternion.ofMatrix(r);
      for (int i = 0; i < 3; i++) {
        b.putFloat(256 + 4 * i, (float) q[i]);
      }
    }
  }

  private static boolean isOrthogonal(double[] r) {
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        double dot = r[i] * r[j] + r[3 + i] * r[3 + j] + r[6 + i] * r[6 + j];
        if (Math.abs(dot - (i == j ? 1 : 0)) > ORTHOGONAL) {
          return false;
        }
      }
    }
    return true;
  }

  private static NiftiType stored(PixelType type) {
    return switch (type) {
      case UINT8 -> NiftiType.UINT8;
      case INT16, INT16_SCALED -> NiftiType.INT16;
      case FLOAT32 -> NiftiType.FLOAT32;
    };
  }

  private static void writeVoxels(
      OutputStream out, float[] voxels, PixelType type, NiftiType.Scaling s) throws IOException {
    int bytes = stored(type).bytes();
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_VOXELS * bytes).order(ByteOrder.LITTLE_ENDIAN);
    int count;
    for (int at = 0; at < voxels.length; at += count) {
      count = Math.min(CHUNK_VOXELS, voxels.length - at);
      encode(chunk, voxels, at, count, type, s);
      out.write(chunk.array(), 0, count * bytes);
    }
  }

  private static void encode(
      ByteBuffer chunk, float[] voxels, int at, int count, PixelType type, NiftiType.Scaling s) {
    switch (type) {
      case FLOAT32 -> chunk.asFloatBuffer().put(voxels, at, count);
      case UINT8 -> {
        for (int i = 0; i < count; i++) {
          chunk.put(i, (byte) (int) Math.rint(voxels[at + i]));
        }
      }
      case INT16, INT16_SCALED -> {
        for (int i = 0; i < count; i++) {
          chunk.putShort(2 * i, (short) (int) Math.rint((voxels[at + i] - s.inter()) / s.slope()));
        }
      }
    }
  }

  /** Gzip at the fastest level: CT shrinks nearly as well, in a third of the time. */
  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream out) throws IOException {
      super(out, 1 << 16);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }
}
