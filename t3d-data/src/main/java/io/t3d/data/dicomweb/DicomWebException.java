package io.t3d.data.dicomweb;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import java.io.IOException;

/** An archive cannot be reached, refuses, or does not answer as DICOMweb says. */
public final class DicomWebException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * An error with its explanation.
   *
   * @param status of HTTP; 0 when there was no answer, or one that is none of DICOMweb
   * @param message names neither a patient nor a password
   */
  public DicomWebException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** The same with the cause. */
  public DicomWebException(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** The status of HTTP; 0 when there was no answer, or one that is none of DICOMweb. */
  public int status() {
    return status;
  }

  @Override
  public T3dException.Kind kind() {
    return T3dException.Kind.ENVIRONMENT;
  }
}
