package io.t3d.data.load;

import io.t3d.core.T3dException;
import io.t3d.core.task.segment.SegmentationCase;
import io.t3d.core.task.segment.SegmentationSource;
import io.t3d.core.volume.Volume;
import io.t3d.data.internal.BoundedCache;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.Reorient;
import io.t3d.data.zarr.ZarrVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The volumes of a manifest with their masks, both prepared alike. The first ones read are kept, up
 * to a limit; others are read anew each time.
 */
public final class MaskedVolumes implements SegmentationSource {
  private static final int BYTES_PER_VOXEL = 2 * Float.BYTES; // volume and mask

  private final List<ManifestRow> rows;
  private final Preprocessing preprocessing;
  private final PreparedVolumes volumes;
  private final BoundedCache<Integer, SegmentationCase> cache;

  /**
   * Takes the rows with a mask.
   *
   * @param rows others are left out; at least one must have a mask
   * @param preprocessing of volumes that are not prepared yet
   * @param cacheMegabytes what may be kept
   * @throws T3dException when no row has a mask
   */
  public MaskedVolumes(List<ManifestRow> rows, Preprocessing preprocessing, int cacheMegabytes) {
    this.rows = rows.stream().filter(r -> r.mask().isPresent()).toList();
    this.preprocessing = preprocessing;
    volumes = new PreparedVolumes(preprocessing, rows);
    cache = BoundedCache.ofMegabytes(cacheMegabytes);
    if (this.rows.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "None of the "
              + rows.size()
              + " rows has a mask; segmentation needs the manifest's column \"mask\"");
    }
  }

  @Override
  public int size() {
    return rows.size();
  }

  @Override
  public SegmentationCase get(int index) throws IOException {
    Optional<SegmentationCase> kept = cache.get(index);
    if (kept.isPresent()) {
      return kept.get();
    }
    SegmentationCase one = read(rows.get(index));
    long bytes = (long) one.mask().voxels().length * BYTES_PER_VOXEL;
    cache.keep(index, bytes, () -> one);
    return one;
  }

  private SegmentationCase read(ManifestRow row) throws IOException {
    Volume volume = volumes.load(row.volume()).readAll();
    Path mask = row.mask().orElseThrow();
    if (ZarrVolume.isNamed(row.volume())) {
      return new SegmentationCase(volume, VolumeReaders.read(mask));
    }
    return new SegmentationCase(volume, preprocessing.applyToMask(maskOf(row)));
  }

  /**
   * The mask of a row on its volume's own voxels, calibrated.
   *
   * @param row with a mask
   * @throws IOException when it cannot be read or lies on other voxels
   */
  public static Volume maskOf(ManifestRow row) throws IOException {
    VolumeInfo info = row.readInfo();
    Volume mask =
        new Reorient(info.affine().orientation())
            .apply(VolumeReaders.read(row.mask().orElseThrow()));
    if (mask.depth() != info.depth()
        || mask.height() != info.height()
        || mask.width() != info.width()) {
      throw new IOException(
          row.mask().orElseThrow()
              + " is not on the voxels of its volume: (D, H, W) = ("
              + mask.depth()
              + ", "
              + mask.height()
              + ", "
              + mask.width()
              + ") instead of ("
              + info.depth()
              + ", "
              + info.height()
              + ", "
              + info.width()
              + ")");
    }
    return new Volume(mask.voxels(), mask.depth(), mask.height(), mask.width(), info.affine());
  }
}
