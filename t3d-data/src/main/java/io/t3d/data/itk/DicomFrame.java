package io.t3d.data.itk;

import io.t3d.data.itk.internal.check.RawType;
import io.t3d.data.itk.internal.worker.Message;
import java.nio.ByteBuffer;

/** What places one frame and gives its values a meaning; NaN where the file says nothing. */
final class DicomFrame {
  private final double[] position;
  private final double[] lastPlaces;
  private final double[] orientation;
  private final double[] spacing;
  private final double thickness;
  private final double slope;
  private final double intercept;

  /**
   * All of a frame.
   *
   * @param position Image Position (Patient), mm in LPS
   * @param lastPlaces what the last digit of each number of the position stands for, mm
   * @param orientation Image Orientation (Patient): direction of rows, then of columns
   * @param spacing Pixel Spacing: mm between rows, then between columns
   * @param thickness Slice Thickness in mm
   * @param slope Rescale Slope; NaN when it is missing, −∞ when it is empty, ∞ when it is no number
   * @param intercept Rescale Intercept, likewise
   */
  DicomFrame(
      double[] position,
      double[] lastPlaces,
      double[] orientation,
      double[] spacing,
      double thickness,
      double slope,
      double intercept) {
    this.position = position;
    this.lastPlaces = lastPlaces;
    this.orientation = orientation;
    this.spacing = spacing;
    this.thickness = thickness;
    this.slope = slope;
    this.intercept = intercept;
  }

  static DicomFrame from(ByteBuffer in) {
    double[] position = Message.doubles(in, 3);
    double[] lastPlaces = Message.doubles(in, 3);
    double[] orientation = Message.doubles(in, 6);
    double[] spacing = Message.doubles(in, 2);
    double thickness = in.getDouble();
    double slope = in.getDouble();
    double intercept = in.getDouble();
    return new DicomFrame(position, lastPlaces, orientation, spacing, thickness, slope, intercept);
  }

  double[] position() {
    return position;
  }

  double[] lastPlaces() {
    return lastPlaces;
  }

  double[] orientation() {
    return orientation;
  }

  double[] spacing() {
    return spacing;
  }

  double thickness() {
    return thickness;
  }

  boolean hasSlope() {
    return !Double.isNaN(slope);
  }

  boolean hasIntercept() {
    return !Double.isNaN(intercept);
  }

  /** Whether Rescale Slope or Intercept is there without a value. */
  boolean hasEmptyScale() {
    return slope == Double.NEGATIVE_INFINITY || intercept == Double.NEGATIVE_INFINITY;
  }

  /** Rescale Slope and Intercept; 1 and 0 where they are missing. */
  RawType.Scale scale() {
    return new RawType.Scale(hasSlope() ? slope : 1, hasIntercept() ? intercept : 0);
  }

  double[] rowDirection() {
    return new double[] {orientation[0], orientation[1], orientation[2]};
  }

  double[] columnDirection() {
    return new double[] {orientation[3], orientation[4], orientation[5]};
  }
}
