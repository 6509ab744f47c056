package io.t3d.data.dicom;

import io.t3d.core.T3dException;
import io.t3d.data.dicom.internal.DcmtkRequest;
import io.t3d.data.dicom.internal.DcmtkWorker;
import io.t3d.data.itk.DicomSeries;
import io.t3d.data.itk.DicomSlice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes probabilities of findings as a DICOM structured report, an Enhanced SR after TID 1500: a
 * measurement group per finding, with "Certainty of Finding" (111012, DCM) in percent and the name
 * and version of the algorithm, and all images of the series in its library. It is complete and
 * unverified.
 *
 * @param findings at least one
 * @param software what made them
 * @param description for people, at most 64 characters are kept
 */
public record DicomReport(List<Finding> findings, DicomSoftware software, String description) {
  private static final int LONG = 64;

  /**
   * A finding.
   *
   * @param name as the model's prompts call it
   * @param code what it is
   * @param probability in [0, 1]; in the report in percent with four decimals
   */
  public record Finding(String name, DicomCode code, double probability) {
    /** Checks the range. */
    public Finding {
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalArgumentException(
            "Finding.probability must be in [0, 1], got " + probability + " for " + name);
      }
    }
  }

  /** Checks that there are findings. */
  public DicomReport {
    findings = List.copyOf(findings);
    if (findings.isEmpty()) {
      throw new IllegalArgumentException("DicomReport.findings must not be empty");
    }
  }

  /**
   * Writes the report.
   *
   * @param series what it is about
   * @param out a file, replaced as a whole
   * @return its SOP Instance UID
   * @throws T3dException when the series lacks what a report refers to
   * @throws IOException when the file cannot be written
   */
  public String write(DicomSeries series, Path out) throws IOException {
    List<DicomSlice> slices = series.slices();
    DcmtkRequest request =
        References.of(series, slices, "sr", 2, software)
            .line("description", DcmtkRequest.cut(description, LONG));
    for (Finding f : findings) {
      request.line(
          "finding",
          DcmtkRequest.cut(f.name(), LONG),
          f.code().value(),
          f.code().scheme(),
          f.code().meaning(),
          DcmtkRequest.decimal(Math.round(f.probability() * 1e6) / 1e4));
    }
    return DcmtkWorker.create().write(request, slices.get(0).file(), out).sopInstance();
  }
}
