package io.t3d.data.prepare;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.data.manifest.ManifestRow;
import java.io.FileNotFoundException;
import java.nio.file.NoSuchFileException;

/** A pair could not be loaded while batches were prepared; the message names its row and file. */
public class DataLoadingException extends T3dException {
  private static final long serialVersionUID = 1L;

  /**
   * Names the row and the file.
   *
   * @param row the pair
   * @param cause what went wrong
   */
  public DataLoadingException(ManifestRow row, Throwable cause) {
    super(
        kind(cause),
        row
            + " could not be loaded: "
            + reason(cause)
            + "; VolumeReportDataset.check finds all bad rows before training",
        cause);
  }

  public DataLoadingException(String message, Throwable cause) {
    super(kind(cause), message, cause);
  }

  /** That of the cause; a volume that cannot be loaded is wrong, unless memory or time ran out. */
  private static Kind kind(Throwable cause) {
    if (cause instanceof HasKind known) {
      return known.kind();
    }
    return cause instanceof Error || cause instanceof InterruptedException
        ? Kind.ENVIRONMENT
        : Kind.INPUT;
  }

  /** What went wrong, in words. */
  public static String reason(Throwable cause) {
    String message = cause.getMessage();
    if (cause instanceof NoSuchFileException || cause instanceof FileNotFoundException) {
      return "no such file: " + message;
    }
    boolean speaks = message != null && message.contains(" ");
    return speaks
        ? message
        : cause.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }
}
