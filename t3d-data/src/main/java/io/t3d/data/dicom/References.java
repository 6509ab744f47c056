package io.t3d.data.dicom;

import io.t3d.data.dicom.internal.DcmtkRequest;
import io.t3d.data.itk.DicomSeries;
import io.t3d.data.itk.DicomSlice;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is alike in requests for segmentations and reports. */
final class References {
  private References() {}

  static DcmtkRequest of(
      DicomSeries series,
      List<DicomSlice> slices,
      String kind,
      int offset,
      DicomSoftware software) {
    DcmtkRequest request = new DcmtkRequest().line("kind", kind);
    request.line("software", software.fields());
    request.line("series", Math.min(series.number().orElse(0), 9_999_999) * 100L + offset);
    Map<Path, DicomSlice> byFile = new LinkedHashMap<>();
    slices.forEach(slice -> byFile.putIfAbsent(slice.file(), slice));
    byFile.forEach(
        (file, s) -> request.line("file", file.toAbsolutePath(), s.sopClass(), s.sopInstance()));
    return request;
  }

  /** The number of each file's line. */
  static Map<Path, Integer> files(List<DicomSlice> slices) {
    Map<Path, Integer> files = new LinkedHashMap<>();
    slices.forEach(slice -> files.putIfAbsent(slice.file(), files.size()));
    return files;
  }
}
