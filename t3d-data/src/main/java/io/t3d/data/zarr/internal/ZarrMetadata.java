package io.t3d.data.zarr.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The {@code .zarray} file: shape, chunks and how they are stored.
 *
 * @param shape D, H, W
 * @param chunk size of a chunk; those at the end of an axis are stored whole, too
 * @param dtype one value
 * @param codec compressor and filter
 * @param separator between the numbers in a chunk's name
 */
record ZarrMetadata(Size3 shape, Size3 chunk, ZarrDtype dtype, ZarrCodec codec, String separator) {
  static final String FILE = ".zarray";
  private static final int ARRAYS_SHOWN = 10;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Bytes of a chunk before compression. */
  int chunkBytes() {
    return chunk.depth() * chunk.height() * chunk.width() * dtype.bytes;
  }

  /** Chunks along each axis. */
  Size3 grid() {
    return new Size3(
        (shape.depth() - 1) / chunk.depth() + 1,
        (shape.height() - 1) / chunk.height() + 1,
        (shape.width() - 1) / chunk.width() + 1);
  }

  /** The file name of a chunk. */
  String key(int z, int y, int x) {
    return z + separator + y + separator + x;
  }

  /** The voxels of a chunk; it may reach over the volume's edge. */
  VoxelBox box(int z, int y, int x) {
    return new VoxelBox(
        z * chunk.depth(),
        y * chunk.height(),
        x * chunk.width(),
        chunk.depth(),
        chunk.height(),
        chunk.width());
  }

  /** The chunks that a box touches, as a box of chunks. */
  VoxelBox chunksOf(VoxelBox box) {
    int z = box.z0() / chunk.depth();
    int y = box.y0() / chunk.height();
    int x = box.x0() / chunk.width();
    return new VoxelBox(
        z,
        y,
        x,
        (box.z0() + box.depth() - 1) / chunk.depth() - z + 1,
        (box.y0() + box.height() - 1) / chunk.height() - y + 1,
        (box.x0() + box.width() - 1) / chunk.width() - x + 1);
  }

  /** The number of a chunk in (z, y, x) order. */
  int number(int z, int y, int x) {
    Size3 grid = grid();
    return (z * grid.height() + y) * grid.width() + x;
  }

  String toJson() {
    ObjectNode root = JSON.createObjectNode();
    root.put("zarr_format", 2);
    root.set("shape", array(shape));
    root.set("chunks", array(chunk));
    root.put("dtype", dtype.code);
    root.put("order", "C");
    root.put("fill_value", 0);
    root.put("dimension_separator", separator);
    root.set("compressor", codec.compressorJson(JSON));
    root.set("filters", codec.filtersJson(JSON, dtype));
    return root.toPrettyString() + "\n";
  }

  private static ArrayNode array(Size3 size) {
    return JSON.createArrayNode().add(size.depth()).add(size.height()).add(size.width());
  }

  static ZarrMetadata read(Path folder) throws IOException {
    requireArray(folder);
    JsonNode root = json(folder, FILE);
    if (root.path("zarr_format").asInt() != 2) {
      throw bad(folder, "zarr_format must be 2, got " + root.path("zarr_format"));
    }
    if (!root.path("order").asText().equals("C")) {
      throw bad(folder, "order must be \"C\", got " + root.path("order"));
    }
    String code = root.path("dtype").asText();
    ZarrDtype dtype =
        ZarrDtype.of(code)
            .orElseThrow(
                () ->
                    bad(
                        folder,
                        "dtype must be <i2, <f4, |u1, |i1 or <u2, got "
                            + root.path("dtype")
                            + "; save the array as int16 or float32"));
    ZarrMetadata metadata =
        new ZarrMetadata(
            size(folder, root, "shape"),
            size(folder, root, "chunks"),
            dtype,
            ZarrCodec.parse(folder, root, dtype),
            root.path("dimension_separator").asText("."));
    metadata.requireInRange(folder);
    return metadata;
  }

  /** Says by name what else a folder is that other tools call Zarr. */
  private static void requireArray(Path folder) throws IOException {
    if (Files.isRegularFile(folder.resolve(FILE))) {
      return;
    }
    if (Files.isRegularFile(folder.resolve("zarr.json"))) {
      boolean group = json(folder, "zarr.json").path("node_type").asText().equals("group");
      throw new VolumeFormatException(
          folder,
          "is a Zarr v3 "
              + (group ? "group" : "array")
              + " (zarr.json), expected a Zarr v2 array; write it with zarr_format=2"
              + (group ? " as one array, not as a group" : ""));
    }
    if (Files.isRegularFile(folder.resolve(".zgroup"))) {
      List<String> arrays = arraysIn(folder);
      throw new VolumeFormatException(
          folder,
          "is a Zarr group"
              + (Files.isRegularFile(folder.resolve(ZarrAttributes.FILE))
                      && json(folder, ZarrAttributes.FILE).has("multiscales")
                  ? " (OME-Zarr)"
                  : "")
              + ", expected one Zarr v2 array; "
              + (arrays.isEmpty()
                  ? "it holds none"
                  : "copy one of its arrays ("
                      + String.join(", ", arrays)
                      + ") to a folder NAME.zarr with the attribute affine"));
    }
  }

  private static List<String> arraysIn(Path group) throws IOException {
    try (Stream<Path> files = Files.list(group)) {
      return files
          .filter(f -> Files.isRegularFile(f.resolve(FILE)))
          .map(f -> f.getFileName().toString())
          .sorted()
          .limit(ARRAYS_SHOWN)
          .toList();
    }
  }

  private void requireInRange(Path folder) throws VolumeFormatException {
    long voxels = (long) shape.depth() * shape.height() * shape.width();
    double chunkSize = (double) chunk.depth() * chunk.height() * chunk.width() * dtype.bytes;
    if (voxels > Integer.MAX_VALUE - 8 || chunkSize > 1 << 30) {
      throw bad(
          folder,
          "a volume must have less than 2^31 voxels in chunks of at most 1 GiB, got shape "
              + shape
              + " and chunks "
              + chunk);
    }
    if (!separator.equals(".") && !separator.equals("/")) {
      throw bad(folder, "dimension_separator must be \".\" or \"/\", got \"" + separator + "\"");
    }
  }

  private static Size3 size(Path folder, JsonNode root, String field) throws IOException {
    JsonNode node = root.path(field);
    boolean valid = node.size() == 3;
    for (JsonNode length : node) {
      valid &= length.isInt() && length.asInt() > 0;
    }
    if (!valid) {
      throw bad(folder, field + " must be three numbers > 0, (z, y, x), got " + node);
    }
    return new Size3(node.get(0).asInt(), node.get(1).asInt(), node.get(2).asInt());
  }

  /** Reads a JSON file of the folder. */
  static JsonNode json(Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new VolumeFormatException(
          folder, "has no " + name + "; is it a Zarr v2 array that was written to its end?");
    }
    try {
      return JSON.readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new VolumeFormatException(
          folder, name + " is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  static VolumeFormatException bad(Path folder, String problem) {
    return new VolumeFormatException(folder, FILE + ": " + problem);
  }
}
