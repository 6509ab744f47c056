package io.t3d.pipeline.internal;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.internal.cuda.DeviceMemory;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/** Tells whose an error is and what it says to them, alike for the command and the service. */
public final class Errors {
  private Errors() {}

  /**
   * Whose error it is, by its type; empty when it is ours. Memory that ran out in libtorch is told
   * by its message: DJL has one type for all errors of libtorch.
   */
  public static Optional<Kind> kind(Throwable e) {
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

  /** What is wrong and the likely fix, in one line; for errors that have a kind. */
  public static String describe(Throwable e) {
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
