package io.t3d.data.dicomweb;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An archive cannot be reached, refuses, or does not answer as DICOMweb says. */
public final class DicomWebException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final Reason reason;

  /** What went wrong, where a program may wish to tell it apart. */
  public enum Reason {
    /** The archive does not have what was asked for. */
    NOT_THERE,
    /** It did not answer, or not to the end, in time. */
    TIMED_OUT,
    /** What it sends exceeds a bound. */
    TOO_LARGE,
    /** Anything else: no connection, refused credentials, an answer that is none of DICOMweb. */
    OTHER
  }

  /**
   * An error with its explanation.
   *
   * @param status of HTTP; 0 when there was no answer, or one that is none of DICOMweb
   * @param message names neither a patient nor a password
   */
  public DicomWebException(int status, String message) {
    super(message);
    this.status = status;
    this.reason = reasonOf(status);
  }

  /** The same with the cause. */
  public DicomWebException(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
    this.reason = reasonOf(status);
  }

  /** An error without an answer that tells why. */
  DicomWebException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = 0;
    this.reason = reason;
  }

  private static Reason reasonOf(int status) {
    return switch (status) {
      case 404, 410 -> Reason.NOT_THERE;
      case 408, 504 -> Reason.TIMED_OUT;
      default -> Reason.OTHER;
    };
  }

  /** What went wrong. */
  public Reason reason() {
    return reason;
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
