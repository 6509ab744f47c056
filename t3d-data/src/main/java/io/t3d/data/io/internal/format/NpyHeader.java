package io.t3d.data.io.internal.format;

import com.google.common.base.Splitter;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of a NumPy array file, format versions 1 to 3 (NumPy Enhancement Proposal 1): magic,
 * version, length, and a Python dictionary as text.
 *
 * @param type how values are stored
 * @param order their byte order
 * @param firstIndexFastest Fortran order; else the last index is the fastest
 * @param shape (D, H, W)
 */
record NpyHeader(NiftiType type, ByteOrder order, boolean firstIndexFastest, int[] shape) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MAX_LENGTH = 1 << 16;
  private static final long MAX_VOXELS = Integer.MAX_VALUE - 8;
  private static final Pattern DESCR =
      Pattern.compile("'descr'\\s*:\\s*'([<>|=])([a-zA-Z])(\\d+)'");
  private static final Pattern FORTRAN = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([\\d\\s,]*)\\)");
  private static final Map<String, NiftiType> TYPES =
      Map.of(
          "i1", NiftiType.INT8,
          "u1", NiftiType.UINT8,
          "i2", NiftiType.INT16,
          "u2", NiftiType.UINT16,
          "i4", NiftiType.INT32,
          "u4", NiftiType.UINT32,
          "i8", NiftiType.INT64,
          "u8", NiftiType.UINT64,
          "f4", NiftiType.FLOAT32,
          "f8", NiftiType.FLOAT64);

  /** The number of voxels. */
  long count() {
    return (long) shape[0] * shape[1] * shape[2];
  }

  /** Reads the header; the stream is then at the first value. */
  static NpyHeader read(InputStream in, Path file) throws IOException {
    DataInputStream data = new DataInputStream(in);
    byte[] magic = new byte[MAGIC.length];
    try {
      data.readFully(magic);
      if (!Arrays.equals(magic, MAGIC)) {
        throw new VolumeFormatException(file, "the entry is not a NumPy array: wrong magic bytes");
      }
      int version = data.readUnsignedByte();
      data.readUnsignedByte();
      int low = data.readUnsignedByte() | data.readUnsignedByte() << 8;
      int high = version == 1 ? 0 : data.readUnsignedByte() | data.readUnsignedByte() << 8;
      if (version < 1 || version > 3 || high != 0) {
        throw new VolumeFormatException(
            file,
            "a NumPy header must be of version 1 to 3 and below "
                + MAX_LENGTH
                + " bytes, got version "
                + version);
      }
      byte[] text = new byte[low];
      data.readFully(text);
      return parse(new String(text, StandardCharsets.UTF_8), file);
    } catch (EOFException e) {
      throw new VolumeFormatException(file, "truncated: the file ends in the NumPy header", e);
    }
  }

  private static NpyHeader parse(String text, Path file) throws IOException {
    Matcher descr = find(DESCR, text, file);
    NiftiType type = TYPES.get(descr.group(2) + descr.group(3));
    if (type == null) {
      throw new VolumeFormatException(
          file,
          "values must be integers of 1 to 8 bytes or floats of 4 or 8, got NumPy type "
              + descr.group(2)
              + descr.group(3));
    }
    ByteOrder order = descr.group(1).equals(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    boolean fortran = find(FORTRAN, text, file).group(1).equals("True");
    return new NpyHeader(type, order, fortran, shape(find(SHAPE, text, file).group(1), file));
  }

  private static int[] shape(String text, Path file) throws IOException {
    List<String> sizes = Splitter.on(',').trimResults().omitEmptyStrings().splitToList(text);
    long count = 1;
    for (String size : sizes) {
      // Ten digits cannot overflow, and the product is checked after each factor.
      count = size.length() > 10 || count > MAX_VOXELS ? -1 : count * Long.parseLong(size);
    }
    if (sizes.size() != 3 || count < 1 || count > MAX_VOXELS) {
      throw new VolumeFormatException(
          file,
          "the array must be 3-D (slices, rows, columns) with 1 to 2^31 voxels, got shape ("
              + text
              + ")");
    }
    return sizes.stream().mapToInt(Integer::parseInt).toArray();
  }

  private static Matcher find(Pattern pattern, String text, Path file) throws IOException {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new VolumeFormatException(
          file, "the NumPy header does not have the form " + pattern + ", got " + text.strip());
    }
    return matcher;
  }
}
