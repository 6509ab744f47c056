package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights in an ONNX file under PyTorch's names: just enough of protobuf for that. PyTorch's
 * export keeps the names of all weights but those of linear layers, which it transposes; their
 * names are those of the products that use them, e.g. {@code /encoder/layer.0/output/dense/MatMul}.
 */
final class OnnxWeights {
  // Field numbers of onnx.proto.
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_NAME = 3;
  private static final int TENSOR_DIMS = 1;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW_DATA = 9;

  private final NDManager manager;
  private final Map<String, NDArray> initializers = new HashMap<>();
  private final Map<String, String> productOf = new LinkedHashMap<>(); // weight → node

  private OnnxWeights(NDManager manager) {
    this.manager = manager;
  }

  static Map<String, NDArray> read(NDManager manager, byte[] model) {
    OnnxWeights onnx = new OnnxWeights(manager);
    for (ByteBuffer graph : messages(ByteBuffer.wrap(model), MODEL_GRAPH)) {
      messages(graph, GRAPH_INITIALIZER).forEach(onnx::addInitializer);
      messages(graph, GRAPH_NODE).forEach(onnx::addNode);
    }
    Map<String, NDArray> out = new LinkedHashMap<>();
    onnx.initializers.forEach(
        (name, array) -> {
          String node = onnx.productOf.get(name);
          if (name.startsWith("onnx::MatMul") && node != null) {
            String path = node.substring(1, node.length() - "/MatMul".length());
            out.put(path.replace('/', '.') + ".weight", array.transpose());
          } else if (name.endsWith(".weight") || name.endsWith(".bias")) {
            out.put(name, array);
          }
        });
    return out;
  }

  private void addInitializer(ByteBuffer tensor) {
    long[] shape = numbers(tensor, TENSOR_DIMS);
    String name = text(messages(tensor, TENSOR_NAME).get(0));
    List<ByteBuffer> raw = messages(tensor, TENSOR_RAW_DATA);
    if (!raw.isEmpty() && raw.get(0).remaining() == 4 * new Shape(shape).size()) {
      float[] values = new float[raw.get(0).remaining() / 4];
      raw.get(0).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
      initializers.put(name, manager.create(values, new Shape(shape)));
    }
  }

  private void addNode(ByteBuffer node) {
    List<ByteBuffer> names = messages(node, NODE_NAME);
    String name = names.isEmpty() ? "" : text(names.get(0));
    if (name.endsWith("/MatMul")) {
      messages(node, NODE_INPUT).forEach(input -> productOf.put(text(input), name));
    }
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }

  private static List<ByteBuffer> messages(ByteBuffer message, int field) {
    List<ByteBuffer> out = new ArrayList<>();
    scan(message, field, out, new ArrayList<>());
    return out;
  }

  private static long[] numbers(ByteBuffer message, int field) {
    List<Long> out = new ArrayList<>();
    scan(message, field, new ArrayList<>(), out);
    return out.stream().mapToLong(Long::longValue).toArray();
  }

  /** Collects one field of a message: parts with a length, and numbers. */
  private static void scan(
      ByteBuffer message, int field, List<ByteBuffer> parts, List<Long> numbers) {
    ByteBuffer in = message.duplicate();
    while (in.hasRemaining()) {
      long key = varint(in);
      boolean wanted = key >>> 3 == field;
      switch ((int) (key & 7)) {
        case 0 -> {
          long number = varint(in);
          if (wanted) {
            numbers.add(number);
          }
        }
        case 1 -> in.position(in.position() + 8);
        case 2 -> {
          int length = (int) varint(in);
          if (wanted) {
            parts.add(in.slice(in.position(), length));
          }
          in.position(in.position() + length);
        }
        case 5 -> in.position(in.position() + 4);
        default -> throw new IllegalArgumentException("Not a protobuf: wire type " + (key & 7));
      }
    }
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }
}
