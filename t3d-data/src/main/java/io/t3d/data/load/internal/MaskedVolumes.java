package io.t3d.data.load.internal;

import io.t3d.core.T3dException;
import io.t3d.core.task.segment.SegmentationCase;
import io.t3d.core.task.segment.SegmentationSource;
import io.t3d.core.volume.Volume;
import io.t3d.data.internal.BoundedCache;
import io.t3d.data.internal.Problems;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Masks;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.zarr.internal.ZarrVolume;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The volumes of a manifest and their masks, prepared alike, as a source for training a segmenter.
 * The first ones read are kept, up to a limit; others are read anew each time.
 */
public final class MaskedVolumes implements SegmentationSource {
  private static final int BYTES_PER_VOXEL = 2 * Float.BYTES; // volume and mask

  private final List<ManifestRow> rows;
  private final Preprocessing preprocessing;
  private final PreparedVolumes volumes;
  private final Masks.OtherGrid otherGrid;
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
    this(rows, preprocessing, cacheMegabytes, Masks.OtherGrid.REFUSE);
  }

  /**
   * The same.
   *
   * @param otherGrid what becomes of masks on another grid than their volume's
   */
  public MaskedVolumes(
      List<ManifestRow> rows,
      Preprocessing preprocessing,
      int cacheMegabytes,
      Masks.OtherGrid otherGrid) {
    this.otherGrid = otherGrid;
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

  /**
   * Compares the headers of all masks and volumes.
   *
   * @throws T3dException naming the rows whose mask cannot be used
   */
  public void requireFit() {
    List<BadRow> bad = Masks.check(rows, otherGrid);
    if (!bad.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          bad.size() + " of " + rows.size() + " masks cannot be used:" + Problems.list(bad));
    }
  }

  private SegmentationCase read(ManifestRow row) throws IOException {
    Volume volume = volumes.load(row.volume()).readAll();
    Volume mask = Masks.read(row, otherGrid);
    boolean prepared =
        ZarrVolume.isNamed(row.volume()) && PreparedVolumes.preparationOf(List.of(row)).isPresent();
    return new SegmentationCase(volume, prepared ? mask : preprocessing.applyToMask(mask));
  }

  /**
   * The mask of a row on its volume's own voxels, calibrated.
   *
   * @param row with a mask
   * @throws IOException when it cannot be read
   * @throws T3dException when it lies on other voxels
   */
  public static Volume maskOf(ManifestRow row) throws IOException {
    return Masks.read(row, Masks.OtherGrid.REFUSE);
  }
}
