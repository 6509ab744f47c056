package io.t3d.data.zarr;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.VolumeFormatException;
import io.t3d.data.io.VolumeInfo;
import io.t3d.data.io.VolumeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * A volume stored as Zarr. It holds the metadata only; {@link #read} reads the chunks that a box
 * touches. Immutable, so it may be used by many threads.
 */
public final class ZarrVolume implements VolumeSource {
  private final Path folder;
  private final ZarrMetadata metadata;
  private final ZarrAttributes attributes;

  private ZarrVolume(Path folder, ZarrMetadata metadata, ZarrAttributes attributes) {
    this.folder = folder;
    this.metadata = metadata;
    this.attributes = attributes;
  }

  /** Whether a path is named as a Zarr folder. */
  public static boolean isNamed(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().endsWith(".zarr");
  }

  /**
   * Opens a volume: reads its metadata and looks at every chunk's length.
   *
   * @param folder holds {@code .zarray}, {@code .zattrs} and chunks
   * @throws VolumeFormatException when metadata is missing or wrong, or a chunk is missing or does
   *     not have the length that was noted when it was written
   */
  public static ZarrVolume open(Path folder) throws IOException {
    ZarrMetadata metadata = ZarrMetadata.read(folder);
    Size3 grid = metadata.grid();
    int chunks = Math.multiplyExact(Math.multiplyExact(grid.depth(), grid.height()), grid.width());
    ZarrVolume volume = new ZarrVolume(folder, metadata, ZarrAttributes.read(folder, chunks));
    volume.checkChunks();
    return volume;
  }

  private void checkChunks() throws IOException {
    Size3 grid = metadata.grid();
    List<Integer> noted = attributes.chunkBytes();
    for (int z = 0; z < grid.depth(); z++) {
      for (int y = 0; y < grid.height(); y++) {
        for (int x = 0; x < grid.width(); x++) {
          Path chunk = folder.resolve(metadata.key(z, y, x));
          long length = length(chunk);
          long expected = noted.isEmpty() ? length : noted.get(metadata.number(z, y, x));
          if (length != expected) {
            throw new VolumeFormatException(
                chunk,
                "the chunk must have "
                    + expected
                    + " bytes, got "
                    + length
                    + "; run t3d preprocess again");
          }
        }
      }
    }
  }

  /** The length of a chunk. The format takes a missing chunk as zeros, which would hide a loss. */
  private static long length(Path chunk) throws IOException {
    try {
      return Files.size(chunk);
    } catch (NoSuchFileException e) {
      throw missing(chunk, e);
    }
  }

  private static VolumeFormatException missing(Path chunk, NoSuchFileException e) {
    return new VolumeFormatException(
        chunk,
        "the chunk is missing; run t3d preprocess again, or in Python write with"
            + " write_empty_chunks=True",
        e);
  }

  @Override
  public Size3 size() {
    return metadata.shape();
  }

  @Override
  public Affine affine() {
    return attributes.affine();
  }

  /** How the volume came about, as a JSON object; {@code {}} when that is unknown. */
  public String provenance() {
    return attributes.provenance().toString();
  }

  /** The step between stored values; half of it is the largest error of storing. */
  public double scale() {
    return attributes.scale();
  }

  /** Bytes of all chunk files; 0 when unknown. */
  public long storedBytes() {
    return attributes.chunkBytes().stream().mapToLong(Integer::longValue).sum();
  }

  VolumeInfo info(String reader) {
    Size3 s = size();
    return new VolumeInfo(
        s.depth(), s.height(), s.width(), affine(), metadata.dtype().text, reader);
  }

  @Override
  public Volume read(VoxelBox box) throws IOException {
    requireInside(box);
    if (box.size() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("A box must fit one array, got " + box);
    }
    float[] out = new float[(int) box.size()];
    Size3 chunk = metadata.chunk();
    int lastZ = (box.z0() + box.depth() - 1) / chunk.depth();
    int lastY = (box.y0() + box.height() - 1) / chunk.height();
    int lastX = (box.x0() + box.width() - 1) / chunk.width();
    for (int z = box.z0() / chunk.depth(); z <= lastZ; z++) {
      for (int y = box.y0() / chunk.height(); y <= lastY; y++) {
        for (int x = box.x0() / chunk.width(); x <= lastX; x++) {
          copy(chunk(z, y, x), metadata.box(z, y, x), out, box);
        }
      }
    }
    Affine shift = Affine.scaleTranslate(1, 1, 1, box.x0(), box.y0(), box.z0());
    Affine moved = box.equals(bounds()) ? affine() : affine().compose(shift);
    return new Volume(out, box.depth(), box.height(), box.width(), moved);
  }

  private ChunkValues chunk(int z, int y, int x) throws IOException {
    Path file = folder.resolve(metadata.key(z, y, x));
    try {
      byte[] raw = metadata.codec().decode(file, Files.readAllBytes(file), metadata.chunkBytes());
      return new ChunkValues(
          raw,
          metadata.dtype(),
          metadata.codec().shuffled(),
          (float) attributes.scale(),
          (float) attributes.offset());
    } catch (NoSuchFileException e) {
      throw missing(file, e);
    }
  }

  /** Copies what chunk and box share. */
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
}
