package io.t3d.data.dicom;

import io.t3d.data.dicom.internal.DcmtkRequest;

/**
 * The program that made a result, as DICOM names it.
 *
 * @param name model or algorithm, at most 64 characters are kept
 * @param version of the program
 * @param serial tells one trained model from another, e.g. a part of a hash of its weights
 */
public record DicomSoftware(String name, String version, String serial) {
  private static final int LONG = 64;

  /** Cuts what is too long for DICOM. */
  public DicomSoftware {
    name = some("name", name);
    version = some("version", version);
    serial = some("serial", serial);
  }

  private static String some(String what, String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("DicomSoftware." + what + " must not be blank");
    }
    return DcmtkRequest.cut(text.strip(), LONG);
  }

  Object[] fields() {
    return new Object[] {name, version, serial};
  }
}
