package io.t3d.data.dicomweb.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MultipartReaderTest {
  private static final String B = "b0";

  /** Gives a few bytes at a time, as a network does. */
  private static InputStream slowly(byte[] bytes, int most) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] buffer, int offset, int length) {
        return super.read(buffer, offset, Math.min(length, most));
      }
    };
  }

  private static List<byte[]> parts(byte[] body, int most, long longest) throws IOException {
    MultipartReader reader = new MultipartReader(slowly(body, most), B);
    List<byte[]> out = new ArrayList<>();
    while (reader.next().isPresent()) {
      ByteArrayOutputStream part = new ByteArrayOutputStream();
      long bytes = reader.content(part, longest);
      assertThat(part.size()).isLessThanOrEqualTo((int) longest);
      if (bytes > longest) {
        return out; // what was cut off is not a part
      }
      assertThat(bytes).isEqualTo(part.size());
      out.add(part.toByteArray());
    }
    assertThat(reader.next()).isEmpty();
    return out;
  }

  private static byte[] body(String preamble, List<byte[]> parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(preamble.getBytes(StandardCharsets.ISO_8859_1));
    for (byte[] part : parts) {
      out.writeBytes(
          ("--" + B + "\r\nContent-Type: application/dicom\r\n\r\n")
              .getBytes(StandardCharsets.ISO_8859_1));
      out.writeBytes(part);
      out.writeBytes("\r\n".getBytes(StandardCharsets.ISO_8859_1));
    }
    out.writeBytes(("--" + B + "--\r\n").getBytes(StandardCharsets.ISO_8859_1));
    return out.toByteArray();
  }

  @Test
  void partsComeOutAsTheyWentInHoweverTheyArrive() throws IOException {
    Random random = new Random(3);
    List<byte[]> parts = new ArrayList<>();
    parts.add(new byte[0]);
    for (int size : new int[] {1, 2, 65_536, 65_535, 200_001}) {
      byte[] part = new byte[size];
      random.nextBytes(part);
      parts.add(part);
    }
    // What looks nearly like a boundary.
    parts.add("\r\n--b\r\n--b1\r\n-\r\r\n--".getBytes(StandardCharsets.ISO_8859_1));
    for (String preamble : new String[] {"", "\r\n", "this is ignored\r\n"}) {
      for (int most : new int[] {1 << 20, 7, 1}) {
        assertThat(parts(body(preamble, parts), most, 1 << 20)).containsExactlyElementsOf(parts);
      }
    }
    assertThat(parts(body("", List.of()), 3, 10)).isEmpty();
  }

  @Test
  void anAnswerThatIsCutAnywhereIsAnError() {
    byte[] whole = body("", List.of(new byte[50], new byte[20]));
    for (int length = 0; length < whole.length - 4; length++) {
      byte[] cut = java.util.Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> parts(cut, 11, 100)).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void boundsAreKept() throws IOException {
    byte[] big = body("", List.of(new byte[100], new byte[101], new byte[5]));
    assertThat(parts(big, 1000, 100)).containsExactly(new byte[100]);
    assertThat(parts(big, 1000, 101)).hasSize(3);
    byte[] heads = ("--" + B + "\r\n" + "X: y\r\n".repeat(5000)).getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> parts(heads, 1000, 100))
        .isInstanceOf(MultipartReader.MalformedException.class)
        .hasMessageContaining("headers exceed 16384");
    byte[] noise = "x".repeat(100_000).getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> parts(noise, 1000, 1 << 20))
        .isInstanceOf(MultipartReader.MalformedException.class)
        .hasMessageContaining("precedes the first part");
  }

  @Test
  void theBoundaryIsReadFromTheHeader() {
    assertThat(
            MultipartReader.boundary("multipart/related; type=\"application/dicom\"; boundary=a-b"))
        .contains("a-b");
    assertThat(MultipartReader.boundary("Multipart/Related; BOUNDARY=\"a b\"; x=y"))
        .contains("a b");
    assertThat(MultipartReader.boundary("multipart/related")).isEmpty();
    assertThat(MultipartReader.boundary("text/html; boundary=a")).isEmpty();
    assertThat(MultipartReader.boundary("")).isEmpty();
  }
}
