package io.t3d.data.io.internal;

import io.t3d.core.internal.PointerFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/** Recognises file types by their first bytes. */
public enum FileSign {
  /** No byte at all. */
  EMPTY,
  /** DICOM that may hold an image. */
  DICOM,
  /** DICOM of a class without images: an index, a report, a plan. */
  DICOM_OTHER,
  /** NIfTI-1 or NIfTI-2, not packed. */
  NIFTI,
  /** NIfTI in gzip. */
  NIFTI_GZIP,
  /** NRRD. */
  NRRD,
  /** MetaImage. */
  META,
  /** The text that stands for a file which Git LFS or git-annex has not brought. */
  POINTER,
  /** Text. */
  TEXT,
  /** Anything else. */
  UNKNOWN;

  private static final int LOOK = 1024;
  private static final int PREAMBLE = 128;

  /** Media storage classes without an image: index, reports, presentation, plans, documents. */
  private static final Pattern NO_IMAGE =
      Pattern.compile(
          "1\\.2\\.840\\.10008\\.(1\\.3\\.10|5\\.1\\.4\\.1\\.1\\.(88|11|104|9)(\\..*)?"
              + "|5\\.1\\.4\\.1\\.1\\.481\\.[34589])");

  /** Reads the first kilobyte. */
  public static FileSign of(Path file) throws IOException {
    if (PointerFiles.problem(file).isPresent()) {
      return POINTER;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(LOOK);
      return isGzip(head) && of(unpacked(head)) == NIFTI ? NIFTI_GZIP : of(head);
    }
  }

  private static boolean isGzip(byte[] head) {
    return head.length > 2 && (head[0] & 0xff) == 0x1f && (head[1] & 0xff) == 0x8b;
  }

  /** As much as the first bytes of a gzip hold; nothing when they are damaged. */
  private static byte[] unpacked(byte[] head) {
    byte[] out = new byte[LOOK];
    int size = 0;
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(head))) {
      for (int n = 0; n >= 0 && size < LOOK; n = in.read(out, size, LOOK - size)) {
        size += n;
      }
    } catch (IOException e) {
      // The rest of the file is missing here.
    }
    return Arrays.copyOf(out, size);
  }

  static FileSign of(byte[] head) {
    if (head.length == 0) {
      return EMPTY;
    }
    if (startsWith(head, PREAMBLE, "DICM")) {
      return NO_IMAGE.matcher(mediaStorage(head)).matches() ? DICOM_OTHER : DICOM;
    }
    if (isBareDicom(head)) {
      return DICOM;
    }
    if (startsWith(head, 344, "n+1\0") || startsWith(head, 4, "n+2\0")) {
      return NIFTI;
    }
    if (startsWith(head, 0, "NRRD000")) {
      return NRRD;
    }
    if (startsWith(head, 0, "ObjectType = Image")) {
      return META;
    }
    return isText(head) ? TEXT : UNKNOWN;
  }

  private static boolean startsWith(byte[] head, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return head.length >= at + bytes.length
        && Arrays.equals(head, at, at + bytes.length, bytes, 0, bytes.length);
  }

  /** Media Storage SOP Class UID (0002,0002); empty when it is not among the first elements. */
  private static String mediaStorage(byte[] head) {
    int at = PREAMBLE + 4;
    while (at + 8 <= head.length && head[at] == 2 && head[at + 1] == 0) {
      String vr = new String(head, at + 4, 2, StandardCharsets.ISO_8859_1);
      boolean wide = vr.equals("OB") || vr.equals("UN") || vr.equals("OW");
      int length = wide ? 0 : (head[at + 6] & 0xff) | (head[at + 7] & 0xff) << 8;
      int from = at + (wide ? 12 : 8);
      if (wide && at + 12 <= head.length) {
        length = (head[at + 8] & 0xff) | (head[at + 9] & 0xff) << 8; // others are damaged
      }
      if (head[at + 2] == 2 && head[at + 3] == 0 && from + length <= head.length) {
        return new String(head, from, length, StandardCharsets.ISO_8859_1)
            .replace("\0", "")
            .strip();
      }
      at = from + length;
    }
    return "";
  }

  /** A data set without preamble, as old tools write it: three elements of group 8, in order. */
  private static boolean isBareDicom(byte[] head) {
    int at = 0;
    int before = -1;
    for (int i = 0; i < 3; i++) {
      if (at + 8 > head.length || head[at] != 8 || head[at + 1] != 0) {
        return false;
      }
      int element = number(head, at + 2);
      boolean explicit = isUpper(head[at + 4]) && isUpper(head[at + 5]);
      int length = number(head, at + (explicit ? 6 : 4));
      boolean wide = !explicit && number(head, at + 6) != 0;
      if (element <= before || wide || length % 2 != 0) {
        return false;
      }
      before = element;
      at += 8 + length;
    }
    return true;
  }

  private static int number(byte[] head, int at) {
    return (head[at] & 0xff) | (head[at + 1] & 0xff) << 8;
  }

  private static boolean isUpper(byte b) {
    return b >= 'A' && b <= 'Z';
  }

  private static boolean isText(byte[] head) {
    for (byte b : head) {
      boolean control = b >= 0 && b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f';
      if (control || b == 127) {
        return false;
      }
    }
    return true;
  }
}
