package io.t3d.data.zarr.internal;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.transform.VolumeSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * A volume stored as Zarr. It holds the metadata only; {@link #read} reads the chunks that a box
 * touches, on as many cores as are free. Immutable, so it may be used by many threads.
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
   * Opens a volume: reads its metadata. Chunks are checked when they are read, or by {@link
   * #requireWhole}.
   *
   * @param folder holds {@code .zarray}, {@code .zattrs} and chunks
   * @throws VolumeFormatException when metadata is missing or wrong
   */
  public static ZarrVolume open(Path folder) throws IOException {
    ZarrMetadata metadata = ZarrMetadata.read(folder);
    Size3 grid = metadata.grid();
    int chunks = Math.multiplyExact(Math.multiplyExact(grid.depth(), grid.height()), grid.width());
    return new ZarrVolume(folder, metadata, ZarrAttributes.read(folder, chunks));
  }

  /**
   * Looks at every chunk's length, which finds lost and short chunks without reading them.
   *
   * @throws VolumeFormatException when a chunk is missing or does not have the length that was
   *     noted when it was written
   */
  public void requireWhole() throws IOException {
    ChunkReader.requireAll(folder, metadata, attributes);
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
    VoxelBox chunks = metadata.chunksOf(box);
    int workers = (int) Math.min(chunks.size(), Runtime.getRuntime().availableProcessors());
    AtomicInteger next = new AtomicInteger();
    try {
      // Each worker takes chunks until none is left; where all cores are busy, one does it all.
      IntStream.range(0, workers).parallel().forEach(worker -> read(chunks, next, out, box));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    Affine shift = Affine.scaleTranslate(1, 1, 1, box.x0(), box.y0(), box.z0());
    Affine moved = box.equals(bounds()) ? affine() : affine().compose(shift);
    return new Volume(out, box.depth(), box.height(), box.width(), moved);
  }

  private void read(VoxelBox chunks, AtomicInteger next, float[] out, VoxelBox box) {
    int count = (int) chunks.size();
    int n = next.getAndIncrement();
    if (n >= count) {
      return;
    }
    try (ChunkReader reader = new ChunkReader(folder, metadata, attributes)) {
      for (; n < count; n = next.getAndIncrement()) {
        int row = n / chunks.width();
        reader.copy(
            chunks.z0() + row / chunks.height(),
            chunks.y0() + row % chunks.height(),
            chunks.x0() + n % chunks.width(),
            out,
            box);
      }
    } catch (IOException e) {
      next.set(count); // the others may stop
      throw new UncheckedIOException(e);
    }
  }
}
