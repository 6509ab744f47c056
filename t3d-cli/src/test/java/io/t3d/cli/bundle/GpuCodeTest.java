package io.t3d.cli.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On files of the form that CUDA's libraries have, made here. */
class GpuCodeTest {
  private static final int CODE = 2;
  private static final int PTX = 1;
  private static final int ENTRY_HEADER = 64;

  @TempDir Path dir;
  private final ByteBuffer file = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

  /** Starts a fat binary; returns where it begins. */
  private int begin(int at) {
    file.position(at);
    file.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16).putLong(0);
    return at;
  }

  /** Adds an entry whose payload is its architecture's number over and over; returns its place. */
  private int entry(int kind, int architecture, int size) {
    int at = file.position();
    file.putShort((short) kind).putShort((short) 0x101).putInt(ENTRY_HEADER).putLong(size);
    file.putInt(0).putInt(0).putShort((short) 0).putShort((short) 0).putInt(architecture);
    file.position(at + ENTRY_HEADER);
    byte[] payload = new byte[size];
    Arrays.fill(payload, (byte) architecture);
    file.put(payload);
    return at + ENTRY_HEADER;
  }

  private void end(int begin) {
    file.putLong(begin + 8, file.position() - begin - 16);
  }

  private byte[] prune(GpuCode.Pruned expected) throws IOException {
    Path in = Files.write(dir.resolve("in.so"), file.array());
    Path out = dir.resolve("out.so");
    assertThat(GpuCode.prune(in, out, 90)).isEqualTo(expected);
    assertThat(in).as("the source").hasBinaryContent(file.array());
    return Files.readAllBytes(out);
  }

  private byte[] blank(int... places) {
    byte[] expected = file.array().clone();
    for (int i = 0; i < places.length; i += 2) {
      Arrays.fill(expected, places[i], places[i] + places[i + 1], (byte) 0);
    }
    return expected;
  }

  @Test
  void onlyThePayloadOfOtherArchitecturesIsBlanked() throws IOException {
    int begin = begin(64);
    int old = entry(CODE, 80, 40);
    entry(CODE, 90, 56);
    int ptx = entry(PTX, 90, 24);
    end(begin);
    assertThat(prune(new GpuCode.Pruned(1, 56, 64))).isEqualTo(blank(old, 40, ptx, 24));
  }

  @Test
  void aBinaryWithoutTheArchitectureStaysAsItIs() throws IOException {
    int first = begin(0);
    entry(CODE, 80, 40);
    entry(PTX, 90, 24); // not machine code
    end(first);
    int second = begin(512);
    int old = entry(CODE, 70, 16);
    entry(CODE, 90, 16);
    end(second);
    assertThat(prune(new GpuCode.Pruned(2, 80, 16))).isEqualTo(blank(old, 16));
  }

  @Test
  void whatOnlyLooksLikeABinaryIsLeftAlone() throws IOException {
    file.putInt(0, 0xBA55ED50); // no version
    int begin = begin(128);
    entry(CODE, 80, 40);
    file.putLong(begin + 8, 1L << 40); // reaches beyond the file
    file.putInt(file.limit() - 4, 0xBA55ED50); // no room for a header
    assertThat(prune(new GpuCode.Pruned(0, 0, 0))).isEqualTo(file.array());
  }

  @Test
  void anEntryThatReachesBeyondItsBinaryEndsIt() throws IOException {
    int begin = begin(0);
    int old = entry(CODE, 80, 40);
    entry(CODE, 90, 40);
    int broken = file.position();
    entry(CODE, 75, 40);
    end(begin);
    file.putLong(broken + 8, 1L << 33);
    assertThat(prune(new GpuCode.Pruned(1, 40, 40))).isEqualTo(blank(old, 40));
  }
}
