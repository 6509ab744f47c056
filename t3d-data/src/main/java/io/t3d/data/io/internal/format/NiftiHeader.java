package io.t3d.data.io.internal.format;

import io.t3d.core.volume.Affine;
import io.t3d.data.io.internal.VoxelSize;
import io.t3d.data.io.spi.VolumeFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * The part of a NIfTI-1 or NIfTI-2 header that a volume needs, checked.
 *
 * @param order byte order of header and voxels
 * @param singleFile header and voxels in one file ({@code .nii}) or two ({@code .hdr/.img})
 * @param voxelOffset where the voxels start in their file
 */
record NiftiHeader(
    ByteOrder order,
    boolean singleFile,
    NiftiType type,
    int width,
    int height,
    int depth,
    long voxelOffset,
    NiftiType.Scaling scaling,
    Affine affine) {

  static final int SIZE_1 = 348;
  static final int SIZE_2 = 540;

  /** Largest voxel count that fits one Java array. */
  private static final long MAX_VOXELS = Integer.MAX_VALUE - 8L;

  long voxelCount() {
    return (long) width * height * depth;
  }

  long dataBytes() {
    return voxelCount() * type.bytes();
  }

  /** {@code 512 x 512 x 150 int16}, for messages. */
  String sizeText() {
    return width + " x " + height + " x " + depth + " " + type.label();
  }

  /** Header size told by its first four bytes, in either byte order. */
  static int sizeOf(byte[] firstBytes, Path file) throws VolumeFormatException {
    int size = ByteBuffer.wrap(firstBytes).getInt();
    int swapped = Integer.reverseBytes(size);
    if (size == SIZE_1 || swapped == SIZE_1) {
      return SIZE_1;
    }
    if (size == SIZE_2 || swapped == SIZE_2) {
      return SIZE_2;
    }
    throw new VolumeFormatException(
        file,
        "not a NIfTI file: the header size must be 348 (NIfTI-1) or 540 (NIfTI-2), got "
            + swapped
            + "; a gzipped file must be named .nii.gz");
  }

  /** Parses and checks a whole header, whose length is {@link #sizeOf}. */
  static NiftiHeader parse(byte[] bytes, Path file) throws VolumeFormatException {
    ByteBuffer b = ByteBuffer.wrap(bytes);
    boolean two = bytes.length == SIZE_2;
    b.order(b.getInt(0) == bytes.length ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    return new Parser(bytes, b, two ? Layout.NIFTI_2 : Layout.NIFTI_1, file).parse();
  }

  /** Byte positions of the fields in the two versions. */
  private enum Layout {
    NIFTI_1(344, 40, 70, 76, 108, 112, 123, 252, 256, 280),
    NIFTI_2(4, 16, 12, 104, 168, 176, 500, 344, 352, 400);

    final int magic;
    final int dim;
    final int datatype;
    final int pixdim;
    final int voxOffset;
    final int slope;
    final int units;
    final int qformCode;
    final int quatern;
    final int srow;

    Layout(
        int magic,
        int dim,
        int datatype,
        int pixdim,
        int voxOffset,
        int slope,
        int units,
        int qformCode,
        int quatern,
        int srow) {
      this.magic = magic;
      this.dim = dim;
      this.datatype = datatype;
      this.pixdim = pixdim;
      this.voxOffset = voxOffset;
      this.slope = slope;
      this.units = units;
      this.qformCode = qformCode;
      this.quatern = quatern;
      this.srow = srow;
    }
  }

  /** Reads the fields of one header. */
  private static final class Parser {
    private final byte[] bytes;
    private final ByteBuffer b;
    private final Layout layout;
    private final Path file;

    Parser(byte[] bytes, ByteBuffer b, Layout layout, Path file) {
      this.bytes = bytes;
      this.b = b;
      this.layout = layout;
      this.file = file;
    }

    NiftiHeader parse() throws VolumeFormatException {
      boolean single = magic();
      int[] size = size();
      NiftiType type = type();
      return new NiftiHeader(
          b.order(),
          single,
          type,
          size[0],
          size[1],
          size[2],
          voxelOffset(single),
          scaling(),
          affine(size));
    }

    private boolean magic() throws VolumeFormatException {
      char version = two() ? '2' : '1';
      String got = new String(bytes, layout.magic, 4, StandardCharsets.ISO_8859_1);
      if (got.equals("n+" + version + '\0')) {
        return true;
      }
      if (got.equals("ni" + version + '\0')) {
        return false;
      }
      throw problem(
          "the magic must be \"n+"
              + version
              + "\" or \"ni"
              + version
              + "\", got bytes "
              + Arrays.toString(Arrays.copyOfRange(bytes, layout.magic, layout.magic + 4))
              + "; Analyze 7.5 files are not supported, convert to NIfTI");
    }

    private int[] size() throws VolumeFormatException {
      long rank = dim(0);
      if (rank < 1 || rank > 7) {
        throw problem("dim[0] must be 1..7, got " + rank + "; the header is corrupt");
      }
      long[] dims = new long[(int) rank];
      for (int i = 0; i < rank; i++) {
        dims[i] = dim(i + 1);
        if (dims[i] <= 0) {
          throw problem("sizes must be > 0, got " + Arrays.toString(Arrays.copyOf(dims, i + 1)));
        }
      }
      checkThreeDimensions(dims);
      long count = 1;
      for (int i = 0; i < 3; i++) {
        if (dims[i] > MAX_VOXELS / count) {
          throw problem(
              "a volume may hold at most " + MAX_VOXELS + " voxels, got " + Arrays.toString(dims));
        }
        count *= dims[i];
      }
      return new int[] {(int) dims[0], (int) dims[1], (int) dims[2]};
    }

    private void checkThreeDimensions(long[] dims) throws VolumeFormatException {
      int rank = dims.length;
      while (rank > 3 && dims[rank - 1] == 1) {
        rank--;
      }
      if (rank == 3) {
        return;
      }
      String what = "is " + rank + "-D " + Arrays.toString(dims) + ", expected 3-D; ";
      int last = rank - 1;
      if (rank > 3 && Arrays.stream(dims, 2, last).allMatch(n -> n == 1)) {
        throw problem(
            what
                + "its "
                + dims[last]
                + " slices stand in dimension "
                + rank
                + ": write them as (x, y, z), in Python np.squeeze(img.get_fdata()), with their"
                + " distance in the affine");
      }
      throw problem(
          what + (rank > 3 ? "split it first" : "stack the slices to one (x, y, z) file first"));
    }

    private NiftiType type() throws VolumeFormatException {
      int code = b.getShort(layout.datatype);
      return NiftiType.of(code)
          .orElseThrow(
              () ->
                  problem(
                      "voxel type "
                          + NiftiType.nameOf(code)
                          + " (NIfTI code "
                          + code
                          + ") is not supported; expected uint8..uint64, int8..int64, float32 or"
                          + " float64"));
    }

    private long voxelOffset(boolean single) throws VolumeFormatException {
      double offset = two() ? b.getLong(layout.voxOffset) : b.getFloat(layout.voxOffset);
      int min = single ? b.capacity() : 0;
      // Above 2^53 a double is no longer exact, and no such file exists.
      if (!(offset >= min && offset < 0x1p53) || offset != Math.rint(offset)) {
        throw problem("vox_offset must be a whole number >= " + min + ", got " + offset);
      }
      return (long) offset;
    }

    private NiftiType.Scaling scaling() throws VolumeFormatException {
      double slope = real(layout.slope, 0);
      double inter = real(layout.slope, 1);
      if (slope == 0 || !Double.isFinite(slope)) {
        return NiftiType.Scaling.NONE; // As the standard and nibabel: not scaled.
      }
      if (!Double.isFinite(inter)) {
        throw problem("scl_slope is " + slope + " but scl_inter is " + inter);
      }
      return new NiftiType.Scaling(slope, inter);
    }

    private Affine affine(int[] size) throws VolumeFormatException {
      double[] rows;
      String source;
      if (code(layout.qformCode, 1) > 0) {
        rows = sform();
        source = "sform";
      } else if (code(layout.qformCode, 0) > 0) {
        rows = qform();
        source = "qform";
      } else {
        rows = base(size);
        source = "pixdim";
      }
      double mm = millimetresPerUnit();
      for (int i = 0; i < rows.length; i++) {
        rows[i] *= mm;
      }
      try {
        Affine affine = Affine.of(rows);
        Optional<String> impossible = VoxelSize.problem(affine);
        if (impossible.isPresent()) {
          throw problem("the " + source + unitText() + " " + impossible.get());
        }
        return affine;
      } catch (IllegalArgumentException e) {
        throw new VolumeFormatException(file, "bad " + source + ": " + e.getMessage(), e);
      }
    }

    private double[] sform() {
      double[] rows = new double[12];
      for (int i = 0; i < 12; i++) {
        rows[i] = real(layout.srow, i);
      }
      return rows;
    }

    private double[] qform() throws VolumeFormatException {
      double qfac = real(layout.pixdim, 0);
      if (Math.abs(qfac) != 1) {
        // The standard reads 0 as 1; anything else is damage.
        if (qfac != 0) {
          throw problem("pixdim[0] (qfac) must be 1 or -1, got " + qfac);
        }
        qfac = 1;
      }
      double[] zoom = {real(layout.pixdim, 1), real(layout.pixdim, 2), real(layout.pixdim, 3)};
      for (int i = 0; i < 3; i++) {
        if (!(Math.abs(zoom[i]) > 0)) {
          throw problem("pixdim must not be 0, got " + Arrays.toString(zoom));
        }
        zoom[i] = Math.abs(zoom[i]); // as nibabel: a length has no sign
      }
      zoom[2] *= qfac;
      double[] q = {real(layout.quatern, 0), real(layout.quatern, 1), real(layout.quatern, 2)};
      double[] r = Quaternion.toMatrix(q[0], q[1], q[2]);
      if (r.length == 0) {
        throw problem(
            "the quaternion (b, c, d) must be no longer than 1, got " + Arrays.toString(q));
      }
      double[] rows = new double[12];
      for (int row = 0; row < 3; row++) {
        for (int col = 0; col < 3; col++) {
          rows[row * 4 + col] = r[row * 3 + col] * zoom[col];
        }
        rows[row * 4 + 3] = real(layout.quatern, 3 + row);
      }
      return rows;
    }

    /** No code set: centred on the origin, x to the left, as nibabel's base affine. */
    private double[] base(int[] size) {
      double[] rows = new double[12];
      for (int i = 0; i < 3; i++) {
        // As nibabel, a negative length is taken for its absolute value.
        double zoom = Math.abs(real(layout.pixdim, 1 + i)) * (i == 0 ? -1 : 1);
        rows[i * 4 + i] = zoom;
        rows[i * 4 + 3] = -((size[i] - 1) / 2.0) * zoom;
      }
      return rows;
    }

    private int units() {
      return (two() ? b.getInt(layout.units) : b.get(layout.units)) & 7;
    }

    private String unitText() {
      return switch (units()) {
        case 1 -> " in metres (xyzt_units)";
        case 2 -> " in mm (xyzt_units)";
        case 3 -> " in microns (xyzt_units)";
        default -> "";
      };
    }

    private double millimetresPerUnit() {
      return switch (units()) {
        case 1 -> 1000; // metres
        case 3 -> 0.001; // microns
        default -> 1;
      };
    }

    private boolean two() {
      return layout == Layout.NIFTI_2;
    }

    private long dim(int i) {
      return two() ? b.getLong(layout.dim + 8 * i) : b.getShort(layout.dim + 2 * i);
    }

    private int code(int at, int i) {
      return two() ? b.getInt(at + 4 * i) : b.getShort(at + 2 * i);
    }

    private double real(int at, int i) {
      return two() ? b.getDouble(at + 8 * i) : b.getFloat(at + 4 * i);
    }

    private VolumeFormatException problem(String what) {
      return new VolumeFormatException(file, what);
    }
  }
}
