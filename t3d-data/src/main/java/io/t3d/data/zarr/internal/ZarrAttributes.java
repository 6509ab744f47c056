package io.t3d.data.zarr.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.volume.Affine;
import io.t3d.data.io.internal.VoxelSize;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The {@code .zattrs} file: what a Zarr array lacks to be a volume. {@code scale_factor} and {@code
 * add_offset} of the CF conventions serve for scale and offset; other keys of others are ignored.
 *
 * @param affine voxel (x, y, z) → world mm, RAS+; {@code (4, 4)} in the file
 * @param scale value = stored · scale + offset, in float32
 * @param offset see scale
 * @param provenance a JSON object that tells how the volume came about; empty when unknown
 * @param chunkBytes length of each chunk's file in (z, y, x) order; empty when unknown
 */
record ZarrAttributes(
    Affine affine, double scale, double offset, JsonNode provenance, List<Integer> chunkBytes) {
  static final String FILE = ".zattrs";
  private static final Set<String> OUR_SPACES = Set.of("ras", "ras+", "right-anterior-superior");
  private static final Set<String> OTHER_LENGTHS =
      Set.of(
          "m",
          "metre",
          "metres",
          "meter",
          "meters",
          "cm",
          "centimetre",
          "centimeter",
          "um",
          "µm",
          "micron",
          "microns",
          "micrometre",
          "micrometer",
          "micrometers",
          "nm",
          "nanometer",
          "inch");
  private static final ObjectMapper JSON = new ObjectMapper();

  ZarrAttributes {
    chunkBytes = List.copyOf(chunkBytes);
  }

  String toJson() {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode rows = root.putArray("affine");
    for (int r = 0; r < 4; r++) {
      ArrayNode row = rows.addArray();
      for (int c = 0; c < 4; c++) {
        row.add(r < 3 ? affine.get(r, c) : c == 3 ? 1 : 0);
      }
    }
    root.putArray("axes").add("z").add("y").add("x");
    root.put("space", "RAS+");
    root.put("units", "mm");
    root.put("scale", scale);
    root.put("offset", offset);
    root.set("provenance", provenance);
    ArrayNode lengths = root.putArray("chunk_bytes");
    chunkBytes.forEach(lengths::add);
    return root.toString() + "\n";
  }

  static ZarrAttributes read(Path folder, int chunks) throws IOException {
    JsonNode root = ZarrMetadata.json(folder, FILE);
    JsonNode lengths = root.path("chunk_bytes");
    List<Integer> chunkBytes = new ArrayList<>(lengths.size());
    lengths.forEach(length -> chunkBytes.add(length.asInt()));
    if (!chunkBytes.isEmpty() && chunkBytes.size() != chunks) {
      throw bad(folder, "chunk_bytes must list " + chunks + " chunks, got " + chunkBytes.size());
    }
    requireOurSpace(folder, root);
    return new ZarrAttributes(
        affine(folder, root.path("affine")),
        number(folder, root, "scale", "scale_factor", 1),
        number(folder, root, "offset", "add_offset", 0),
        root.path("provenance").isObject() ? root.get("provenance") : JSON.createObjectNode(),
        chunkBytes);
  }

  /** The attributes of others may place the volume otherwise than we would. */
  private static void requireOurSpace(Path folder, JsonNode root) throws IOException {
    String space = root.path("space").asText("RAS+");
    if (!OUR_SPACES.contains(space.toLowerCase(Locale.ROOT))) {
      throw bad(folder, "space must be RAS+, got " + root.path("space") + "; turn the affine");
    }
    String units = root.path("units").asText("mm").toLowerCase(Locale.ROOT);
    if (OTHER_LENGTHS.contains(units)) {
      throw bad(folder, "units must be mm, got " + root.path("units") + "; scale the affine");
    }
  }

  /** A number of ours, or as the CF conventions and xarray call it. */
  private static double number(
      Path folder, JsonNode root, String key, String conventions, double absent)
      throws IOException {
    if (!root.has(conventions)) {
      return number(folder, root, key, absent);
    }
    double theirs = number(folder, root, conventions, absent);
    if (number(folder, root, key, theirs) != theirs) {
      throw bad(
          folder,
          key
              + " "
              + root.path(key)
              + " and "
              + conventions
              + " "
              + root.path(conventions)
              + " contradict each other; remove one of them");
    }
    return theirs;
  }

  private static double number(Path folder, JsonNode root, String key, double absent)
      throws IOException {
    JsonNode node = root.path(key);
    if (node.isMissingNode()) {
      return absent;
    }
    if (!node.isNumber() || !Double.isFinite(node.asDouble())) {
      throw bad(folder, key + " must be a finite number, got " + node);
    }
    return node.asDouble();
  }

  private static Affine affine(Path folder, JsonNode node) throws IOException {
    double[] values = new double[16];
    boolean valid = node.size() == 4;
    for (int r = 0; r < 4 && valid; r++) {
      valid = node.get(r).size() == 4;
      for (int c = 0; c < 4 && valid; c++) {
        valid = node.get(r).get(c).isNumber();
        values[r * 4 + c] = node.get(r).get(c).asDouble();
      }
    }
    if (!valid) {
      throw bad(
          folder,
          "affine must be four rows of four numbers that take a voxel (x, y, z) to mm in RAS+, got "
              + (node.isMissingNode() ? "none" : node)
              + "; in Python: z.attrs[\"affine\"] = affine.tolist()");
    }
    try {
      Affine affine = Affine.of(values);
      Optional<String> impossible = VoxelSize.problem(affine);
      if (impossible.isPresent()) {
        throw bad(folder, "affine " + impossible.get());
      }
      return affine;
    } catch (IllegalArgumentException e) {
      throw new VolumeFormatException(folder, FILE + ": " + e.getMessage(), e);
    }
  }

  private static VolumeFormatException bad(Path folder, String problem) {
    return new VolumeFormatException(folder, FILE + ": " + problem);
  }
}
