package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes shared libraries for Linux x86-64 that hold nothing and load all the same; no compiler.
 */
final class TinyLibrary {
  private static final int HEADERS = 64 + 3 * 56;
  private static final int SYMBOL = 24;
  private static final int HASH = 16;

  private TinyLibrary() {}

  /**
   * Writes one, and its parent folders.
   *
   * @param soname the name that it goes by
   * @param needed sonames that it asks the dynamic loader for
   */
  static Path write(Path file, String soname, String... needed) throws IOException {
    StringBuilder names = new StringBuilder("\0");
    List<long[]> dynamic = new ArrayList<>();
    for (String each : needed) {
      dynamic.add(new long[] {1, names.length()});
      names.append(each).append('\0');
    }
    dynamic.add(new long[] {14, names.length()});
    names.append(soname).append('\0');
    int symbols = HEADERS + (dynamic.size() + 6) * 16;
    int strings = symbols + SYMBOL + HASH;
    dynamic.add(new long[] {5, strings});
    dynamic.add(new long[] {10, names.length()});
    dynamic.add(new long[] {6, symbols});
    dynamic.add(new long[] {11, SYMBOL});
    dynamic.add(new long[] {4, symbols + SYMBOL});
    dynamic.add(new long[] {0, 0});
    int size = strings + names.length();
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0x464C457F).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
    out.putShort((short) 3).putShort((short) 62).putInt(1).putLong(0).putLong(64).putLong(0);
    out.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 3);
    out.position(64);
    segment(out, 1, 0, size, 0x1000);
    segment(out, 2, HEADERS, dynamic.size() * 16L, 8);
    segment(out, 0x6474E551, 0, 0, 16); // the stack need not be executable
    dynamic.forEach(entry -> out.putLong(entry[0]).putLong(entry[1]));
    out.position(symbols + SYMBOL);
    out.putInt(1).putInt(1); // a hash table of the one empty symbol
    out.position(strings);
    out.put(names.toString().getBytes(StandardCharsets.US_ASCII));
    Files.createDirectories(file.getParent());
    return Files.write(file, out.array());
  }

  private static void segment(ByteBuffer out, int type, long offset, long size, long align) {
    out.putInt(type).putInt(6).putLong(offset).putLong(offset).putLong(offset);
    out.putLong(size).putLong(size).putLong(align);
  }
}
