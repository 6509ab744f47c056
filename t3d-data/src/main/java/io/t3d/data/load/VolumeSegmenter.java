package io.t3d.data.load;

import io.t3d.core.task.segment.Segmenter;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.OrientAndResample;
import io.t3d.data.transform.OriginalGrid;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Segments raw scans: prepares each volume as in training and maps the mask back to its original
 * voxels, whatever its orientation and spacing.
 *
 * @param segmenter the network; stays the caller's
 * @param preprocessing as in training; its size is not used, since windows slide over the whole
 *     scan
 */
public record VolumeSegmenter(Segmenter segmenter, Preprocessing preprocessing) {
  /** Leaves the size out. */
  public VolumeSegmenter {
    preprocessing = preprocessing.withoutSize();
  }

  /**
   * Segments a volume.
   *
   * @param volume as read; CT in HU
   * @return the mask: same size and affine; values as the segmenter's classes name them
   */
  public Volume segment(Volume volume) {
    OrientAndResample steps =
        new OrientAndResample(
            preprocessing.orientation(),
            preprocessing.spacingOf(volume.affine()),
            Interpolation.LINEAR,
            preprocessing.window(),
            preprocessing.details().grid());
    OriginalGrid grid = new OriginalGrid(volume, steps);
    segmenter.scores(preprocessing.apply(volume), grid::slice);
    return grid.mask(segmenter.config()::maskValue);
  }

  /**
   * Segments a file and writes the mask as NIfTI (uint8).
   *
   * @param row the volume, calibrated as its row says; the mask has the geometry of the file's own
   *     header, so that both lie on each other in a viewer
   * @param mask ends with {@code .nii} or {@code .nii.gz}
   * @return the mask, with the calibrated geometry
   * @throws IOException when the volume cannot be read or the mask not be written
   */
  public Volume segment(ManifestRow row, Path mask) throws IOException {
    Volume stored = VolumeReaders.read(row.volume());
    Volume found = segment(row.calibration().apply(stored));
    NiftiWriter.write(mask, stored.withVoxels(found.voxels()), PixelType.UINT8);
    return found;
  }
}
