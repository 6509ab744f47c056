package io.t3d.data.zarr.internal;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Reads chunks of one volume, one after another, with buffers of its own; for one thread. */
final class ChunkReader implements AutoCloseable {
  private final Path folder;
  private final ZarrMetadata metadata;
  private final ZarrAttributes attributes;
  private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
  private final byte[] raw;

  ChunkReader(Path folder, ZarrMetadata metadata, ZarrAttributes attributes) {
    this.folder = folder;
    this.metadata = metadata;
    this.attributes = attributes;
    this.raw = new byte[metadata.chunkBytes()];
  }

  /** Copies what a chunk and a box share to {@code out}, which holds the box's voxels. */
  void copy(int z, int y, int x, float[] out, VoxelBox box) throws IOException {
    Path file = folder.resolve(metadata.key(z, y, x));
    byte[] stored;
    try {
      stored = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw missing(file, e);
    }
    requireLength(file, stored.length, metadata.number(z, y, x), attributes.chunkBytes());
    byte[] decoded = metadata.codec().decode(file, stored, raw, zstd);
    ChunkValues values =
        new ChunkValues(
            decoded,
            metadata.dtype(),
            metadata.codec().shuffled(),
            (float) attributes.scale(),
            (float) attributes.offset());
    copy(values, metadata.box(z, y, x), out, box);
  }

  private static void copy(ChunkValues values, VoxelBox chunk, float[] out, VoxelBox box) {
    int z1 = Math.min(chunk.z0() + chunk.depth(), box.z0() + box.depth());
    int y1 = Math.min(chunk.y0() + chunk.height(), box.y0() + box.height());
    int x1 = Math.min(chunk.x0() + chunk.width(), box.x0() + box.width());
    int y0 = Math.max(chunk.y0(), box.y0());
    int x0 = Math.max(chunk.x0(), box.x0());
    for (int z = Math.max(chunk.z0(), box.z0()); z < z1; z++) {
      for (int y = y0; y < y1; y++) {
        int from =
            ((z - chunk.z0()) * chunk.height() + y - chunk.y0()) * chunk.width() + x0 - chunk.x0();
        int to = ((z - box.z0()) * box.height() + y - box.y0()) * box.width() + x0 - box.x0();
        values.copy(from, x1 - x0, out, to);
      }
    }
  }

  /** Looks at the length of every chunk, and reads none. */
  static void requireAll(Path folder, ZarrMetadata metadata, ZarrAttributes attributes)
      throws IOException {
    Size3 grid = metadata.grid();
    for (int z = 0; z < grid.depth(); z++) {
      for (int y = 0; y < grid.height(); y++) {
        for (int x = 0; x < grid.width(); x++) {
          Path file = folder.resolve(metadata.key(z, y, x));
          try {
            requireLength(
                file, Files.size(file), metadata.number(z, y, x), attributes.chunkBytes());
          } catch (NoSuchFileException e) {
            throw missing(file, e);
          }
        }
      }
    }
  }

  private static void requireLength(Path file, long length, int chunk, List<Integer> noted)
      throws VolumeFormatException {
    if (!noted.isEmpty() && length != noted.get(chunk)) {
      throw new VolumeFormatException(
          file,
          "the chunk must have "
              + noted.get(chunk)
              + " bytes, got "
              + length
              + "; run t3d preprocess again");
    }
  }

  /** The format takes a missing chunk as zeros, which would hide a loss. */
  private static VolumeFormatException missing(Path file, NoSuchFileException e) {
    return new VolumeFormatException(
        file,
        "the chunk is missing; run t3d preprocess again, or in Python write with"
            + " write_empty_chunks=True",
        e);
  }

  @Override
  public void close() {
    zstd.close();
  }
}
