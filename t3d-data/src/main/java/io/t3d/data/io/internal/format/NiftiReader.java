package io.t3d.data.io.internal.format;

import com.google.common.primitives.Bytes;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.SliceSink;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads NIfTI-1 and NIfTI-2 in plain Java: {@code .nii}, {@code .nii.gz} and {@code .hdr/.img}
 * pairs, both byte orders.
 *
 * <ul>
 *   <li>Voxels: (u)int8 to (u)int64, float32, float64, times {@code scl_slope} plus {@code
 *       scl_inter} (a slope of 0 or NaN means unscaled), computed in double, kept as float32.
 *       Non-finite voxels are kept as they are; {@link io.t3d.data.transform.IntensityWindow} maps
 *       NaN to its lower end.
 *   <li>Geometry: sform when its code is &gt; 0, else qform when its code is &gt; 0, else pixdim
 *       centred on the origin, as nibabel. Metres and microns are converted to mm; an unknown unit
 *       is taken for mm.
 *   <li>Safety: sizes are checked against the file's length before anything is allocated, and a
 *       gzip is read to its end so that its CRC-32 and length are checked. Trailing dimensions of
 *       size 1 are dropped; real 4-D and 2-D files are refused.
 * </ul>
 */
public final class NiftiReader implements VolumeReader {
  private static final List<String> SUFFIXES =
      List.of(".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz");

  /** No deflate stream expands by more than this factor. */
  private static final long MAX_DEFLATE_RATIO = 1032;

  /** Claims up to here cost too little to be doubted. */
  private static final long SMALL_CLAIM_BYTES = 16L << 20;

  @Override
  public String name() {
    return "nifti-java";
  }

  @Override
  public List<String> suffixes() {
    return SUFFIXES;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of a gzip only the beginning is read, so damage further in shows only in {@link #read}.
   */
  @Override
  public VolumeInfo info(Path path) throws IOException {
    NiftiHeader h = readHeader(path);
    checkLength(h, dataFile(path, h));
    return new VolumeInfo(h.depth(), h.height(), h.width(), h.affine(), h.type().label(), name());
  }

  /**
   * As {@link #info}, but the file is read to its end, so that all damage that {@link #read} would
   * find is found. For those who let another library decode it.
   */
  public VolumeInfo verify(Path path) throws IOException {
    VolumeInfo info = info(path);
    try (NiftiVoxels in = voxels(path)) {
      in.skip();
      in.finish();
    }
    return info;
  }

  @Override
  public Volume read(Path path) throws IOException {
    try (NiftiVoxels in = voxels(path)) {
      NiftiHeader h = in.header();
      float[] voxels = new float[(int) h.voxelCount()];
      in.read(voxels);
      in.finish();
      return new Volume(voxels, h.depth(), h.height(), h.width(), h.affine());
    }
  }

  @Override
  public void read(Path path, SliceSink sink) throws IOException {
    try (NiftiVoxels in = voxels(path)) {
      NiftiHeader h = in.header();
      sink.begin(h.depth(), h.height(), h.width(), h.affine());
      float[] slice = new float[h.height() * h.width()];
      for (int z = 0; z < h.depth(); z++) {
        in.read(slice);
        sink.slice(z, slice, 0);
      }
      in.finish();
    }
  }

  /**
   * How many bytes the header claims, those before the voxels included: what unpacking a gzip must
   * at least give. Only the header is read.
   */
  public static long claimedBytes(Path path) throws IOException {
    NiftiHeader h = readHeader(path);
    return Math.addExact(h.voxelOffset(), h.dataBytes());
  }

  private static NiftiVoxels voxels(Path path) throws IOException {
    NiftiHeader h = readHeader(path);
    Path data = dataFile(path, h);
    checkLength(h, data);
    checkHeap(h, data);
    checkGzipHolds(h, data);
    return new NiftiVoxels(open(data), h, data);
  }

  private static NiftiHeader readHeader(Path path) throws IOException {
    Path file = sibling(path, ".img", ".hdr");
    requireFile(file);
    try (ReadableByteChannel in = open(file)) {
      byte[] first = readUpTo(in, Integer.BYTES);
      if (first.length < Integer.BYTES) {
        throw new VolumeFormatException(
            file, "the file holds " + first.length + " bytes, too few for a NIfTI header");
      }
      int size = NiftiHeader.sizeOf(first, file);
      byte[] rest = readUpTo(in, size - first.length);
      if (first.length + rest.length < size) {
        throw new VolumeFormatException(
            file,
            "truncated: the header has "
                + size
                + " bytes, the file ends at "
                + (first.length + rest.length));
      }
      return NiftiHeader.parse(Bytes.concat(first, rest), file);
    }
  }

  private static byte[] readUpTo(ReadableByteChannel in, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(count);
    while (buffer.hasRemaining() && in.read(buffer) > 0) {
      // until it is full, or the file ends
    }
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static void requireFile(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(
          file.toString(),
          null,
          "no such file" + (isPairName(file) ? "; a .hdr/.img pair needs both files" : ""));
    }
    Optional<String> pointer = PointerFiles.problem(file);
    if (pointer.isPresent()) {
      throw new VolumeFormatException(file, "it " + pointer.get());
    }
  }

  private static Path dataFile(Path path, NiftiHeader h) throws IOException {
    boolean namedPair = isPairName(path);
    if (namedPair == h.singleFile()) {
      throw new VolumeFormatException(
          path,
          h.singleFile()
              ? "a .hdr/.img pair must have magic \"ni1\", got \"n+1\"; rename it to .nii"
              : "a .nii file must have magic \"n+1\", got \"ni1\" of a .hdr/.img pair");
    }
    Path data = namedPair ? sibling(path, ".hdr", ".img") : path;
    requireFile(data);
    return data;
  }

  /** Compares what the header claims with what the file can hold, before any allocation. */
  private static void checkLength(NiftiHeader h, Path data) throws IOException {
    long length = Files.size(data);
    long needed = Math.addExact(h.voxelOffset(), h.dataBytes());
    long possible = isGzip(data) ? length * MAX_DEFLATE_RATIO : length;
    if (needed > possible) {
      throw new VolumeFormatException(
          data,
          "truncated or corrupt: the header claims "
              + h.sizeText()
              + " = "
              + needed
              + " bytes, the file "
              + (isGzip(data) ? "can unpack to at most " : "has ")
              + possible);
    }
  }

  private static void checkHeap(NiftiHeader h, Path data) throws IOException {
    long needed = h.voxelCount() * Float.BYTES;
    long max = Runtime.getRuntime().maxMemory();
    if (needed > max) {
      throw new VolumeFormatException(
          data,
          "the header claims "
              + h.sizeText()
              + ", which needs "
              + (needed >> 20)
              + " MiB as float32, the JVM may use "
              + (max >> 20)
              + " MiB; raise -Xmx if the size is right");
    }
  }

  /**
   * A gzip's last four bytes tell the unpacked length, if it is one member below 4 GiB. Where they
   * do not bear out the header's claim, the gzip is unpacked once to count, before any allocation.
   */
  private static void checkGzipHolds(NiftiHeader h, Path data) throws IOException {
    long needed = h.voxelOffset() + h.dataBytes();
    if (isGzip(data) && needed > SMALL_CLAIM_BYTES && gzipTrailerLength(data) < needed) {
      try (NiftiVoxels voxels = new NiftiVoxels(open(data), h, data)) {
        voxels.skip();
      }
    }
  }

  private static long gzipTrailerLength(Path data) throws IOException {
    try (FileChannel channel = FileChannel.open(data)) {
      ByteBuffer last = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(last, Math.max(0, channel.size() - Integer.BYTES));
      return Integer.toUnsignedLong(last.getInt(0));
    }
  }

  private static ReadableByteChannel open(Path file) throws IOException {
    return isGzip(file) ? new GzipChannel(file, RawInflater.fastest()) : FileChannel.open(file);
  }

  /** The path with suffix {@code from} (or {@code from.gz}) replaced by {@code to}. */
  private static Path sibling(Path path, String from, String to) {
    String name = path.getFileName().toString();
    String lower = lowerName(path);
    for (String gz : new String[] {"", ".gz"}) {
      if (lower.endsWith(from + gz)) {
        String stem = name.substring(0, name.length() - from.length() - gz.length());
        return path.resolveSibling(stem + to + name.substring(name.length() - gz.length()));
      }
    }
    return path;
  }

  private static boolean isPairName(Path path) {
    return !lowerName(path).endsWith(".nii") && !lowerName(path).endsWith(".nii.gz");
  }

  private static boolean isGzip(Path file) {
    return lowerName(file).endsWith(".gz");
  }

  private static String lowerName(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
  }
}
