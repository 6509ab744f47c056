package io.t3d.data.itk.internal.check;

import io.t3d.core.internal.OsPaths;
import io.t3d.core.internal.PointerFiles;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/** Checks that the voxels a text header claims are there: ITK returns what it finds. */
final class DataCheck {
  /** No file system has longer ones, and errors quote it. */
  private static final int LONGEST_NAME = 255;

  /** More packed bytes after the voxels are no filling. */
  private static final long MOST_SURPLUS = 1 << 20;

  private DataCheck() {}

  /**
   * The data file that a header names, which must lie in the header's folder: a header from
   * somewhere must not make us read any file of this machine.
   */
  static Path beside(Path header, String name) throws IOException {
    if (name.length() > LONGEST_NAME) {
      throw new VolumeFormatException(header, "its data file has an impossible name");
    }
    Path folder = OsPaths.resolve(header).getParent();
    Path file;
    try {
      file = OsPaths.resolve(folder.resolve(name));
    } catch (InvalidPathException e) {
      throw new VolumeFormatException(header, "its data file has an impossible name", e);
    }
    if (!file.startsWith(folder) || Path.of(name).isAbsolute()) {
      throw outside(header);
    }
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(
          file.toString(),
          null,
          "no such file; " + header.getFileName() + " needs it for its data");
    }
    if (!file.toRealPath().startsWith(folder.toRealPath())) {
      throw outside(header);
    }
    Optional<String> pointer = PointerFiles.problem(file);
    if (pointer.isPresent()) {
      throw new VolumeFormatException(file, "it " + pointer.get());
    }
    return file;
  }

  private static VolumeFormatException outside(Path header) {
    return new VolumeFormatException(
        header, "its data file must lie in the folder of the header, it names one elsewhere");
  }

  /** Refuses fewer or more bytes than claimed. */
  static void requireRaw(Path file, long from, long claimed) throws IOException {
    long there = Math.max(0, Files.size(file) - from);
    if (there != claimed) {
      throw wrongSize(file, claimed, "the file holds " + there);
    }
  }

  /**
   * Refuses fewer bytes than claimed. More are passed over, as teem does: some writers end the data
   * with a line feed or fill a block. Whole slices are not: then the header has lost some.
   *
   * @param slice bytes of one
   */
  static void requireRawOrMore(Path file, long from, long claimed, long slice) throws IOException {
    long there = Math.max(0, Files.size(file) - from);
    requireNoWholeSlices(file, claimed, there, slice);
  }

  private static void requireNoWholeSlices(Path file, long claimed, long there, long slice)
      throws VolumeFormatException {
    if (there < claimed || (there > claimed && (there - claimed) % slice == 0)) {
      throw wrongSize(file, claimed, "the file holds " + there);
    }
  }

  /** The same of gzip, unpacked to the end, where its checksum is. Bare zlib is no gzip. */
  static void requirePackedOrMore(Path file, long from, long claimed, long slice)
      throws IOException {
    long there = unpacked(file, from, claimed + MOST_SURPLUS, false);
    requireNoWholeSlices(file, claimed, there, slice);
    if (there - claimed > MOST_SURPLUS) {
      throw wrongSize(file, claimed, "they unpack to more");
    }
  }

  /** Unpacks to the end, where gzip and zlib keep their checksums, and counts. */
  static void requirePacked(Path file, long from, long claimed) throws IOException {
    long there = unpacked(file, from, claimed, true);
    if (there != claimed) {
      throw wrongSize(file, claimed, "they unpack to " + (there > claimed ? "more" : there));
    }
  }

  /**
   * How many bytes come out, up to some more than the most.
   *
   * @param zlibToo whether the format knows bare zlib: NRRD does not, and ITK takes it for raw
   *     bytes
   */
  private static long unpacked(Path file, long from, long most, boolean zlibToo)
      throws IOException {
    try (InputStream raw = Files.newInputStream(file)) {
      raw.skipNBytes(from);
      try (InputStream in = unpack(raw, zlibToo)) {
        return count(in, most);
      }
    } catch (ZipException | EOFException e) {
      throw new VolumeFormatException(
          file, "the compressed data is damaged or truncated; copy the file again", e);
    }
  }

  private static InputStream unpack(InputStream raw, boolean zlibToo) throws IOException {
    byte[] magic = raw.readNBytes(2);
    InputStream all = new SequenceInputStream(new java.io.ByteArrayInputStream(magic), raw);
    boolean gzip = magic.length == 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
    return gzip || !zlibToo ? new GZIPInputStream(all, 1 << 16) : new InflaterInputStream(all);
  }

  private static long count(InputStream in, long most) throws IOException {
    byte[] chunk = new byte[1 << 16];
    long count = 0;
    int got;
    while (count <= most && (got = in.read(chunk)) >= 0) {
      count += got;
    }
    return count;
  }

  private static VolumeFormatException wrongSize(Path file, long claimed, String found) {
    return new VolumeFormatException(
        file, "truncated or corrupt: the header claims " + claimed + " bytes of voxels, " + found);
  }
}
