package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The layers that networks share, over the weights of a block by name. */
final class OnnxLayers {
  private static final double NORM_FLOOR = 1e-12;
  private static final double BATCH_NORM_EPSILON = 1e-5; // DJL's and PyTorch's

  private final OnnxGraph graph;
  private final Map<String, Parameter> weights;
  private final Map<String, String> constants = new HashMap<>();

  OnnxLayers(OnnxGraph graph, Map<String, Parameter> weights) {
    this.graph = graph;
    this.weights = weights;
  }

  OnnxGraph graph() {
    return graph;
  }

  boolean has(String name) {
    return weights.containsKey(name);
  }

  NDArray array(String name) {
    Parameter parameter = weights.get(name);
    if (parameter == null) {
      throw new IllegalStateException("No weight is named " + name);
    }
    return parameter.getArray();
  }

  /** A weight, which the file holds once however often it is used. */
  String weight(String name) {
    return constants.computeIfAbsent(name, n -> graph.constant(array(n)));
  }

  /** A map of the last axis, with bias where there is one. */
  String linear(String name, String x) {
    String turned =
        graph.apply("Transpose", List.of(weight(name + ".weight")), Setting.of("perm", 1L, 0L));
    String y = graph.apply("MatMul", List.of(x, turned));
    return has(name + ".bias") ? add(y, weight(name + ".bias")) : y;
  }

  String layerNorm(String name, String x, double epsilon) {
    return graph.apply(
        "LayerNormalization",
        List.of(x, weight(name + ".weight"), weight(name + ".bias")),
        Setting.of("axis", -1),
        Setting.real("epsilon", epsilon));
  }

  String batchNorm(String name, String x) {
    return graph.apply(
        "BatchNormalization",
        List.of(
            x,
            weight(name + ".weight"),
            weight(name + ".bias"),
            weight(name + ".running_mean"),
            weight(name + ".running_var")),
        Setting.real("epsilon", BATCH_NORM_EPSILON));
  }

  String add(String x, String y) {
    return graph.apply("Add", List.of(x, y));
  }

  String mul(String x, String y) {
    return graph.apply("Mul", List.of(x, y));
  }

  String number(double value) {
    return graph.constant(new Shape(), (float) value);
  }

  /** Sizes may be 0 for that of the input and -1 for the rest. */
  String reshape(String x, long... shape) {
    return graph.apply("Reshape", List.of(x, graph.integers(shape)));
  }

  String transpose(String x, long... axes) {
    return graph.apply("Transpose", List.of(x), Setting.of("perm", axes));
  }

  String slice(String x, int axis, long from, long to) {
    return graph.apply(
        "Slice", List.of(x, graph.integers(from), graph.integers(to), graph.integers((long) axis)));
  }

  String concat(int axis, String... parts) {
    return graph.apply("Concat", List.of(parts), Setting.of("axis", (long) axis));
  }

  /** The mean of tokens {@code (B, N, C)}. */
  String mean(String tokens, boolean keepAxis) {
    return graph.apply(
        "ReduceMean",
        List.of(tokens),
        Setting.of("axes", new long[] {1}),
        Setting.of("keepdims", keepAxis ? 1 : 0));
  }

  /** GELU in its erf form, of operations that every runtime has. */
  String gelu(String x) {
    String erf = graph.apply("Erf", List.of(graph.apply("Div", List.of(x, number(Math.sqrt(2))))));
    return mul(mul(x, number(0.5)), add(erf, number(1)));
  }

  String silu(String x) {
    return mul(x, graph.apply("Sigmoid", List.of(x)));
  }

  /** A learned {@code (1, …)} once for each row of {@code x}. */
  String repeated(String learned, long[] shape, String x) {
    String rows = slice(graph.apply("Shape", List.of(x)), 0, 0, 1);
    long[] others = Arrays.copyOfRange(shape, 1, shape.length);
    return graph.apply("Expand", List.of(learned, concat(0, rows, graph.integers(others))));
  }

  /**
   * Views cut into blocks.
   *
   * @param views {@code (B, 1, D, H, W)}
   * @param grid blocks along each axis
   * @param size voxels of a block
   * @return {@code (B, gd, gh, gw, d, h, w)}
   */
  String blocks(String views, Size3 grid, Size3 size) {
    String split =
        reshape(
            views,
            -1,
            grid.depth(),
            size.depth(),
            grid.height(),
            size.height(),
            grid.width(),
            size.width());
    return transpose(split, 0, 1, 3, 5, 2, 4, 6);
  }

  /** A voxel map {@code (B, C, D, H, W)} as tokens {@code (B, N, C)}. */
  String tokens(String map) {
    return transpose(reshape(map, 0, 0, -1), 0, 2, 1);
  }

  /**
   * Multi-head attention of {@code (B, N, C)}.
   *
   * @param mask added to the scores
   */
  String attention(
      String query, String key, String value, int heads, int channels, Optional<String> mask) {
    int width = channels / heads;
    String q = byHead(query, heads, width); // (B, A, N, d)
    String k = transpose(reshape(key, 0, 0, heads, width), 0, 2, 3, 1); // (B, A, d, N)
    String v = byHead(value, heads, width);
    return gathered(mul(q, number(1 / Math.sqrt(width))), k, v, mask, channels);
  }

  /** {@code (B, N, A·d)} to {@code (B, A, N, d)}. */
  String byHead(String x, int heads, int width) {
    return transpose(reshape(x, 0, 0, heads, width), 0, 2, 1, 3);
  }

  /**
   * The values that queries gather.
   *
   * @param scaled queries {@code (B, A, N, d)}
   * @param keys {@code (B, A, d, M)}
   * @param values {@code (B, A, M, d)}
   * @param mask added to the scores
   * @param channels A·d
   * @return {@code (B, N, A·d)}
   */
  String gathered(String scaled, String keys, String values, Optional<String> mask, int channels) {
    String scores = graph.apply("MatMul", List.of(scaled, keys)); // (B, A, N, M)
    String seen = mask.isPresent() ? add(scores, mask.get()) : scores;
    String shares = graph.apply("Softmax", List.of(seen), Setting.of("axis", -1));
    String gathered = graph.apply("MatMul", List.of(shares, values)); // (B, A, N, d)
    return reshape(transpose(gathered, 0, 2, 1, 3), 0, 0, channels);
  }

  /** Vectors of length 1 along an axis. */
  String normalized(String x, long axis) {
    String length =
        graph.apply(
            "ReduceL2",
            List.of(x),
            Setting.of("axes", new long[] {axis}),
            Setting.of("keepdims", 1));
    return graph.apply("Div", List.of(x, graph.apply("Max", List.of(length, number(NORM_FLOOR)))));
  }

  /** What follows an encoder: {@code (B, C)} to {@code (B, E)}. */
  String projection(String name, String x) {
    if (!has(name + ".weight")) {
      return x;
    }
    String y = linear(name, x);
    return has(name + ".norm.weight") ? batchNorm(name + ".norm", y) : y;
  }
}
