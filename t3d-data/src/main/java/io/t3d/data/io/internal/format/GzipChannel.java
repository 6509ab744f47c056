package io.t3d.data.io.internal.format;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks a gzip file (RFC 1952) of one or more members between direct buffers, without copies. At
 * the end of each member its CRC-32 and length are checked. Bytes after the last member that do not
 * start another one are ignored, as gzip does.
 */
final class GzipChannel implements ReadableByteChannel {
  private static final int PACKED_BYTES = 1 << 16;
  private static final int HEADER_CRC = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;

  /** What a NIfTI-1 and a NIfTI-2 file begin with, in one byte order or the other. */
  private static final Set<Integer> NIFTI_SIZES = Set.of(348, 540);

  private static final int ZIP = 0x504b0304;

  private final Path file;
  private final FileChannel in;
  private final RawInflater inflater;
  private final ByteBuffer packed = ByteBuffer.allocateDirect(PACKED_BYTES).flip();
  private final CRC32 crc = new CRC32();
  private long length;
  private boolean end;

  /**
   * Opens a file and reads the first header; closes the inflater with itself.
   *
   * @throws VolumeFormatException here and in {@link #read} when the gzip data is damaged
   */
  GzipChannel(Path file, RawInflater inflater) throws IOException {
    this.file = file;
    this.inflater = inflater;
    in = open(file, inflater);
    try {
      header();
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private static FileChannel open(Path file, RawInflater inflater) throws IOException {
    try {
      return FileChannel.open(file);
    } catch (IOException e) {
      inflater.close();
      throw e;
    }
  }

  /** Fills {@code out}, a direct buffer, up to its limit unless the data ends before. */
  @Override
  public int read(ByteBuffer out) throws IOException {
    int start = out.position();
    while (out.hasRemaining() && !end) {
      fill();
      int from = out.position();
      boolean memberEnds = inflate(out);
      crc.update(out.duplicate().flip().position(from));
      length += out.position() - from;
      if (memberEnds) {
        trailer();
        nextMember();
      } else if (out.hasRemaining() && !packed.hasRemaining() && !fill()) {
        throw damaged("Unexpected end of ZLIB input stream", null);
      }
    }
    int count = out.position() - start;
    return count == 0 && end ? -1 : count;
  }

  @Override
  public boolean isOpen() {
    return in.isOpen();
  }

  @Override
  public void close() throws IOException {
    inflater.close();
    in.close();
  }

  private boolean inflate(ByteBuffer out) throws VolumeFormatException {
    try {
      return inflater.inflate(packed, out);
    } catch (DataFormatException e) {
      throw damaged(e.getMessage(), e);
    }
  }

  private void header() throws IOException {
    crc.reset();
    if (next() != 0x1f || next() != 0x8b) {
      throw notGzip();
    }
    memberHeader();
  }

  /** What begins otherwise is damaged, unless its beginning tells what it is. */
  private VolumeFormatException notGzip() {
    ByteBuffer start = packed.duplicate().position(0);
    int first = start.remaining() < Integer.BYTES ? 0 : start.getInt(0);
    if (NIFTI_SIZES.contains(first) || NIFTI_SIZES.contains(Integer.reverseBytes(first))) {
      String name = file.getFileName().toString();
      return new VolumeFormatException(
          file,
          "its name says gzip, but it is plain NIfTI, not packed; rename it to "
              + name.substring(0, name.length() - ".gz".length()));
    }
    if (first == ZIP) {
      return new VolumeFormatException(
          file, "its name says gzip, but it is a zip archive; unpack that");
    }
    return damaged("Not in GZIP format", null);
  }

  /** The header after its two magic bytes. */
  private void memberHeader() throws IOException {
    if (next() != 8) {
      throw damaged("Unsupported compression method", null);
    }
    int flags = next();
    skip(6); // time, extra flags, operating system
    if ((flags & EXTRA) != 0) {
      skip(next() | next() << 8);
    }
    if ((flags & NAME) != 0) {
      skipText();
    }
    if ((flags & COMMENT) != 0) {
      skipText();
    }
    int sum = (int) crc.getValue() & 0xffff;
    if ((flags & HEADER_CRC) != 0 && (next() | next() << 8) != sum) {
      throw damaged("Corrupt GZIP header", null);
    }
    crc.reset();
    length = 0;
  }

  private void trailer() throws IOException {
    long sum = crc.getValue();
    if (nextInt() != sum || nextInt() != (length & 0xffffffffL)) {
      throw damaged("Corrupt GZIP trailer", null);
    }
  }

  private void nextMember() throws IOException {
    crc.reset();
    end = !fill() || next() != 0x1f || !fill() || next() != 0x8b;
    if (!end) {
      memberHeader();
      inflater.reset();
    }
  }

  private void skip(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      next();
    }
  }

  private void skipText() throws IOException {
    while (next() != 0) {
      // on to the end of the text
    }
  }

  private long nextInt() throws IOException {
    return next() | next() << 8 | next() << 16 | (long) next() << 24;
  }

  private int next() throws IOException {
    if (!fill()) {
      throw damaged("Unexpected end of GZIP data", null);
    }
    int value = packed.get() & 0xff;
    crc.update(value);
    return value;
  }

  /** Reads on when all packed bytes are used; false at the end of the file. */
  private boolean fill() throws IOException {
    if (packed.hasRemaining()) {
      return true;
    }
    int kept = Math.min(RawInflater.MAX_GIVEN_BACK, packed.limit());
    packed.position(packed.limit() - kept);
    packed.compact();
    int got = in.read(packed);
    packed.flip().position(kept);
    return got > 0;
  }

  private VolumeFormatException damaged(String what, @Nullable Exception cause) {
    return new VolumeFormatException(
        file, "the gzip data is damaged or truncated (" + what + "); copy the file again", cause);
  }
}
