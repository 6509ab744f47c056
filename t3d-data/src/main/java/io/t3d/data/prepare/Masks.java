package io.t3d.data.prepare;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.internal.Geometry;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.transform.Reorient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads masks and checks that they lie on their volume's voxels, or resamples them. A mask fits
 * when, turned to its volume's orientation, it has the volume's size and none of its corners lies
 * more than half a voxel elsewhere. Sizes alone do not tell: a mask whose header was lost has the
 * right size and the wrong sides.
 */
public final class Masks {
  private static final double HALF_A_VOXEL = 0.5;

  /** What becomes of a mask that lies on another grid than its volume. */
  public enum OtherGrid {
    /** It is an error. */
    REFUSE,
    /**
     * Each voxel of the volume gets the value of the mask's voxel that is nearest in the patient, 0
     * outside of the mask.
     */
    RESAMPLE
  }

  private Masks() {}

  /**
   * Compares the headers of rows' masks and volumes, before any is used.
   *
   * @param rows those without a mask are passed over
   * @param otherGrid whether other grids are a problem; masks that cannot be read always are
   * @return the rows whose mask cannot be used
   */
  public static List<BadRow> check(List<ManifestRow> rows, OtherGrid otherGrid) {
    List<BadRow> bad = new ArrayList<>();
    for (ManifestRow row : rows) {
      problem(row, otherGrid).ifPresent(problem -> bad.add(new BadRow(row, problem)));
    }
    return bad;
  }

  /** What the headers of a row's mask and volume tell; empty without a mask. */
  static Optional<String> problem(ManifestRow row, OtherGrid otherGrid) {
    if (row.mask().isEmpty()) {
      return Optional.empty();
    }
    Path path = row.mask().get();
    VolumeInfo mask;
    try {
      mask = VolumeReaders.info(path);
    } catch (IOException | RuntimeException e) {
      return Optional.of("mask: " + DataLoadingException.reason(e));
    }
    try {
      VolumeInfo volume = VolumeReaders.info(row.volume());
      return otherGrid == OtherGrid.RESAMPLE
          ? Optional.empty()
          : misfit(path, mask, volume, row.calibration());
    } catch (IOException | RuntimeException e) {
      return Optional.of(DataLoadingException.reason(e));
    }
  }

  /**
   * Reads a row's mask onto the voxels of its volume.
   *
   * @param row with a mask
   * @return of the size and orientation of the volume as it is read, with its calibrated geometry
   * @throws IOException when a file cannot be read
   * @throws T3dException when the mask lies elsewhere, or holds other values than whole numbers
   */
  public static Volume read(ManifestRow row, OtherGrid otherGrid) throws IOException {
    return read(
        row.mask().orElseThrow(), VolumeReaders.info(row.volume()), row.calibration(), otherGrid);
  }

  /**
   * The same of a volume at hand.
   *
   * @throws IOException when the mask cannot be read
   * @throws T3dException when the mask lies elsewhere, or holds other values than whole numbers
   */
  public static Volume read(Path mask, Volume volume, OtherGrid otherGrid) throws IOException {
    VolumeInfo info =
        new VolumeInfo(volume.depth(), volume.height(), volume.width(), volume.affine(), "", "");
    return read(mask, info, Calibration.none(), otherGrid);
  }

  /**
   * The same for a volume that has been read.
   *
   * @param volume as its file says, not yet calibrated
   */
  static Volume read(Path path, VolumeInfo volume, Calibration calibration, OtherGrid otherGrid)
      throws IOException {
    Volume mask;
    try {
      mask = new Reorient(volume.affine().orientation()).apply(VolumeReaders.read(path));
    } catch (IOException | RuntimeException e) {
      throw new IOException("mask: " + DataLoadingException.reason(e), e);
    }
    requireLabels(path, mask);
    Affine placed = calibration.apply(volume).affine();
    VolumeInfo header =
        new VolumeInfo(mask.depth(), mask.height(), mask.width(), mask.affine(), "", "");
    Optional<String> misfit = misfit(path, header, volume, calibration);
    float[] voxels = mask.voxels();
    if (misfit.isPresent()) {
      if (otherGrid == OtherGrid.REFUSE) {
        throw new T3dException(T3dException.Kind.INPUT, misfit.get());
      }
      voxels = nearest(path, mask, volume, placed);
    }
    // The volume's own geometry, so that rounding in the mask's header does not change the grid.
    return new Volume(voxels, volume.depth(), volume.height(), volume.width(), placed);
  }

  /**
   * Why a mask does not lie on a volume's voxels. With a calibrated spacing it may have been made
   * on the file as it is, or on the volume as it should be.
   */
  private static Optional<String> misfit(
      Path path, VolumeInfo mask, VolumeInfo volume, Calibration calibration) {
    VolumeInfo turned = new Reorient(volume.affine().orientation()).apply(mask);
    if (turned.depth() != volume.depth()
        || turned.height() != volume.height()
        || turned.width() != volume.width()) {
      return Optional.of(
          message(path, "has the size " + size(turned) + ", its volume " + size(volume)));
    }
    Size3 size = new Size3(volume.depth(), volume.height(), volume.width());
    double shift = Geometry.cornerShift(size, volume.affine(), turned.affine());
    double calibrated =
        Geometry.cornerShift(size, calibration.apply(volume).affine(), turned.affine());
    double least = Math.min(shift, calibrated);
    return least <= HALF_A_VOXEL
        ? Optional.empty()
        : Optional.of(
            message(
                path,
                String.format(
                    Locale.ROOT,
                    "is shifted against them by more than half a voxel (a corner by %.3g)",
                    least)));
  }

  private static String message(Path path, String problem) {
    return "mask "
        + path
        + " must lie on its volume's voxels, but "
        + problem
        + "; write it on the volume's grid, or ask for resampling (--resample-masks)";
  }

  private static String size(VolumeInfo info) {
    return "(D, H, W) = (" + info.depth() + ", " + info.height() + ", " + info.width() + ")";
  }

  private static void requireLabels(Path path, Volume mask) {
    for (float v : mask.voxels()) {
      if (v != (short) v) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            "mask " + path + " must hold whole numbers from -32768 to 32767, got " + v);
      }
    }
  }

  private static float[] nearest(Path path, Volume mask, VolumeInfo volume, Affine affine) {
    Affine toMask = mask.affine().inverse().compose(affine);
    float[] out = new float[volume.depth() * volume.height() * volume.width()];
    boolean any = false;
    int at = 0;
    for (int z = 0; z < volume.depth(); z++) {
      for (int y = 0; y < volume.height(); y++) {
        for (int x = 0; x < volume.width(); x++) {
          double[] p = toMask.apply(x, y, z);
          long i = Math.round(p[0]);
          long j = Math.round(p[1]);
          long k = Math.round(p[2]);
          if (i >= 0
              && j >= 0
              && k >= 0
              && i < mask.width()
              && j < mask.height()
              && k < mask.depth()) {
            out[at] = mask.get((int) k, (int) j, (int) i);
            any |= out[at] != 0;
          }
          at++;
        }
      }
    }
    if (!any && hasLabels(mask)) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "mask "
              + path
              + " cannot be resampled: none of its labelled voxels lies in its volume; is its"
              + " header lost, or is it another patient's?");
    }
    return out;
  }

  private static boolean hasLabels(Volume mask) {
    for (float v : mask.voxels()) {
      if (v != 0) {
        return true;
      }
    }
    return false;
  }
}
