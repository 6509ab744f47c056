package io.t3d.data.itk.internal.check;

import static java.util.stream.Collectors.toMap;

import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Checks a MetaImage file against its header. */
public final class MetaCheck {
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

  private static final Pattern FIELD =
      Pattern.compile("([A-Za-z][A-Za-z0-9_]*)[ \\t]*=[ \\t]*(\\S.*)");

  /** The keys that say what the voxels are and where, by their lower case. */
  private static final Map<String, String> KEYS =
      Stream.of(
              "ObjectType",
              "NDims",
              "BinaryData",
              "BinaryDataByteOrderMSB",
              "ElementByteOrderMSB",
              "CompressedData",
              "CompressedDataSize",
              "TransformMatrix",
              "Rotation",
              "Orientation",
              "Offset",
              "Position",
              "Origin",
              "DistanceUnits",
              "ElementSpacing",
              "ElementSize",
              "DimSize",
              "HeaderSize",
              "ElementNumberOfChannels",
              "ElementToIntensityFunctionSlope",
              "ElementToIntensityFunctionOffset",
              "ElementType",
              "ElementDataFile")
          .collect(toMap(key -> key.toLowerCase(Locale.ROOT), key -> key));

  private MetaCheck() {}

  public static ClaimedImage of(Path path) throws IOException {
    TextHeader header = TextHeader.read(path, MetaCheck::line);
    ClaimedImage claimed = header.claim(type(header), "ndims", "dimsize");
    long channels = header.number("1", "elementnumberofchannels");
    if (channels != 1) {
      throw header.bad(
          "a volume has one value per voxel, this file has "
              + channels
              + "; colour and vector images cannot be read");
    }
    if (!header.get("objecttype").orElse("Image").equals("Image")) {
      throw header.bad("its ObjectType must be Image");
    }
    if (header.get("elementspacing", "elementsize").isEmpty()) {
      throw header.bad("it has no ElementSpacing: the voxels have no size");
    }
    checkGeometry(header, (int) header.number(null, "ndims"));
    if (!header.get("distanceunits").orElse("mm").equalsIgnoreCase("mm")) {
      throw header.bad("its DistanceUnits must be mm");
    }
    requireUnscaled(header);
    checkData(path, header, header.bytes(claimed));
    return claimed;
  }

  /** ITK gives the elements as they are stored. */
  private static void requireUnscaled(TextHeader header) throws VolumeFormatException {
    requireOnly(header, "ElementToIntensityFunctionSlope", 1);
    requireOnly(header, "ElementToIntensityFunctionOffset", 0);
  }

  private static void requireOnly(TextHeader header, String key, double neutral)
      throws VolumeFormatException {
    String field = key.toLowerCase(Locale.ROOT);
    for (double value : header.requireFinite(field, 1)) {
      if (value != neutral) {
        throw header.bad(
            "its "
                + key
                + " is "
                + value
                + ", which ITK leaves out; write the voxels as they are meant, without this field");
      }
    }
  }

  private static void checkGeometry(TextHeader header, int dimensions)
      throws VolumeFormatException {
    for (String key : List.of("elementspacing", "elementsize")) {
      header.requirePositive(key, dimensions);
    }
    for (String key : List.of("offset", "position", "origin")) {
      header.requireFinite(key, dimensions);
    }
    for (String key : List.of("transformmatrix", "rotation", "orientation")) {
      header.requireFinite(key, dimensions * dimensions);
    }
  }

  private static RawType type(TextHeader header) throws VolumeFormatException {
    RawType type = TYPES.get(header.require("elementtype"));
    if (type == null) {
      throw header.bad("its voxel type is none that can be read");
    }
    return type;
  }

  /**
   * Takes only what MetaIO reads in the same way: it takes a colon for the equals sign, looks for
   * the value of an empty field on the next line, and does not know a key in another case.
   */
  private static boolean line(String line, TextHeader header) throws VolumeFormatException {
    Matcher field = FIELD.matcher(line);
    if (!field.matches()) {
      throw header.bad(
          "not a MetaImage header: every line must be 'Key = value', line "
              + header.lines()
              + " is not");
    }
    String key = field.group(1);
    String known = KEYS.get(key.toLowerCase(Locale.ROOT));
    if (known != null && !known.equals(key)) {
      throw header.bad("the field " + known + " of its header is written in another case");
    }
    header.put(key, field.group(2));
    return key.equals("ElementDataFile");
  }

  /** MetaIO takes whatever begins otherwise than with T, t or 1 for no. */
  private static boolean flag(TextHeader header, String key, String missing)
      throws VolumeFormatException {
    String text = header.get(key).orElse(missing).toLowerCase(Locale.ROOT);
    if (!List.of("true", "false", "t", "f", "1", "0").contains(text)) {
      throw header.bad("the field '" + key + "' of its header must be True or False");
    }
    return text.startsWith("t") || text.equals("1");
  }

  private static void checkData(Path path, TextHeader header, long bytes) throws IOException {
    String named = header.require("elementdatafile");
    if (named.startsWith("LIST") || named.contains("%")) {
      throw header.bad("its voxels are spread over several files; join them into one .mha");
    }
    boolean local = named.equalsIgnoreCase("LOCAL");
    Path data = local ? path : DataCheck.beside(path, named);
    boolean big = flag(header, "binarydatabyteordermsb", "False");
    if (big != flag(header, "elementbyteordermsb", big ? "True" : "False")) {
      throw header.bad(
          "BinaryDataByteOrderMSB and ElementByteOrderMSB of its header contradict each other;"
              + " remove the wrong one");
    }
    if (!flag(header, "binarydata", "False")) {
      throw header.bad("its voxels are written as text; convert it to binary");
    }
    long skip = header.number("0", "headersize");
    boolean packed = flag(header, "compresseddata", "False");
    if (skip < -1 || ((packed || local) && skip != 0)) {
      throw header.bad("HeaderSize must be 0, or -1 or more with a raw data file");
    }
    long from = local ? header.end() : skip < 0 ? Math.max(0, Files.size(data) - bytes) : skip;
    if (packed) {
      long there = Files.size(data) - from;
      if (header.number("0", "compresseddatasize") != there) {
        throw header.bad( // without it, ITK gives zeros
            "CompressedDataSize must be that of the data, " + there + " bytes");
      }
      DataCheck.requirePacked(data, from, bytes);
    } else {
      DataCheck.requireRaw(data, from, bytes);
    }
  }
}
