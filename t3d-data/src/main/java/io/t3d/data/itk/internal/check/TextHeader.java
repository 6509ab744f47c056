package io.t3d.data.itk.internal.check;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import com.google.common.primitives.Doubles;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.internal.worker.Heap;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The fields of a text header, and where it ends. Keys are in lower case. */
final class TextHeader {
  private static final int LONGEST = 1 << 20;

  private final Path file;
  private final Map<String, String> fields = new HashMap<>();
  private long end;
  private int lines;

  /** Takes a line; says whether it was the last. */
  interface Line {
    boolean isLast(String line, TextHeader header) throws VolumeFormatException;
  }

  private TextHeader(Path file) {
    this.file = file;
  }

  /** Reads lines until the parser says stop or the file ends. */
  static TextHeader read(Path file, Line parser) throws IOException {
    TextHeader header = new TextHeader(file);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 13)) {
      StringBuilder line = new StringBuilder();
      int next;
      while ((next = in.read()) >= 0) {
        if (++header.end > LONGEST) {
          throw header.bad("its header does not end within " + LONGEST + " bytes");
        }
        if (next != '\n') {
          line.append((char) next);
        } else if (header.takes(line, parser)) {
          return header;
        } else {
          line.setLength(0);
        }
      }
      header.takes(line, parser);
      return header;
    }
  }

  private boolean takes(StringBuilder line, Line parser) throws VolumeFormatException {
    lines++;
    return parser.isLast(stripReturn(line), this);
  }

  private static String stripReturn(StringBuilder line) {
    String text =
        new String(line.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  void put(String key, String value) throws VolumeFormatException {
    String name = key.strip().toLowerCase(Locale.ROOT);
    if (fields.put(name, value.strip()) != null) {
      throw bad("its header has the field '" + name + "' twice");
    }
  }

  /** How many lines were read so far. */
  int lines() {
    return lines;
  }

  /** The first byte after the header. */
  long end() {
    return end;
  }

  Optional<String> get(String... keys) {
    for (String key : keys) {
      if (fields.containsKey(key)) {
        return Optional.of(fields.get(key));
      }
    }
    return Optional.empty();
  }

  String require(String key) throws VolumeFormatException {
    return get(key).orElseThrow(() -> bad("its header lacks the field '" + key + "'"));
  }

  long number(@Nullable String fallback, String... keys) throws VolumeFormatException {
    String text = get(keys).orElse(fallback);
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw bad("the field '" + keys[0] + "' of its header must be a whole number");
    }
  }

  /** Refuses lengths that are not finite and above 0; ITK makes 1 mm of NaN, and flips axes. */
  void requirePositive(String key, int count) throws VolumeFormatException {
    for (double length : requireFinite(key, count)) {
      if (!(length > 0)) {
        throw bad("the field '" + key + "' of its header must hold finite numbers above 0");
      }
    }
  }

  /**
   * Refuses a field that is there and does not hold so many finite numbers: ITK takes those that it
   * finds.
   */
  List<Double> requireFinite(String key, int count) throws VolumeFormatException {
    List<Double> numbers = new ArrayList<>();
    for (String word : words(get(key).orElse(""))) {
      Double number = Doubles.tryParse(word);
      if (number == null || !Double.isFinite(number)) {
        throw bad("the field '" + key + "' of its header must hold finite numbers");
      }
      numbers.add(number);
    }
    if (get(key).isPresent() && numbers.size() != count) {
      throw bad(
          "the field '"
              + key
              + "' of its header must hold "
              + count
              + " numbers, got "
              + numbers.size());
    }
    return numbers;
  }

  /** Three sizes; further ones may only be 1. */
  ClaimedImage claim(RawType type, String countKey, String sizesKey) throws VolumeFormatException {
    long dimensions = number(null, countKey);
    List<String> texts = words(require(sizesKey));
    if (texts.size() != dimensions) {
      throw bad(
          "its header says " + dimensions + " dimensions, but gives " + texts.size() + " sizes");
    }
    int[] sizes = texts.size() < 3 ? new int[3] : new int[texts.size()];
    for (int i = 0; i < texts.size(); i++) {
      sizes[i] = size(texts.get(i));
    }
    for (int i = 3; i < sizes.length; i++) {
      if (sizes[i] != 1) {
        throw bad(
            "a volume has 3 dimensions, this file has " + dimensions + "; pick one 3D part of it");
      }
    }
    if (dimensions < 3) {
      throw bad("a volume has 3 dimensions, this file has " + dimensions);
    }
    return new ClaimedImage(type, sizes[0], sizes[1], sizes[2]);
  }

  private int size(String text) throws VolumeFormatException {
    try {
      int size = Integer.parseInt(text);
      if (size > 0) {
        return size;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw bad("the sizes in its header must be whole numbers from 1 to " + Integer.MAX_VALUE);
  }

  /** Bytes of all voxels, if this JVM can hold them. */
  long bytes(ClaimedImage claimed) throws VolumeFormatException {
    double voxels = (double) claimed.width() * claimed.height() * claimed.depth();
    Heap.require(file, (long) voxels); // too large a number stays too large
    return claimed.voxels() * claimed.type().bytes();
  }

  static List<String> words(String text) {
    return Splitter.on(CharMatcher.whitespace()).omitEmptyStrings().splitToList(text);
  }

  VolumeFormatException bad(String problem) {
    return new VolumeFormatException(file, problem);
  }
}
