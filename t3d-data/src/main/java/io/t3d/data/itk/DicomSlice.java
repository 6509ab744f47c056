package io.t3d.data.itk;

import java.nio.file.Path;

/**
 * One slice of a series as its file describes it: what a result, such as a segmentation, refers to.
 *
 * @param file where it is stored
 * @param sopClass SOP Class UID
 * @param sopInstance SOP Instance UID
 * @param frame its number in the file, from 1; 0 when the file holds one image
 * @param position Image Position (Patient): x, y, z of the first voxel, mm in LPS
 * @param orientation Image Orientation (Patient): direction of rows, then of columns
 * @param spacing Pixel Spacing: mm between rows, then between columns
 * @param thickness Slice Thickness in mm, NaN when the file does not tell
 */
public record DicomSlice(
    Path file,
    String sopClass,
    String sopInstance,
    int frame,
    double[] position,
    double[] orientation,
    double[] spacing,
    double thickness) {

  static DicomSlice of(DicomGeometry.Placed placed) {
    DicomImage image = placed.image();
    DicomFrame frame = placed.frame();
    return new DicomSlice(
        image.file(),
        image.sopClass(),
        image.sopInstance(),
        image.frameCount() == 1 ? 0 : placed.index() + 1,
        frame.position().clone(),
        frame.orientation().clone(),
        frame.spacing().clone(),
        frame.thickness());
  }
}
