package io.t3d.cli;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.internal.cuda.DeviceMemory;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * Tells the user of an error: in one line what to mend, or that it is a bug and where to report it.
 */
final class ErrorReport {
  private static final String BUG =
      "This looks like a bug in t3d. Please report it with the lines above, but without anything"
          + " that names a patient, at https://github.com/t3d-java/t3d/issues";

  private ErrorReport() {}

  /**
   * Prints an error.
   *
   * @param debug whether the stack trace is printed although the user can mend it
   */
  static void print(Throwable e, boolean debug, PrintWriter err) {
    boolean bug = kind(e).isEmpty();
    String text = bug ? e.toString() : describe(e);
    err.println("error: " + text + localeHint(text, System.getProperty("sun.jnu.encoding", "")));
    if (bug || debug) {
      e.printStackTrace(err);
    }
    if (bug) {
      err.println(BUG);
    }
    err.flush();
  }

  /**
   * A word on the locale where it may be the cause: under LC_ALL=C Java cannot name files whose
   * names are not ASCII.
   *
   * @param names how this JVM encodes names of files
   */
  static String localeHint(String text, String names) {
    boolean concerned =
        text.contains("Malformed input")
            || text.contains("unmappable")
            || (text + System.getProperty("user.dir")).chars().anyMatch(c -> c > 127);
    return concerned && !names.isEmpty() && !names.equalsIgnoreCase("UTF-8")
        ? "; the locale's names of files are " + names + ", set LC_ALL=C.UTF-8 and run it again"
        : "";
  }

  /**
   * Whose error it is, by its type; empty when it is ours. Memory that ran out in libtorch is told
   * by its message: DJL has one type for all errors of libtorch.
   */
  static Optional<Kind> kind(Throwable e) {
    if (e instanceof HasKind known) {
      return Optional.of(known.kind());
    }
    if (e instanceof UncheckedIOException io) {
      return kind(io.getCause());
    }
    if (e instanceof FileSystemException
        || e instanceof FileNotFoundException
        || e instanceof InvalidPathException) {
      return Optional.of(Kind.INPUT);
    }
    if (e instanceof RuntimeException && DeviceMemory.exhausted(e).isPresent()) {
      return Optional.of(Kind.ENVIRONMENT);
    }
    // What remains of these is the world outside: a full disk, a broken pipe, no memory.
    return e instanceof IOException || e instanceof OutOfMemoryError
        ? Optional.of(Kind.ENVIRONMENT)
        : Optional.empty();
  }

  private static String describe(Throwable e) {
    if (e instanceof UncheckedIOException io) {
      return describe(io.getCause());
    }
    if (e instanceof NoSuchFileException) {
      return "no such file or folder: " + e.getMessage();
    }
    if (e instanceof AccessDeniedException) {
      return "no permission to read or write: " + e.getMessage();
    }
    if (e instanceof OutOfMemoryError) {
      return "out of memory: "
          + e.getMessage()
          + "; give Java more with T3D_JAVA_OPTS=-Xmx8g, or lower the batch size";
    }
    if (!(e instanceof HasKind)) {
      Optional<String> full = DeviceMemory.exhausted(e);
      if (full.isPresent()) {
        return full.get()
            + "; end other programs that use it, lower the batch size, or take another device with"
            + " --device";
      }
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
