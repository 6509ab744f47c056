package io.t3d.data.itk;

import io.t3d.data.io.VolumeFormatException;
import io.t3d.data.itk.ItkImageReader.ClaimedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Checks a MetaImage file against its header. */
final class MetaCheck {
  private static final Map<String, RawType> TYPES =
      Map.of(
          "MET_UCHAR", RawType.UINT8,
          "MET_CHAR", RawType.INT8,
          "MET_USHORT", RawType.UINT16,
          "MET_SHORT", RawType.INT16,
          "MET_UINT", RawType.UINT32,
          "MET_INT", RawType.INT32,
          "MET_ULONG_LONG", RawType.UINT64,
          "MET_LONG_LONG", RawType.INT64,
          "MET_FLOAT", RawType.FLOAT32,
          "MET_DOUBLE", RawType.FLOAT64);

  private MetaCheck() {}

  static ClaimedImage of(Path path) throws IOException {
    TextHeader header = TextHeader.read(path, MetaCheck::line);
    ClaimedImage claimed = header.claim(type(header), "ndims", "dimsize");
    long channels = header.number("1", "elementnumberofchannels");
    if (channels != 1) {
      throw header.bad(
          "a volume has one value per voxel, this file has "
              + channels
              + "; colour and vector images cannot be read");
    }
    if (header.get("elementspacing", "elementsize").isEmpty()) {
      throw header.bad("it has no ElementSpacing: the voxels have no size");
    }
    if (!header.get("distanceunits").orElse("mm").equalsIgnoreCase("mm")) {
      throw header.bad("its DistanceUnits must be mm");
    }
    checkData(path, header, header.bytes(claimed));
    return claimed;
  }

  private static RawType type(TextHeader header) throws VolumeFormatException {
    RawType type = TYPES.get(header.require("elementtype"));
    if (type == null) {
      throw header.bad("its voxel type is none that can be read");
    }
    return type;
  }

  private static boolean line(String line, TextHeader header) throws VolumeFormatException {
    int equals = line.indexOf('=');
    if (equals < 1) {
      return false;
    }
    header.put(line.substring(0, equals), line.substring(equals + 1));
    return line.substring(0, equals).strip().equalsIgnoreCase("ElementDataFile");
  }

  private static void checkData(Path path, TextHeader header, long bytes) throws IOException {
    String named = header.require("elementdatafile");
    if (named.startsWith("LIST") || named.contains("%")) {
      throw header.bad("its voxels are spread over several files; join them into one .mha");
    }
    boolean local = named.equalsIgnoreCase("LOCAL");
    Path data = local ? path : DataCheck.beside(path, named);
    if (isFalse(header.get("binarydata").orElse("True"))) {
      throw header.bad("its voxels are written as text; convert it to binary");
    }
    long skip = header.number("0", "headersize");
    boolean packed = !isFalse(header.get("compresseddata").orElse("False"));
    if (skip < -1 || ((packed || local) && skip != 0)) {
      throw header.bad("HeaderSize must be 0, or -1 or more with a raw data file");
    }
    long from = local ? header.end() : skip < 0 ? Math.max(0, Files.size(data) - bytes) : skip;
    if (packed) {
      DataCheck.requirePacked(data, from, bytes);
    } else {
      DataCheck.requireRaw(data, from, bytes);
    }
  }

  private static boolean isFalse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.startsWith("f") || lower.equals("0") || lower.startsWith("n");
  }
}
