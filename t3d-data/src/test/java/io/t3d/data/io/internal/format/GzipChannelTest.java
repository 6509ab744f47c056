package io.t3d.data.io.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the JDK's inflater; {@link GzipChannelIsalTest} repeats it with ISA-L's. */
class GzipChannelTest {
  private static final int PLAIN_HEADER = 10;

  @TempDir Path dir;

  RawInflater inflater() {
    return new RawInflater.Jdk();
  }

  private byte[] unpack(byte[] gzip, int bufferSize) throws IOException {
    Path file = Files.write(dir.resolve("data.gz"), gzip);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocateDirect(bufferSize);
    try (GzipChannel in = new GzipChannel(file, inflater())) {
      while (in.read(buffer.clear()) >= 0) {
        byte[] bytes = new byte[buffer.flip().remaining()];
        buffer.get(bytes);
        all.write(bytes);
      }
    }
    return all.toByteArray();
  }

  /** Half noise, half runs: stored and compressed blocks, larger than all buffers. */
  private static byte[] data() {
    byte[] data = new byte[300_000];
    new Random(3).nextBytes(data);
    Arrays.fill(data, 100_000, 250_000, (byte) 7);
    return data;
  }

  @Test
  void membersFollowEachOtherAtAnyBufferSize() throws IOException {
    byte[] data = data();
    byte[] empty = {};
    byte[] gzip = NiftiFiles.gzip(Arrays.copyOf(data, 70_000), empty, tail(data, 70_000));
    for (int size : new int[] {1, 4096, 1 << 16, 1 << 20}) {
      assertThat(unpack(gzip, size)).isEqualTo(data);
    }
  }

  @Test
  void allFieldsOfTheHeaderAreSkipped() throws IOException {
    byte[] gzip = NiftiFiles.gzip("hello".getBytes(StandardCharsets.US_ASCII));
    byte[] header = gzip.clone();
    header[3] = 2 + 4 + 8 + 16; // its CRC, extra field, name, comment
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(header, 0, PLAIN_HEADER);
    out.writeBytes(new byte[] {3, 0, 9, 9, 9});
    out.writeBytes("name\0comment\0".getBytes(StandardCharsets.US_ASCII));
    CRC32 crc = new CRC32();
    crc.update(out.toByteArray());
    out.write((int) crc.getValue());
    out.write((int) crc.getValue() >> 8);
    int sumAt = out.size() - 2;
    out.writeBytes(tail(gzip, PLAIN_HEADER));
    byte[] full = out.toByteArray();
    assertThat(unpack(full, 100)).asString().isEqualTo("hello");
    full[sumAt] ^= 1;
    assertThatThrownBy(() -> unpack(full, 100))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(message("Corrupt GZIP header"));
  }

  @Test
  void bytesAfterTheLastMemberAreIgnored() throws IOException {
    byte[] gzip = NiftiFiles.gzip(data());
    for (byte[] garbage : new byte[][] {{0, 0, 0}, {0x1f}, {0x1f, 0}, new byte[100_000]}) {
      byte[] longer = Arrays.copyOf(gzip, gzip.length + garbage.length);
      System.arraycopy(garbage, 0, longer, gzip.length, garbage.length);
      assertThat(unpack(longer, 1 << 16)).isEqualTo(data());
    }
  }

  @Test
  void aWrongSumLengthOrEndIsAnError() throws IOException {
    byte[] gzip = NiftiFiles.gzip(data());
    for (int fromEnd : new int[] {8, 5, 4, 1}) {
      byte[] wrong = gzip.clone();
      wrong[gzip.length - fromEnd] ^= 1;
      assertThatThrownBy(() -> unpack(wrong, 1 << 16)).hasMessage(message("Corrupt GZIP trailer"));
    }
    assertThatThrownBy(() -> unpack(Arrays.copyOf(gzip, gzip.length - 1), 1 << 16))
        .hasMessage(message("Unexpected end of GZIP data"));
    assertThatThrownBy(() -> unpack(Arrays.copyOf(gzip, gzip.length / 2), 1 << 16))
        .hasMessage(message("Unexpected end of ZLIB input stream"));
    byte[] notGzip = {'n', 'o'};
    assertThatThrownBy(() -> unpack(notGzip, 9)).hasMessage(message("Not in GZIP format"));
  }

  @Test
  void aFileThatIsNotPackedIsSaidToBeThat() {
    byte[] nifti1 = {0x5c, 1, 0, 0, 9, 9};
    byte[] nifti2 = {0, 0, 2, 0x1c, 9, 9};
    for (byte[] plain : new byte[][] {nifti1, nifti2}) {
      assertThatThrownBy(() -> unpack(plain, 9))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(
              dir.resolve("data.gz")
                  + ": its name says gzip, but it is plain NIfTI, not packed; rename it to data");
    }
    assertThatThrownBy(() -> unpack(new byte[] {'P', 'K', 3, 4, 0}, 9))
        .hasMessageEndingWith(": its name says gzip, but it is a zip archive; unpack that");
  }

  private String message(String what) {
    return dir.resolve("data.gz")
        + ": the gzip data is damaged or truncated ("
        + what
        + "); copy the file again";
  }

  private static byte[] tail(byte[] bytes, int from) {
    return Arrays.copyOfRange(bytes, from, bytes.length);
  }
}
