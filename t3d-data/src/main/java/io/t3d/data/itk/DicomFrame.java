package io.t3d.data.itk;

import io.t3d.data.itk.internal.check.RawType;
import io.t3d.data.itk.internal.worker.Message;
import java.nio.ByteBuffer;

/** What places one frame and gives its values a meaning; NaN where the file says nothing. */
final class DicomFrame {
  private final double[] position;
  private final double[] orientation;
  private final double[] spacing;
  private final double thickness;
  private final RawType.Scale scale;

  /**
   * All of a frame.
   *
   * @param position Image Position (Patient), mm in LPS
   * @param orientation Image Orientation (Patient): direction of rows, then of columns
   * @param spacing Pixel Spacing: mm between rows, then between columns
   * @param thickness Slice Thickness in mm
   * @param scale Rescale Slope and Intercept
   */
  DicomFrame(
      double[] position,
      double[] orientation,
      double[] spacing,
      double thickness,
      RawType.Scale scale) {
    this.position = position;
    this.orientation = orientation;
    this.spacing = spacing;
    this.thickness = thickness;
    this.scale = scale;
  }

  static DicomFrame from(ByteBuffer in) {
    double[] position = Message.doubles(in, 3);
    double[] orientation = Message.doubles(in, 6);
    double[] spacing = Message.doubles(in, 2);
    double thickness = in.getDouble();
    double slope = in.getDouble();
    double intercept = in.getDouble();
    return new DicomFrame(
        position,
        orientation,
        spacing,
        thickness,
        new RawType.Scale(
            Double.isNaN(slope) ? 1 : slope, Double.isNaN(intercept) ? 0 : intercept));
  }

  double[] position() {
    return position;
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

  RawType.Scale scale() {
    return scale;
  }

  double[] rowDirection() {
    return new double[] {orientation[0], orientation[1], orientation[2]};
  }

  double[] columnDirection() {
    return new double[] {orientation[3], orientation[4], orientation[5]};
  }
}
