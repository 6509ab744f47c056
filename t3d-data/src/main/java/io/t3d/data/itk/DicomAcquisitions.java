package io.t3d.data.itk;

import io.t3d.data.io.spi.VolumeFormatException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tells slices of one scan from those of several that share a Series UID. */
final class DicomAcquisitions {
  private DicomAcquisitions() {}

  /**
   * Refuses images of several frames of reference: positions of one say nothing about the other.
   */
  static void requireOneSpace(List<DicomImage> images) throws VolumeFormatException {
    DicomImage first = null;
    for (DicomImage image : images) {
      if (image.frameOfReference().isEmpty()) {
        continue;
      }
      if (first == null) {
        first = image;
      } else if (!image.frameOfReference().equals(first.frameOfReference())) {
        throw new VolumeFormatException(
            image.file(),
            "its Frame of Reference UID differs from that of "
                + first.file().getFileName()
                + " though both are of one series, so their positions cannot be compared; give"
                + " each scan a folder");
      }
    }
  }

  /**
   * Refuses several acquisitions under one Series UID. A step-and-shoot scan is one: at least three
   * acquisitions that follow each other along the patient, of as many slices each, or of one fewer.
   */
  static void requireOne(Path place, List<DicomGeometry.Placed> sorted)
      throws VolumeFormatException {
    Map<Integer, Integer> slices = new LinkedHashMap<>();
    List<Integer> runs = new ArrayList<>();
    int before = -1;
    for (DicomGeometry.Placed p : sorted) {
      int number = p.image().acquisition();
      if (number != -1) {
        slices.merge(number, 1, Integer::sum);
        if (number != before) {
          runs.add(number);
        }
        before = number;
      }
    }
    if (slices.size() > 1 && !isStepAndShoot(slices, runs)) {
      int[] numbers = slices.keySet().stream().mapToInt(n -> n).sorted().limit(2).toArray();
      throw new VolumeFormatException(
          place,
          "its series holds "
              + slices.size()
              + " acquisitions, expected one: Acquisition Number "
              + numbers[0]
              + " ("
              + slices.get(numbers[0])
              + " slices), "
              + numbers[1]
              + " ("
              + slices.get(numbers[1])
              + ")"
              + (slices.size() > 2 ? ", …" : "")
              + "; give each a folder");
    }
  }

  private static boolean isStepAndShoot(Map<Integer, Integer> slices, List<Integer> runs) {
    if (slices.size() < 3 || runs.size() != slices.size()) {
      return false;
    }
    List<Integer> sizes = runs.stream().map(slices::get).toList();
    int most = Collections.max(sizes);
    // The first or the last may be cut short.
    return sizes.subList(1, sizes.size() - 1).stream().allMatch(n -> n >= most - 1);
  }
}
