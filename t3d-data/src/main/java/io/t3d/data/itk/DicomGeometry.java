package io.t3d.data.itk;

import io.t3d.core.volume.Affine;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.internal.read.Placement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Puts frames in order along the normal of their planes and finds the affine. Sorted by position
 * alone: names and instance numbers lie.
 *
 * <p>Frames whose positions step sideways too (gantry tilt) give an affine with shear, which places
 * every voxel exactly.
 */
final class DicomGeometry {
  /** mm below which two frames lie at the same place. */
  private static final double SAME_PLACE = 1e-3;

  /** Tolerance of gaps, as a part of the spacing; headers are rounded. */
  private static final double GAP = 0.02;

  /** Tolerance of direction cosines. */
  private static final double COSINE = 1e-3;

  /** mm; coarser rounding of a position hides a missing slice, or misplaces voxels by much. */
  private static final double COARSEST = 0.1 + 1e-9;

  private final Path place;
  private final List<Placed> sorted;
  private final double[] normal;
  private final Affine affine;

  /** A frame and where it is stored. */
  record Placed(DicomImage image, DicomFrame frame, int index, double along) {}

  private DicomGeometry(Path place, List<Placed> sorted, double[] normal)
      throws VolumeFormatException {
    this.place = place;
    this.sorted = sorted;
    this.normal = normal;
    DicomAcquisitions.requireOne(place, sorted);
    this.affine = affine(step());
  }

  /**
   * Checks and orders.
   *
   * @param place the folder or file, for errors about all of it
   * @param images at least one
   * @throws VolumeFormatException when the frames do not form one regular grid
   */
  static DicomGeometry of(Path place, List<DicomImage> images) throws VolumeFormatException {
    DicomImage first = images.get(0);
    first.check();
    double[] normal = normal(first, first.frames().get(0));
    DicomAcquisitions.requireOneSpace(images);
    List<Placed> frames = new ArrayList<>();
    for (DicomImage image : images) {
      image.check();
      checkAlike(first, image);
      for (int i = 0; i < image.frames().size(); i++) {
        DicomFrame frame = image.frames().get(i);
        checkAlike(first, image, frame);
        frames.add(new Placed(image, frame, i, dot(normal, frame.position())));
      }
    }
    frames.sort(Comparator.comparingDouble(Placed::along));
    return new DicomGeometry(place, List.copyOf(frames), normal);
  }

  /** The frames from the first to the last slice. */
  List<Placed> frames() {
    return sorted;
  }

  /** Voxel → RAS mm. */
  Affine affine() {
    return affine;
  }

  private static void checkAlike(DicomImage first, DicomImage image) throws VolumeFormatException {
    if (image.rows() != first.rows() || image.columns() != first.columns()) {
      throw differs(image, "size", first, size(first), size(image));
    }
    if (image.type() != first.type() || !image.bits().equals(first.bits())) {
      throw differs(image, "voxel type", first, first.type().label(), image.type().label());
    }
  }

  private static void checkAlike(DicomImage first, DicomImage image, DicomFrame frame)
      throws VolumeFormatException {
    DicomFrame model = first.frames().get(0);
    if (farthest(frame.orientation(), model.orientation()) > COSINE) {
      throw differs(
          image, "orientation", first, numbers(model.orientation()), numbers(frame.orientation()));
    }
    if (farthest(frame.spacing(), model.spacing()) > COSINE * model.spacing()[0]) {
      throw differs(
          image, "pixel spacing", first, numbers(model.spacing()), numbers(frame.spacing()));
    }
    if (frame.hasSlope() != model.hasSlope() || frame.hasIntercept() != model.hasIntercept()) {
      boolean here = !frame.hasSlope() || !frame.hasIntercept();
      throw new VolumeFormatException(
          (here ? image : first).file(),
          "it lacks Rescale Slope or Intercept, which "
              + (here ? first : image).file().getFileName()
              + " has, so its values would be off by the intercept; export the series again");
    }
  }

  /** Rounded, so that a message stays short. */
  private static String numbers(double[] values) {
    return Arrays.toString(
        Arrays.stream(values).map(v -> Math.round(v * 1e4) / 1e4 + 0.0).toArray());
  }

  private static VolumeFormatException differs(
      DicomImage image, String what, DicomImage first, String expected, String got) {
    return new VolumeFormatException(
        image.file(),
        "its "
            + what
            + " "
            + got
            + " differs from "
            + expected
            + " of "
            + first.file().getFileName()
            + "; a localizer among the slices? Read the files that belong together with"
            + " DicomSeries.ofFiles");
  }

  private static String size(DicomImage image) {
    return image.columns() + " x " + image.rows();
  }

  private static double[] normal(DicomImage image, DicomFrame frame) throws VolumeFormatException {
    double[] r = frame.rowDirection();
    double[] c = frame.columnDirection();
    if (Math.abs(dot(r, r) - 1) > COSINE
        || Math.abs(dot(c, c) - 1) > COSINE
        || Math.abs(dot(r, c)) > COSINE) {
      throw new VolumeFormatException(
          image.file(),
          "Image Orientation (Patient) must be two orthogonal unit vectors, got "
              + numbers(frame.orientation()));
    }
    return new double[] {
      r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]
    };
  }

  /** From one slice to the next, mm in LPS. */
  private double[] step() throws VolumeFormatException {
    int count = sorted.size();
    if (count == 1) {
      return thickness();
    }
    double[] gaps = new double[count - 1];
    for (int i = 0; i + 1 < count; i++) {
      gaps[i] = sorted.get(i + 1).along() - sorted.get(i).along();
      if (gaps[i] < SAME_PLACE) {
        throw new VolumeFormatException(
            place,
            "two slices lie at the same place: "
                + name(i)
                + " and "
                + name(i + 1)
                + "; remove duplicates, or read one phase of a 4D scan with DicomSeries.ofFiles");
      }
    }
    checkGaps(gaps);
    double[] first = sorted.get(0).frame().position();
    double[] last = sorted.get(count - 1).frame().position();
    double[] step = new double[3];
    for (int i = 0; i < 3; i++) {
      step[i] = (last[i] - first[i]) / (count - 1);
    }
    checkLine(step);
    return step;
  }

  private double[] thickness() throws VolumeFormatException {
    Placed only = sorted.get(0);
    double spacing = only.image().sliceSpacing();
    double mm = spacing > 0 ? spacing : only.frame().thickness();
    if (!(mm > 0) || Double.isInfinite(mm)) {
      throw new VolumeFormatException(
          only.image().file(),
          "a single slice needs Slice Thickness or Spacing Between Slices > 0 mm, got none");
    }
    double[] step = normal(only.image(), only.frame());
    for (int i = 0; i < 3; i++) {
      step[i] *= mm;
    }
    return step;
  }

  private void checkGaps(double[] gaps) throws VolumeFormatException {
    double[] ordered = gaps.clone();
    Arrays.sort(ordered);
    double usual = ordered[ordered.length / 2];
    boolean rounded = onlyRounded(gaps);
    for (int i = 0; i < gaps.length; i++) {
      if (!rounded && Math.abs(gaps[i] - usual) > GAP * usual) {
        long missing = Math.round(gaps[i] / usual) - 1;
        boolean whole = Math.abs(gaps[i] / usual - (missing + 1)) < 0.1;
        throw new VolumeFormatException(
            place,
            String.format(
                Locale.ROOT,
                "the slices are not evenly spaced: %.3f mm between %s and %s, %.3f mm elsewhere; %s",
                gaps[i],
                name(i),
                name(i + 1),
                usual,
                missing > 0 && whole
                    ? missing + (missing == 1 ? " slice is missing" : " slices are missing")
                    : "read one evenly spaced part with DicomSeries.ofFiles"));
      }
    }
  }

  /**
   * Whether the gaps differ by no more than the rounding of the positions in the headers, which
   * must be so fine that a missing slice would show all the same.
   */
  private boolean onlyRounded(double[] gaps) {
    double last = 0;
    for (int i = 0; i < 3; i++) {
      last += Math.abs(normal[i]) * rounding(i);
    }
    int count = gaps.length;
    double step = Arrays.stream(gaps).sum() / count;
    if (step * (1 - 1.0 / count) <= last * (2.1 + 1.0 / count)) {
      return false;
    }
    double place = 0;
    for (int i = 0; i < count; i++) {
      place += gaps[i];
      // Each position is off by half of the last digit, the mean step by what both ends are.
      if (Math.abs(gaps[i] - step) > last * (1 + 1.0 / count) + SAME_PLACE
          || Math.abs(place - (i + 1) * step) > last + SAME_PLACE) {
        return false;
      }
    }
    return true;
  }

  /** What the last digit of the positions along an axis stands for, mm; 0 when that is much. */
  private double rounding(int axis) {
    double least = COARSEST;
    boolean known = false;
    for (Placed p : sorted) {
      double place = p.frame().lastPlaces()[axis];
      if (place <= least) { // not when NaN
        least = place;
        known = true;
      }
    }
    return known ? least : 0;
  }

  private void checkLine(double[] step) throws VolumeFormatException {
    double[] first = sorted.get(0).frame().position();
    double tolerance = GAP * Math.sqrt(dot(step, step)) + SAME_PLACE;
    double[] rounding = {rounding(0), rounding(1), rounding(2)};
    for (int n = 0; n < sorted.size(); n++) {
      double[] at = sorted.get(n).frame().position();
      for (int i = 0; i < 3; i++) {
        if (Math.abs(first[i] + n * step[i] - at[i]) > tolerance + rounding[i]) {
          throw new VolumeFormatException(
              place,
              "the positions of the slices do not lie on a line: "
                  + name(n)
                  + " is "
                  + String.format(Locale.ROOT, "%.3f", Math.abs(first[i] + n * step[i] - at[i]))
                  + " mm beside it; the table or the gantry moved");
        }
      }
    }
  }

  private String name(int n) {
    Placed p = sorted.get(n);
    String file = p.image().file().getFileName().toString();
    return p.image().frameCount() == 1 ? file : file + " frame " + (p.index() + 1);
  }

  private Affine affine(double[] step) throws VolumeFormatException {
    DicomFrame f = sorted.get(0).frame();
    double[] r = f.rowDirection();
    double[] c = f.columnDirection();
    double[] rows = new double[12];
    for (int i = 0; i < 3; i++) {
      double sign = i < 2 ? -1 : 1; // LPS → RAS
      rows[4 * i] = sign * r[i] * f.spacing()[1];
      rows[4 * i + 1] = sign * c[i] * f.spacing()[0];
      rows[4 * i + 2] = sign * step[i];
      rows[4 * i + 3] = sign * f.position()[i];
    }
    for (int i = 0; i < 12; i++) {
      rows[i] += 0.0; // no negative zeros
    }
    return Placement.of(place, rows);
  }

  private static double dot(double[] a, double[] b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }

  private static double farthest(double[] a, double[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }
}
