package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A network as a graph of ONNX's operations, version 17 of them. Values have names; an operation
 * gives its result's. All numbers are float32, but for shapes, indices and token ids.
 */
public final class OnnxGraph {
  private static final long OPERATIONS = 17;
  private static final long FORMAT = 8; // of onnx.proto, as of ONNX 1.12, which knows those
  private static final long MOST_BYTES = Integer.MAX_VALUE; // of a message
  private static final int FLOAT = 1;
  private static final int INT64 = 7;

  private final List<ProtoMessage> nodes = new ArrayList<>();
  private final List<ProtoMessage> inputs = new ArrayList<>();
  private final List<ProtoMessage> outputs = new ArrayList<>();
  private final List<Tensor> tensors = new ArrayList<>();
  private final Map<List<Long>, String> integers = new LinkedHashMap<>();
  private int values;

  /** A constant; its numbers are fetched when the file is written. */
  private record Tensor(String name, int type, long[] shape, Numbers numbers) {
    long bytes() {
      return Arrays.stream(shape).reduce(1, (a, b) -> a * b) * (type == FLOAT ? 4 : 8);
    }

    byte[] content() {
      ByteBuffer content = ByteBuffer.allocate((int) bytes()).order(ByteOrder.LITTLE_ENDIAN);
      numbers.putInto(content);
      return content.array();
    }

    ProtoMessage head() {
      ProtoMessage head = new ProtoMessage();
      Arrays.stream(shape).forEach(size -> head.number(1, size));
      return head.number(2, type).text(8, name).start(9, bytes());
    }
  }

  private interface Numbers {
    void putInto(ByteBuffer buffer);
  }

  /**
   * Values of an operation's settings: {@code Long}, {@code long[]}, {@code Float} or {@code
   * String}.
   */
  public record Setting(String name, Object value) {
    private static final int REAL_TYPE = 1;
    private static final int WHOLE_TYPE = 2;
    private static final int TEXT_TYPE = 3;
    private static final int WHOLES_TYPE = 7;

    /** One number. */
    public static Setting of(String name, long value) {
      return new Setting(name, value);
    }

    /** Several numbers. */
    public static Setting of(String name, long... values) {
      return new Setting(name, values);
    }

    /** A real number. */
    public static Setting real(String name, double value) {
      return new Setting(name, (float) value);
    }

    /** A word. */
    public static Setting text(String name, String value) {
      return new Setting(name, value);
    }

    ProtoMessage message() {
      ProtoMessage out = new ProtoMessage().text(1, name);
      if (value instanceof String word) {
        return out.text(4, word).number(20, TEXT_TYPE);
      }
      if (value instanceof Float real) {
        return out.real(2, real).number(20, REAL_TYPE);
      }
      if (value instanceof long[] wholes) {
        Arrays.stream(wholes).forEach(whole -> out.number(8, whole));
        return out.number(20, WHOLES_TYPE);
      }
      return out.number(3, (Long) value).number(20, WHOLE_TYPE);
    }
  }

  /** An input of float32; a size is a number, or a name where it is free. */
  public String input(String name, Object... shape) {
    inputs.add(value(name, FLOAT, shape));
    return name;
  }

  /** An input of int64, likewise. */
  public String integerInput(String name, Object... shape) {
    inputs.add(value(name, INT64, shape));
    return name;
  }

  /** Makes a value an output of the graph, under a name and a shape. */
  public void output(String value, String name, Object... shape) {
    nodes.add(message("Identity", List.of(value), List.of(name)));
    outputs.add(value(name, FLOAT, shape));
  }

  private static ProtoMessage value(String name, int type, Object... shape) {
    ProtoMessage sizes = new ProtoMessage();
    for (Object size : shape) {
      ProtoMessage dimension = new ProtoMessage();
      sizes.message(
          1,
          size instanceof String free
              ? dimension.text(2, free)
              : dimension.number(1, ((Number) size).longValue()));
    }
    ProtoMessage tensor = new ProtoMessage().number(1, type).message(2, sizes);
    return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensor));
  }

  /** A constant of float32. The array must stay open until the file is written. */
  public String constant(NDArray array) {
    String name = next("weight");
    tensors.add(
        new Tensor(
            name,
            FLOAT,
            array.getShape().getShape(),
            buffer -> buffer.asFloatBuffer().put(array.toFloatArray())));
    return name;
  }

  /** A constant of float32. */
  public String constant(Shape shape, float... numbers) {
    String name = next("constant");
    tensors.add(
        new Tensor(name, FLOAT, shape.getShape(), buffer -> buffer.asFloatBuffer().put(numbers)));
    return name;
  }

  /** A list of whole numbers, {@code (n)}. */
  public String integers(long... numbers) {
    return integers.computeIfAbsent(
        Arrays.stream(numbers).boxed().toList(),
        key -> integers(new Shape(numbers.length), numbers));
  }

  /** A constant of int64, other than a shape. */
  public String integers(Shape shape, long... numbers) {
    String name = next("integers");
    tensors.add(
        new Tensor(name, INT64, shape.getShape(), buffer -> buffer.asLongBuffer().put(numbers)));
    return name;
  }

  /** An operation of one result; an input that is left out is empty. */
  public String apply(String operation, List<String> from, Setting... settings) {
    String result = next(operation);
    nodes.add(message(operation, from, List.of(result), settings));
    return result;
  }

  /** An operation of several results. */
  public List<String> applyFor(int results, String operation, List<String> from, Setting... how) {
    List<String> names = IntStream.range(0, results).mapToObj(i -> next(operation)).toList();
    nodes.add(message(operation, from, names, how));
    return names;
  }

  private String next(String kind) {
    return kind + "_" + values++;
  }

  private ProtoMessage message(
      String operation, List<String> from, List<String> results, Setting... settings) {
    ProtoMessage out = new ProtoMessage();
    from.forEach(name -> out.text(1, name));
    results.forEach(name -> out.text(2, name));
    out.text(3, operation + "#" + nodes.size()).text(4, operation);
    for (Setting setting : settings) {
      out.message(5, setting.message());
    }
    return out;
  }

  /**
   * Writes the file; it is replaced as a whole.
   *
   * @param name of the graph
   * @param notes kept in the file, name → text
   * @throws T3dException when it would have more than 2 GiB, which ONNX's format cannot hold
   */
  public void write(Path file, String name, Map<String, String> notes) throws IOException {
    ProtoMessage graph = new ProtoMessage();
    nodes.forEach(node -> graph.message(1, node));
    graph.text(2, name);
    inputs.forEach(input -> graph.message(11, input));
    outputs.forEach(output -> graph.message(12, output));
    List<ProtoMessage> heads = tensors.stream().map(Tensor::head).toList();
    List<ProtoMessage> starts = new ArrayList<>();
    long size = graph.size();
    for (int i = 0; i < heads.size(); i++) {
      long length = heads.get(i).size() + tensors.get(i).bytes();
      starts.add(new ProtoMessage().start(5, length));
      size += starts.get(i).size() + length;
    }
    if (size > MOST_BYTES) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          file + " would have " + size / (1 << 20) + " MiB, more than the 2,048 of an ONNX file");
    }
    ProtoMessage model =
        new ProtoMessage()
            .number(1, FORMAT)
            .text(2, "t3d")
            .message(8, new ProtoMessage().text(1, "").number(2, OPERATIONS));
    notes.forEach((key, text) -> model.message(14, new ProtoMessage().text(1, key).text(2, text)));
    model.start(7, size);
    AtomicFiles.write(
        file,
        channel -> {
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
          out.write(model.toBytes());
          out.write(graph.toBytes());
          for (int i = 0; i < heads.size(); i++) {
            out.write(starts.get(i).toBytes());
            out.write(heads.get(i).toBytes());
            out.write(tensors.get(i).content());
          }
          out.flush(); // the channel stays open, to be forced to the disk
        });
  }
}
