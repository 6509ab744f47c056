package io.t3d.data.dicom;

import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.volume.Volume;
import io.t3d.data.dicom.internal.DcmtkRequest;
import io.t3d.data.dicom.internal.DcmtkWorker;
import io.t3d.data.itk.DicomSeries;
import io.t3d.data.itk.DicomSlice;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes masks as DICOM segmentations: binary, one frame for each slice on which a segment is, of
 * the patient and study of the series they were made of. A segment that is nowhere has one empty
 * frame.
 *
 * @param segments what the mask's values stand for; any other value is background
 * @param software what made the mask
 * @param description for people, at most 64 characters are kept
 */
public record DicomSegmentation(
    List<Segment> segments, DicomSoftware software, String description) {
  private static final int LONG = 64;

  /** mm within which two places are the same. */
  private static final double SAME_PLACE = 1e-2;

  /**
   * A structure.
   *
   * @param name Segment Label, at most 64 characters
   * @param value in the mask, 1..255
   * @param codes what it is
   */
  public record Segment(String name, int value, CodeTable.Entry codes) {
    /** Checks the value. */
    public Segment {
      if (value < 1 || value > 255) {
        throw new IllegalArgumentException("Segment.value must be in 1..255, got " + value);
      }
    }
  }

  /** Checks that there are segments, of different values. */
  public DicomSegmentation {
    segments = List.copyOf(segments);
    long values = segments.stream().mapToInt(Segment::value).distinct().count();
    if (segments.isEmpty() || segments.size() > 255 || values < segments.size()) {
      throw new IllegalArgumentException(
          "DicomSegmentation.segments must be 1 to 255 with different values, got " + segments);
    }
  }

  /**
   * Writes a mask.
   *
   * @param series what the mask was made of
   * @param mask on the series' own voxels, as {@code DicomSeries.read} gives them
   * @param out a file, replaced as a whole
   * @return its SOP Instance UID
   * @throws T3dException when the series lacks what a segmentation refers to
   * @throws IOException when the file cannot be written
   */
  public String write(DicomSeries series, Volume mask, Path out) throws IOException {
    List<DicomSlice> slices = series.slices();
    requireSameGrid(series, slices, mask);
    Path folder = Files.createTempDirectory("t3d-seg"); // its owner's alone
    try {
      Path voxels = folder.resolve("mask.raw");
      writeVoxels(mask, voxels);
      DcmtkRequest request =
          References.of(series, slices, "seg", 1, software)
              .line("description", DcmtkRequest.cut(description, LONG))
              .line("mask", voxels)
              .line("size", mask.depth(), mask.height(), mask.width());
      place(request, slices);
      for (Segment s : segments) {
        DicomCode category = s.codes().category();
        DicomCode type = s.codes().type();
        request.line(
            "segment",
            DcmtkRequest.cut(s.name(), LONG),
            category.value(),
            category.scheme(),
            category.meaning(),
            type.value(),
            type.scheme(),
            type.meaning());
      }
      return DcmtkWorker.create().write(request, slices.get(0).file(), out).sopInstance();
    } finally {
      AtomicFiles.deleteTree(folder);
    }
  }

  private static void requireSameGrid(DicomSeries series, List<DicomSlice> slices, Volume mask) {
    boolean same =
        mask.depth() == slices.size()
            && mask.height() == series.height()
            && mask.width() == series.width();
    for (int z : same ? new int[] {0, slices.size() - 1} : new int[0]) {
      // The last voxel of the first row and of the first column too: one origin has many axes.
      for (int[] xy : new int[][] {{0, 0}, {mask.width() - 1, 0}, {0, mask.height() - 1}}) {
        double[] world = mask.affine().apply(xy[0], xy[1], z);
        double[] lps = at(slices.get(z), xy[0], xy[1]);
        same &=
            Math.abs(world[0] + lps[0]) < SAME_PLACE
                && Math.abs(world[1] + lps[1]) < SAME_PLACE
                && Math.abs(world[2] - lps[2]) < SAME_PLACE;
      }
    }
    if (!same) {
      throw new IllegalArgumentException(
          "The mask must lie on the voxels of its series, "
              + slices.size()
              + " x "
              + series.height()
              + " x "
              + series.width()
              + ", got "
              + mask.depth()
              + " x "
              + mask.height()
              + " x "
              + mask.width()
              + " or another place");
    }
  }

  /** Where a pixel lies (PS3.3, C.7.6.2.1.1): spacing is between rows, then between columns. */
  private static double[] at(DicomSlice slice, int column, int row) {
    double[] at = slice.position().clone();
    for (int i = 0; i < 3; i++) {
      at[i] += slice.orientation()[i] * slice.spacing()[1] * column;
      at[i] += slice.orientation()[3 + i] * slice.spacing()[0] * row;
    }
    return at;
  }

  private void writeVoxels(Volume mask, Path file) throws IOException {
    byte[] numberOf = new byte[256];
    for (int i = 0; i < segments.size(); i++) {
      numberOf[segments.get(i).value()] = (byte) (i + 1);
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
      for (float v : mask.voxels()) {
        int value = (int) v;
        out.write(value == v && value >= 0 && value < numberOf.length ? numberOf[value] : 0);
      }
    }
  }

  /** Where each slice lies; slices that are tilted against the step between them too. */
  private static void place(DcmtkRequest request, List<DicomSlice> slices) {
    DicomSlice first = slices.get(0);
    request.line("orientation", DcmtkRequest.decimals(first.orientation()));
    double between = between(slices);
    request.line(
        "spacing",
        DcmtkRequest.decimals(
            first.spacing()[0],
            first.spacing()[1],
            first.thickness() > 0 ? first.thickness() : between,
            between));
    Map<Path, Integer> files = References.files(slices);
    for (DicomSlice slice : slices) {
      Object[] at = DcmtkRequest.decimals(slice.position());
      request.line("place", files.get(slice.file()), slice.frame(), at[0], at[1], at[2]);
    }
  }

  /** mm between the planes of neighbours; the thickness of a lone slice. */
  private static double between(List<DicomSlice> slices) {
    DicomSlice first = slices.get(0);
    if (slices.size() == 1) {
      return first.thickness() > 0 ? first.thickness() : 1;
    }
    double[] last = slices.get(slices.size() - 1).position();
    double[] o = first.orientation();
    double[] normal = {
      o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]
    };
    double along = 0;
    for (int i = 0; i < 3; i++) {
      along += normal[i] * (last[i] - first.position()[i]);
    }
    return Math.abs(along) / (slices.size() - 1);
  }
}
