package io.t3d.core.file;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The header of a safetensors file: names, types and shapes of its tensors, without their values.
 *
 * @param tensors name → dtype, shape and place, sorted by name
 * @param metadata free text pairs
 * @param dataStart byte of the file at which the data begins
 */
record SafetensorsHeader(
    Map<String, TensorInfo> tensors, Map<String, String> metadata, long dataStart) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
  private static final String METADATA = "__metadata__";

  /** Sorts and copies. */
  SafetensorsHeader {
    tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
  }

  /** Element types that we read. */
  public enum Dtype {
    /** 64-bit float. */
    F64(DataType.FLOAT64, 8),
    /** 32-bit float. */
    F32(DataType.FLOAT32, 4),
    /** 16-bit float of IEEE 754. */
    F16(DataType.FLOAT16, 2),
    /** Brain float: the upper half of a 32-bit float, as which it is read. */
    BF16(DataType.FLOAT32, 2),
    /** 64-bit integer. */
    I64(DataType.INT64, 8),
    /** 32-bit integer. */
    I32(DataType.INT32, 4),
    /** 8-bit integer. */
    I8(DataType.INT8, 1),
    /** 8-bit unsigned integer. */
    U8(DataType.UINT8, 1),
    /** One byte, 0 or 1. */
    BOOL(DataType.BOOLEAN, 1);

    private final DataType dataType;
    private final int bytes;

    Dtype(DataType dataType, int bytes) {
      this.dataType = dataType;
      this.bytes = bytes;
    }

    /** DJL's type once read. */
    public DataType dataType() {
      return dataType;
    }

    /** Bytes per element in the file. */
    public int bytes() {
      return bytes;
    }

    static Dtype of(String tensor, DataType dataType) {
      for (Dtype dtype : values()) {
        if (dtype != BF16 && dtype.dataType == dataType) {
          return dtype;
        }
      }
      throw new IllegalArgumentException(
          "Tensor " + tensor + " is " + dataType + ", which safetensors cannot hold here");
    }
  }

  /**
   * A tensor's entry.
   *
   * @param dtype element type
   * @param shape sizes; empty for a scalar
   * @param begin first byte, counted from the start of the data
   * @param end one past the last byte
   */
  public record TensorInfo(Dtype dtype, Shape shape, long begin, long end) {
    /** Bytes in the file. */
    public long size() {
      return end - begin;
    }
  }

  /**
   * Parses and validates.
   *
   * @param file named in messages
   * @param json the header's bytes
   * @param dataStart byte at which the data begins
   * @param dataSize bytes of data that the file really holds
   * @throws IOException naming the file and what is wrong
   */
  static SafetensorsHeader parse(Object file, byte[] json, long dataStart, long dataSize)
      throws IOException {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw corrupt(file, "its header is not valid JSON: " + e.getOriginalMessage());
    }
    if (root == null || !root.isObject()) {
      throw corrupt(file, "its header is not a JSON object");
    }
    Map<String, TensorInfo> tensors = new TreeMap<>();
    Map<String, String> metadata = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (entry.getKey().equals(METADATA)) {
        entry.getValue().properties().forEach(m -> metadata.put(m.getKey(), m.getValue().asText()));
      } else {
        tensors.put(entry.getKey(), tensor(file, entry.getKey(), entry.getValue()));
      }
    }
    checkLayout(file, tensors, dataSize);
    return new SafetensorsHeader(tensors, metadata, dataStart);
  }

  private static TensorInfo tensor(Object file, String name, JsonNode node) throws IOException {
    Dtype dtype = dtype(file, name, node.path("dtype").asText());
    long[] shape = longs(file, name, "shape", node.path("shape"));
    long[] offsets = longs(file, name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw corrupt(file, "tensor " + name + " has bad data_offsets " + node.path("data_offsets"));
    }
    long expected;
    try {
      expected = dtype.bytes();
      for (long size : shape) {
        expected = Math.multiplyExact(expected, size);
      }
    } catch (ArithmeticException e) {
      throw corrupt(file, "tensor " + name + " has an impossible shape " + node.path("shape"));
    }
    if (expected != offsets[1] - offsets[0]) {
      throw corrupt(
          file,
          String.format(
              "tensor %s of dtype %s and shape %s needs %d bytes, but its data_offsets span %d",
              name, dtype, node.path("shape"), expected, offsets[1] - offsets[0]));
    }
    return new TensorInfo(dtype, new Shape(shape), offsets[0], offsets[1]);
  }

  private static Dtype dtype(Object file, String name, String text) throws IOException {
    for (Dtype dtype : Dtype.values()) {
      if (dtype.name().equals(text)) {
        return dtype;
      }
    }
    throw corrupt(
        file, "tensor " + name + " has dtype '" + text + "', known are " + List.of(Dtype.values()));
  }

  private static long[] longs(Object file, String name, String key, JsonNode node)
      throws IOException {
    if (!node.isArray()) {
      throw corrupt(file, "tensor " + name + " has no list named " + key);
    }
    long[] out = new long[node.size()];
    for (int i = 0; i < out.length; i++) {
      JsonNode value = node.get(i);
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw corrupt(
            file, "tensor " + name + ": " + key + " must hold integers >= 0, got " + value);
      }
      out[i] = value.longValue();
    }
    return out;
  }

  /** The format demands that tensors fill the data without holes or overlaps. */
  private static void checkLayout(Object file, Map<String, TensorInfo> tensors, long dataSize)
      throws IOException {
    List<Map.Entry<String, TensorInfo>> inOrder = new ArrayList<>(tensors.entrySet());
    inOrder.sort(
        Comparator.comparingLong((Map.Entry<String, TensorInfo> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long next = 0;
    for (Map.Entry<String, TensorInfo> entry : inOrder) {
      TensorInfo info = entry.getValue();
      if (info.begin() != next) {
        throw corrupt(
            file,
            String.format(
                "tensor %s begins at byte %d of the data, expected %d: tensors overlap or leave a"
                    + " hole",
                entry.getKey(), info.begin(), next));
      }
      next = info.end();
    }
    if (next > dataSize) {
      throw corrupt(
          file, "truncated: its header promises " + next + " bytes of data, it holds " + dataSize);
    }
    if (next < dataSize) {
      throw corrupt(file, (dataSize - next) + " bytes follow the last tensor; it may be damaged");
    }
  }

  static IOException corrupt(Object file, String what) {
    return new IOException(file + " is not a readable safetensors file: " + what);
  }

  /** The header's JSON, in the order of the data. */
  byte[] toJson() {
    var root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      var meta = root.putObject(METADATA);
      metadata.forEach(meta::put);
    }
    tensors.entrySet().stream()
        .sorted(Comparator.comparingLong(e -> e.getValue().begin()))
        .forEach(
            e -> {
              var node = root.putObject(e.getKey());
              node.put("dtype", e.getValue().dtype().name());
              var shape = node.putArray("shape");
              for (long size : e.getValue().shape().getShape()) {
                shape.add(size);
              }
              node.putArray("data_offsets").add(e.getValue().begin()).add(e.getValue().end());
            });
    try {
      return JSON.writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A tree of JSON nodes can always be written", e);
    }
  }
}
