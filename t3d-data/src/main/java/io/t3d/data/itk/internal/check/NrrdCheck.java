package io.t3d.data.itk.internal.check;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Checks an NRRD file against its header; see <a
 * href="https://teem.sourceforge.net/nrrd/format.html">the format</a>.
 */
public final class NrrdCheck {
  private static final Map<String, RawType> TYPES = types();

  /**
   * Those that ITK turns to its own coordinates rightly. It takes all others for its own, but for
   * LAS, of which it flips the wrong axis (5.2.1).
   */
  private static final Set<String> SPACES =
      Set.of("lps", "left-posterior-superior", "ras", "right-anterior-superior");

  private static final Set<String> MILLIMETRES =
      Set.of("mm", "millimeter", "millimeters", "millimetre", "millimetres");

  /** Of an axis whose unit the writer left open. */
  private static final Set<String> UNKNOWN = Set.of("", "none", "???");

  private static final Set<String> SCALAR_KINDS = Set.of("domain", "space", "???", "none");

  private NrrdCheck() {}

  public static ClaimedImage of(Path path) throws IOException {
    TextHeader header = TextHeader.read(path, NrrdCheck::line);
    ClaimedImage claimed = header.claim(type(header), "dimension", "sizes");
    checkKinds(header);
    checkSpace(header);
    checkData(path, header, claimed);
    return claimed;
  }

  private static RawType type(TextHeader header) throws VolumeFormatException {
    RawType type = TYPES.get(header.require("type").toLowerCase(Locale.ROOT));
    if (type == null) {
      throw header.bad("its voxel type is none that can be read");
    }
    return type;
  }

  private static boolean line(String line, TextHeader header) throws VolumeFormatException {
    if (line.startsWith("NRRD0")) {
      return false;
    }
    if (line.isEmpty()) {
      return true;
    }
    int colon = line.indexOf(": ");
    boolean keyValue = line.contains(":=") && (colon < 0 || line.indexOf(":=") < colon);
    if (!line.startsWith("#") && !keyValue && colon > 0) {
      header.put(line.substring(0, colon), line.substring(colon + 2));
    }
    return false;
  }

  private static void checkKinds(TextHeader header) throws VolumeFormatException {
    for (String kind : TextHeader.words(header.get("kinds").orElse("").toLowerCase(Locale.ROOT))) {
      if (!SCALAR_KINDS.contains(kind)) {
        throw header.bad(
            "a volume has one value per voxel, an axis of this file holds something else"
                + " (its kinds); colour, vector and list images cannot be read");
      }
    }
  }

  private static void checkSpace(TextHeader header) throws VolumeFormatException {
    Optional<String> directions = header.get("space directions");
    if (directions.isEmpty() && header.get("spacings").isEmpty()) {
      throw header.bad("it has neither 'space directions' nor 'spacings': the voxels have no size");
    }
    header.requirePositive("spacings", (int) header.number(null, "dimension"));
    if (directions.isPresent()) {
      String space = header.get("space").orElse("").toLowerCase(Locale.ROOT);
      if (!SPACES.contains(space)) {
        throw header.bad(
            "its space must be left-posterior-superior or right-anterior-superior, it is another or"
                + " missing");
      }
      if (directions.get().contains("none")) {
        throw header.bad("one of its axes has no direction in space");
      }
    }
    for (String field : List.of("space units", "units")) {
      for (String unit : TextHeader.words(header.get(field).orElse(""))) {
        String bare = unit.replace("\"", "").toLowerCase(Locale.ROOT);
        if (!MILLIMETRES.contains(bare) && !(field.equals("units") && UNKNOWN.contains(bare))) {
          throw header.bad(
              "its "
                  + field
                  + " must be mm, and ITK would take them for mm; write the spacing in mm");
        }
      }
    }
  }

  private static void checkData(Path path, TextHeader header, ClaimedImage claimed)
      throws IOException {
    long bytes = header.bytes(claimed);
    long slice = bytes / claimed.depth();
    Optional<String> named = header.get("data file", "datafile");
    if (named.isPresent() && (named.get().startsWith("LIST") || named.get().contains("%"))) {
      throw header.bad("its voxels are spread over several files; join them into one .nrrd");
    }
    Path data = named.isPresent() ? DataCheck.beside(path, named.get()) : path;
    long from = named.isPresent() ? 0 : header.end();
    long skip = header.number("0", "byte skip", "byteskip");
    if (header.number("0", "line skip", "lineskip") != 0 || skip < 0) {
      throw header.bad("'line skip' and negative 'byte skip' are not supported; write it anew");
    }
    String encoding = header.require("encoding").toLowerCase(Locale.ROOT);
    switch (encoding) {
      case "raw" -> DataCheck.requireRawOrMore(data, from + skip, bytes, slice);
      case "gz", "gzip" -> DataCheck.requirePackedOrMore(data, from, skip + bytes, slice);
      default -> throw header.bad("its encoding must be raw or gzip; convert it with another tool");
    }
  }

  private static Map<String, RawType> types() {
    Map<String, RawType> types = new HashMap<>();
    put(types, RawType.INT8, "signed char", "int8", "int8_t");
    put(types, RawType.UINT8, "uchar", "unsigned char", "uint8", "uint8_t");
    put(types, RawType.INT16, "short", "short int", "signed short", "signed short int");
    put(types, RawType.INT16, "int16", "int16_t");
    put(types, RawType.UINT16, "ushort", "unsigned short", "unsigned short int", "uint16");
    put(types, RawType.UINT16, "uint16_t");
    put(types, RawType.INT32, "int", "signed int", "int32", "int32_t");
    put(types, RawType.UINT32, "uint", "unsigned int", "uint32", "uint32_t");
    put(types, RawType.INT64, "longlong", "long long", "long long int", "signed long long");
    put(types, RawType.INT64, "signed long long int", "int64", "int64_t");
    put(types, RawType.UINT64, "ulonglong", "unsigned long long", "unsigned long long int");
    put(types, RawType.UINT64, "uint64", "uint64_t");
    put(types, RawType.FLOAT32, "float");
    put(types, RawType.FLOAT64, "double");
    return types;
  }

  private static void put(Map<String, RawType> types, RawType type, String... names) {
    for (String name : names) {
      types.put(name, type);
    }
  }
}
