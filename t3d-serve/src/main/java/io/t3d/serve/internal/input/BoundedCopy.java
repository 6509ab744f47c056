package io.t3d.serve.internal.input;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Copies streams into files, up to a bound and a deadline. */
final class BoundedCopy {
  private static final int BUFFER = 1 << 16;

  private final long most;
  private final String what;
  private final Deadline deadline;
  private long done;

  /**
   * A bound for all copies together.
   *
   * @param most bytes
   * @param what it bounds, for the refusal
   */
  BoundedCopy(long most, String what, Deadline deadline) {
    this.most = most;
    this.what = what;
    this.deadline = deadline;
  }

  /** Copies a stream to its end. */
  void copy(InputStream in, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      copy(in, out);
    }
  }

  /** Reads a stream to its end. */
  void count(InputStream in) throws IOException {
    copy(in, OutputStream.nullOutputStream());
  }

  private void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
      take(got);
      out.write(buffer, 0, got);
    }
  }

  /** Counts bytes that have come. */
  void take(int bytes) {
    done += bytes;
    require(done);
    if (deadline.isPast()) {
      throw deadline.slowClient();
    }
  }

  /** Refuses more than the bound. */
  void require(long bytes) {
    if (bytes > most) {
      throw Refusal.tooLarge(
          what + " must be at most " + most + " bytes, got more; send less, or raise the bound");
    }
  }
}
