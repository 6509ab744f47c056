package io.t3d.cli.bundle;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Blanks the code of other GPUs in a CUDA library, so that it compresses to a fraction.
 *
 * <p>A library holds fat binaries: a header (magic number, size), then an entry for each
 * architecture, machine code or PTX, with a header of its own. The driver reads the headers and
 * loads the entry that fits best. Where there is machine code for the wanted architecture, the
 * payload of all other entries is set to zero; headers, offsets and sizes stay, so that nothing
 * else changes. Where there is none, all stays, since the driver may take what is near.
 *
 * <p>NVIDIA documents no such format; what is relied on is what libraries of CUDA 12 show, and a
 * stretch of bytes that does not look so is left alone.
 */
public final class GpuCode {
  private static final int MAGIC = 0xBA55ED50;
  private static final int HEADER = 16;
  private static final int SMALLEST_ENTRY = 64;
  private static final int MACHINE_CODE = 2;
  private static final int STEP = 4;

  private GpuCode() {}

  /**
   * What was done.
   *
   * @param binaries fat binaries found
   * @param kept bytes of code that stay
   * @param blanked bytes of code that are zero now
   */
  public record Pruned(int binaries, long kept, long blanked) {}

  private record Entry(int kind, int architecture, int payload, int size) {
    boolean isCodeFor(int wanted) {
      return kind == MACHINE_CODE && architecture == wanted;
    }
  }

  /**
   * Copies a library and blanks the copy.
   *
   * @param library less than 2 GiB
   * @param to replaced when it exists
   * @param architecture e.g. 90 for Hopper
   */
  public static Pruned prune(Path library, Path to, int architecture) throws IOException {
    Files.copy(library, to, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel channel =
        FileChannel.open(to, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw new IOException(library + " must be smaller than 2 GiB, got " + channel.size());
      }
      MappedByteBuffer bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
      bytes.order(ByteOrder.LITTLE_ENDIAN);
      return prune(bytes, architecture);
    }
  }

  private static Pruned prune(MappedByteBuffer bytes, int architecture) {
    int binaries = 0;
    long kept = 0;
    long blanked = 0;
    int at = 0;
    while (at + HEADER <= bytes.limit()) {
      long size = bytes.getInt(at) == MAGIC ? size(bytes, at) : 0;
      if (size == 0) {
        at += STEP;
        continue;
      }
      binaries++;
      int end = (int) (at + HEADER + size);
      List<Entry> entries = entries(bytes, at + HEADER, end);
      boolean hasIt = entries.stream().anyMatch(e -> e.isCodeFor(architecture));
      for (Entry each : entries) {
        if (hasIt && !each.isCodeFor(architecture)) {
          bytes.put(each.payload(), new byte[each.size()]);
          blanked += each.size();
        } else {
          kept += each.size();
        }
      }
      at = end;
    }
    return new Pruned(binaries, kept, blanked);
  }

  /** Of what follows the header; 0 where this is no header. */
  private static long size(MappedByteBuffer bytes, int at) {
    int version = bytes.getShort(at + 4);
    int header = bytes.getShort(at + 6);
    long size = bytes.getLong(at + 8);
    boolean known = version == 1 && header == HEADER;
    return known && size > 0 && size <= bytes.limit() - HEADER - at ? size : 0;
  }

  private static List<Entry> entries(MappedByteBuffer bytes, int from, int end) {
    List<Entry> out = new ArrayList<>();
    int at = from;
    while (at + SMALLEST_ENTRY <= end) {
      int header = bytes.getInt(at + 4);
      long size = bytes.getLong(at + 8);
      if (header < 24 || header > 4096 || size < 0 || size > end - at - header) {
        break;
      }
      out.add(new Entry(bytes.getShort(at), bytes.getInt(at + 28), at + header, (int) size));
      at += header + (int) size;
    }
    return out;
  }

  /** {@code IN OUT ARCHITECTURE}. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 3) {
      System.err.println("usage: GpuCode LIBRARY COPY ARCHITECTURE, e.g. 90 for Hopper");
      System.exit(2);
    }
    Pruned done =
        prune(Path.of(arguments[0]), Path.of(arguments[1]), Integer.parseInt(arguments[2]));
    System.out.printf(
        Locale.ROOT,
        "%s: %d fat binaries, %.1f MB of code kept, %.1f MB blanked%n",
        arguments[1],
        done.binaries(),
        done.kept() / 1e6,
        done.blanked() / 1e6);
  }
}
