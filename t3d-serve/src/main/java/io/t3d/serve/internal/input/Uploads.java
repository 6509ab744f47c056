package io.t3d.serve.internal.input;

import io.t3d.data.io.internal.format.NiftiReader;
import io.t3d.serve.config.UploadLimits;
import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.input.RequestVolume.Uploaded;
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.http.Part;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Enumeration;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Takes volumes in: NIfTI, plain or in gzip, or a zip of DICOM files. What it is is told by the
 * first bytes, not by a name.
 *
 * <p>Bounds hold before anything is read into memory: a body is counted while it arrives, a zip
 * while it is unpacked, and a gzip by what its header claims, or where it has none by unpacking it
 * once.
 */
public final class Uploads {
  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] ZIP = {'P', 'K'};
  private static final Set<Integer> NIFTI = Set.of(348, 540);

  private static final String RAW = "upload";

  private final UploadLimits limits;

  /** Takes in what is within the bounds. */
  public Uploads(UploadLimits limits) {
    this.limits = limits;
  }

  /**
   * Refuses a body that says itself that it is too large.
   *
   * @param length of the body; negative when it does not say
   */
  public void requireLength(long length) {
    body(Deadline.in(Duration.ofDays(1))).require(length);
  }

  /**
   * Takes a volume in.
   *
   * @param in the volume's bytes
   * @param folder of the request
   * @throws Refusal when it is too large, or not a volume
   */
  public Uploaded take(InputStream in, Path folder, Deadline deadline) throws IOException {
    Path raw = folder.resolve(RAW);
    body(deadline).copy(inTime(in, deadline), raw);
    return sort(raw, folder, deadline);
  }

  /**
   * The same of a part of a form.
   *
   * @param part was read with {@link #formSettings}
   */
  public Uploaded take(Part part, Path folder, Deadline deadline) throws IOException {
    part.write(RAW);
    return sort(folder.resolve(RAW), folder, deadline);
  }

  /** A body that ends with a refusal where it is too large or too slow. */
  public InputStream bounded(InputStream in, Deadline deadline) {
    BoundedCopy bound = body(deadline);
    return new FilterInputStream(inTime(in, deadline)) {
      @Override
      public int read() throws IOException {
        int got = super.read();
        bound.take(got < 0 ? 0 : 1);
        return got;
      }

      @Override
      public int read(byte[] buffer, int from, int most) throws IOException {
        int got = super.read(buffer, from, most);
        bound.take(Math.max(0, got));
        return got;
      }
    };
  }

  /** A body that ends with a refusal where its connection falls silent: the client's fault. */
  private static InputStream inTime(InputStream in, Deadline deadline) {
    return new FilterInputStream(in) {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
      }

      @Override
      public int read(byte[] buffer, int from, int most) throws IOException {
        try {
          return in.read(buffer, from, most);
        } catch (IOException e) {
          if (e.getCause() instanceof TimeoutException) {
            throw deadline.slowClient();
          }
          throw e;
        }
      }
    };
  }

  /**
   * How a form is read: into files of the request's folder; {@link #bounded} bounds it.
   *
   * @param folder of the request
   */
  public MultipartConfigElement formSettings(Path folder) {
    return new MultipartConfigElement(folder.toString(), -1, -1, 0);
  }

  private BoundedCopy body(Deadline deadline) {
    return new BoundedCopy(limits.bytes(), "a request's body", deadline);
  }

  private BoundedCopy unpacked(Deadline deadline) {
    return new BoundedCopy(limits.unpackedBytes(), "what a request unpacks to", deadline);
  }

  private Uploaded sort(Path raw, Path folder, Deadline deadline) throws IOException {
    byte[] first = first(raw);
    if (startsWith(first, GZIP)) {
      Path file = Files.move(raw, folder.resolve("volume.nii.gz"));
      requireBoundedGzip(file, deadline);
      return new Uploaded(file, folder);
    }
    if (startsWith(first, ZIP)) {
      Path files = Files.createDirectory(folder.resolve("volume.zip"));
      unzip(raw, files, deadline);
      Files.delete(raw);
      return new Uploaded(files, folder);
    }
    if (first.length == 4 && (NIFTI.contains(asInt(first)) || NIFTI.contains(swapped(first)))) {
      return new Uploaded(Files.move(raw, folder.resolve("volume.nii")), folder);
    }
    throw Refusal.of(
        415,
        first.length == 0
            ? "the request has no volume: send NIfTI (.nii, .nii.gz) or a zip of DICOM files as"
                + " the body or as the part \"volume\", or {\"path\": …} or {\"dicomWeb\": …} as JSON"
            : "the body is neither NIfTI (.nii, .nii.gz) nor a zip of DICOM files; send one of"
                + " these, or JSON as application/json");
  }

  private static byte[] first(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(4);
    }
  }

  private static boolean startsWith(byte[] bytes, byte[] sign) {
    return bytes.length >= 2 && bytes[0] == sign[0] && bytes[1] == sign[1];
  }

  private static int asInt(byte[] b) {
    return Byte.toUnsignedInt(b[0])
        | Byte.toUnsignedInt(b[1]) << 8
        | Byte.toUnsignedInt(b[2]) << 16
        | b[3] << 24;
  }

  private static int swapped(byte[] b) {
    return Integer.reverseBytes(asInt(b));
  }

  private void requireBoundedGzip(Path file, Deadline deadline) throws IOException {
    BoundedCopy bound = unpacked(deadline);
    long claimed;
    try {
      claimed = NiftiReader.claimedBytes(file);
    } catch (IOException | ArithmeticException e) {
      count(file, bound); // its reader will say what is wrong with it
      return;
    }
    bound.require(claimed);
  }

  private static void count(Path file, BoundedCopy bound) throws IOException {
    InputStream packed = Files.newInputStream(file);
    try (packed;
        InputStream in = new GZIPInputStream(packed)) {
      bound.count(in);
    } catch (java.io.EOFException | ZipException e) {
      return; // damaged: its reader says how
    }
  }

  private void unzip(Path raw, Path target, Deadline deadline) throws IOException {
    BoundedCopy bound = unpacked(deadline);
    try (ZipFile zip = new ZipFile(raw.toFile())) {
      if (zip.size() > limits.entries()) {
        throw Refusal.tooLarge(
            "a zip must have at most "
                + limits.entries()
                + " entries, got "
                + zip.size()
                + "; send one series");
      }
      for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        Path file = inside(target, entry.getName());
        if (!entry.isDirectory()) {
          Files.createDirectories(file.getParent());
          try (InputStream in = zip.getInputStream(entry)) {
            bound.copy(in, file);
          }
        }
      }
    } catch (ZipException | EOFException e) {
      throw Refusal.of(422, "the zip is damaged: " + e.getMessage() + "; make it anew");
    } catch (FileSystemException e) {
      throw notFiles(e);
    }
  }

  /** Without the name, which may be a patient's. */
  private static RuntimeException notFiles(FileSystemException e) throws IOException {
    String reason = String.valueOf(e.getReason());
    if (reason.contains("space") || reason.contains("quota")) {
      throw new IOException(reason);
    }
    return Refusal.of(
        422,
        "the zip has entries whose names cannot be those of files: two that exclude each other, or"
            + " one that is too long; zip the series' own folder");
  }

  private static Path inside(Path target, String name) {
    Path file;
    try {
      file = target.resolve(name).normalize();
    } catch (InvalidPathException e) {
      throw leaving();
    }
    if (name.contains("\\") || !file.startsWith(target) || file.equals(target)) {
      throw leaving();
    }
    return file;
  }

  /** Without the name, which may be a patient's. */
  private static Refusal leaving() {
    return Refusal.of(
        422, "the zip has an entry whose name leads out of its folder; zip the series' own folder");
  }
}
