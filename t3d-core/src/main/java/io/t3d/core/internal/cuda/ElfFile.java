package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a shared library says of itself to the dynamic loader, read without loading it: the dynamic
 * section of a 64-bit little-endian ELF file (System V ABI, chapter 5).
 *
 * @param soname the name by which others ask for it
 * @param needed the names of the libraries that it asks for
 */
record ElfFile(Optional<String> soname, List<String> needed) {
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int DYNAMIC_ENTRY = 16;
  private static final int LONGEST_NAME = 256;
  private static final long MOST_HEADERS = 1 << 16;
  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;
  private static final long DT_NEEDED = 1;
  private static final long DT_STRTAB = 5;
  private static final long DT_SONAME = 14;

  /** A part of the file and the address that it is loaded to. */
  private record Segment(int type, long offset, long address, long size) {}

  /**
   * Reads a library.
   *
   * @return empty when the file is no such library
   * @throws IOException when it cannot be read
   */
  static Optional<ElfFile> read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header = bytes(channel, 0, HEADER);
      boolean elf64 =
          header.limit() == HEADER
              && header.getInt(0) == 0x464C457F // 0x7F E L F
              && header.get(4) == 2
              && header.get(5) == 1;
      return elf64 ? dynamic(channel, segments(channel, header)) : Optional.empty();
    }
  }

  private static List<Segment> segments(FileChannel channel, ByteBuffer header) throws IOException {
    long table = header.getLong(32);
    int count = Short.toUnsignedInt(header.getShort(56));
    ByteBuffer in = bytes(channel, table, count * PROGRAM_HEADER);
    List<Segment> out = new ArrayList<>();
    for (int at = 0; at + PROGRAM_HEADER <= in.limit(); at += PROGRAM_HEADER) {
      out.add(
          new Segment(in.getInt(at), in.getLong(at + 8), in.getLong(at + 16), in.getLong(at + 32)));
    }
    return out;
  }

  private static Optional<ElfFile> dynamic(FileChannel channel, List<Segment> segments)
      throws IOException {
    Optional<Segment> section = segments.stream().filter(s -> s.type() == PT_DYNAMIC).findFirst();
    if (section.isEmpty() || section.get().size() > MOST_HEADERS * DYNAMIC_ENTRY) {
      return Optional.empty();
    }
    ByteBuffer in = bytes(channel, section.get().offset(), (int) section.get().size());
    long names = -1;
    long soname = -1;
    List<Long> needed = new ArrayList<>();
    for (int at = 0; at + DYNAMIC_ENTRY <= in.limit(); at += DYNAMIC_ENTRY) {
      long tag = in.getLong(at);
      long value = in.getLong(at + 8);
      if (tag == DT_NEEDED) {
        needed.add(value);
      } else if (tag == DT_STRTAB) {
        names = offsetOf(value, segments);
      } else if (tag == DT_SONAME) {
        soname = value;
      }
    }
    if (names < 0) {
      return Optional.empty();
    }
    List<String> out = new ArrayList<>();
    for (long each : needed) {
      out.add(name(channel, names + each));
    }
    return Optional.of(
        new ElfFile(
            soname < 0 ? Optional.empty() : Optional.of(name(channel, names + soname)),
            List.copyOf(out)));
  }

  private static long offsetOf(long address, List<Segment> segments) {
    return segments.stream()
        .filter(s -> s.type() == PT_LOAD)
        .filter(s -> address >= s.address() && address < s.address() + s.size())
        .mapToLong(s -> address - s.address() + s.offset())
        .findFirst()
        .orElse(-1);
  }

  private static String name(FileChannel channel, long offset) throws IOException {
    ByteBuffer in = bytes(channel, offset, LONGEST_NAME);
    int end = 0;
    while (end < in.limit() && in.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end];
    in.get(0, text);
    return new String(text, StandardCharsets.UTF_8);
  }

  /** Bytes of the file; fewer where it ends. */
  private static ByteBuffer bytes(FileChannel channel, long offset, int size) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    if (offset < 0) {
      return out.limit(0);
    }
    while (out.hasRemaining()) {
      if (channel.read(out, offset + out.position()) < 0) {
        break;
      }
    }
    return out.flip();
  }
}
