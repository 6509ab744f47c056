package io.t3d.data.io.internal.format;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;

/** The voxels of a NIfTI file, decoded piece by piece in file order. */
final class NiftiVoxels implements Closeable {
  private static final int CHUNK_BYTES = 1 << 18;

  /** A gzip that goes on for longer behind the voxels is made to keep its reader busy. */
  private static final long MOST_TRAILING_BYTES = 1L << 30;

  private final ReadableByteChannel in;
  private final NiftiHeader header;
  private final Path file;
  private final ByteBuffer chunk;
  private long position; // in the unpacked file

  /** Takes the channel over, which is at the file's first byte. */
  NiftiVoxels(ReadableByteChannel in, NiftiHeader header, Path file) {
    this.in = in;
    this.header = header;
    this.file = file;
    chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(header.order());
  }

  NiftiHeader header() {
    return header;
  }

  /**
   * Decodes the next {@code out.length} voxels.
   *
   * @throws VolumeFormatException when the file ends before
   */
  void read(float[] out) throws IOException {
    skipTo(header.voxelOffset());
    int bytes = header.type().bytes();
    int count;
    for (int at = 0; at < out.length; at += count) {
      count = Math.min(CHUNK_BYTES / bytes, out.length - at);
      fill(count * bytes);
      header.type().decode(chunk, header.scaling(), out, at, count);
    }
  }

  /**
   * Reads all voxels, and keeps none.
   *
   * @throws VolumeFormatException when the file ends before
   */
  void skip() throws IOException {
    skipTo(header.voxelOffset());
    int count;
    for (long left = header.dataBytes(); left > 0; left -= count) {
      count = (int) Math.min(CHUNK_BYTES, left);
      fill(count);
    }
  }

  /** Reads on to the end: only there does a gzip file show that it is whole. */
  void finish() throws IOException {
    if (in instanceof GzipChannel) {
      long trailing = 0;
      for (int got = 0; got >= 0; got = in.read(chunk.clear())) {
        trailing += got;
        if (trailing > MOST_TRAILING_BYTES) {
          throw new VolumeFormatException(
              file,
              "more than "
                  + MOST_TRAILING_BYTES
                  + " bytes follow the voxels, of which the header claims "
                  + header.sizeText()
                  + "; write the file anew");
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private void skipTo(long offset) throws IOException {
    while (position < offset) {
      int got = in.read(chunk.clear().limit((int) Math.min(CHUNK_BYTES, offset - position)));
      if (got < 0) {
        throw new VolumeFormatException(
            file, "truncated: the file ends before its voxels, which start at byte " + offset);
      }
      position += got;
    }
  }

  private void fill(int count) throws IOException {
    chunk.clear().limit(count);
    while (chunk.hasRemaining()) {
      int got = in.read(chunk);
      if (got < 0) {
        throw new VolumeFormatException(
            file,
            "truncated: the header claims "
                + header.sizeText()
                + " = "
                + (header.voxelOffset() + header.dataBytes())
                + " bytes, the data ends at "
                + position);
      }
      position += got;
    }
  }
}
