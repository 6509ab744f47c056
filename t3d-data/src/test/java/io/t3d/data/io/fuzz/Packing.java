package io.t3d.data.io.fuzz;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/** Compression inside a file: what lies before it, and how to look inside and close it again. */
enum Packing {
  /** Nothing that a mutation could unpack. */
  NONE,
  /** A gzip from the first byte on. */
  WHOLE_GZIP,
  /** A gzip after a text header, as in NRRD. */
  GZIP,
  /** A zlib stream after a text header, as in MetaImage. */
  ZLIB,
  /** A bare deflate stream after the file meta information, as in DICOM. */
  DICOM_DEFLATE;

  private static final int DICOM_META_START = 132;

  /** Whether the packed bytes are protected by a checksum that a reader must check. */
  boolean isSealed() {
    return this == WHOLE_GZIP || this == GZIP || this == ZLIB;
  }

  /** Whether the header's fields lie inside of the packed bytes. */
  boolean packsHeader() {
    return this == WHOLE_GZIP || this == DICOM_DEFLATE;
  }

  /** Where the packed bytes start; the file's length when there are none in this file. */
  int start(byte[] file) {
    return switch (this) {
      case NONE -> file.length;
      case WHOLE_GZIP -> 0;
      case GZIP -> indexOf(file, 0x1f, 0x8b);
      case ZLIB -> indexOf(file, 0x78, 0x9c, 0x01, 0xda, 0x5e);
      case DICOM_DEFLATE -> dicomDataset(file);
    };
  }

  byte[] unpack(byte[] file) {
    int start = start(file);
    ByteArrayInputStream in = new ByteArrayInputStream(file, start, file.length - start);
    try {
      return switch (this) {
        case NONE -> new byte[0];
        case WHOLE_GZIP, GZIP -> new GZIPInputStream(in).readAllBytes();
        case ZLIB -> new InflaterInputStream(in).readAllBytes();
        case DICOM_DEFLATE -> new InflaterInputStream(in, new Inflater(true)).readAllBytes();
      };
    } catch (IOException e) {
      throw new UncheckedIOException("A sample must be sound", e);
    }
  }

  /** The file with other content in its packed part. */
  byte[] repack(byte[] file, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(file, 0, start(file));
    try (DeflaterOutputStream deflate =
        switch (this) {
          case WHOLE_GZIP, GZIP -> new GZIPOutputStream(out);
          case ZLIB -> new DeflaterOutputStream(out);
          case NONE, DICOM_DEFLATE ->
              new DeflaterOutputStream(out, new Deflater(Deflater.DEFAULT_COMPRESSION, true));
        }) {
      deflate.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** Where {@code first} followed by one of {@code second} stands, after an empty line or at 0. */
  private static int indexOf(byte[] file, int first, int... second) {
    for (int i = 0; i + 1 < file.length; i++) {
      int next = file[i + 1] & 0xff;
      boolean lineStart = i == 0 || file[i - 1] == '\n';
      if (lineStart
          && (file[i] & 0xff) == first
          && Arrays.stream(second).anyMatch(s -> s == next)) {
        return i;
      }
    }
    return file.length;
  }

  /** The file meta information tells its own length in its first element. */
  private static int dicomDataset(byte[] file) {
    int length = 0;
    for (int i = 3; i >= 0; i--) {
      length = (length << 8) | (file[DICOM_META_START + 8 + i] & 0xff);
    }
    return DICOM_META_START + 12 + length;
  }
}
