package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDManager;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * An {@code OrganVit3d} in inference: windows, each with the voxels of the organ that it is about
 * and the organ's place in the settings.
 */
final class OnnxOrganVit {
  private static final int FLOAT = 1; // of TensorProto.DataType
  private static final double HIDDEN = -1e30; // its share after the softmax is 0

  private final OnnxLayers layers;
  private final OnnxGraph graph;
  private final OrganVit3dConfig config;
  private final NDManager manager;

  /**
   * A network of a graph.
   *
   * @param manager owns tables of positions; must stay open until the file is written
   */
  OnnxOrganVit(OnnxLayers layers, OrganVit3dConfig config, NDManager manager) {
    this.layers = layers;
    this.graph = layers.graph();
    this.config = config;
    this.manager = manager;
  }

  /** Whether windows may have any size that the patch divides. */
  static boolean takesAnySize(OrganVit3dConfig config) {
    Vit3dConfig.Position position = config.vit().position();
    return position == Vit3dConfig.Position.NONE
        || position == Vit3dConfig.Position.LEARNED_RESIZED;
  }

  /**
   * Runs it all.
   *
   * @param views windows {@code (B, 1, D, H, W)}
   * @param mask {@code (B, 1, D, H, W)}, more than 0 in voxels of the organ
   * @param organ {@code (B)}, int64, its place
   * @param view (D, H, W), for positions that are of one grid
   * @return {@code (B, E)}, not normalised; NaN where no voxel is of the organ
   */
  String run(String views, String mask, String organ, Size3 view) {
    Vit3dConfig vit = config.vit();
    List<String> seen =
        new OnnxVit(layers, "vision.vit", vit, manager).levels(views, view, config.levels());
    String tokens = seen.size() == 1 ? seen.get(0) : layers.concat(1, seen.toArray(String[]::new));
    String held = held(mask); // (B, N)
    String gathered = gathered(tokens, hidden(held, seen.size()), organ); // (B, C)
    String most =
        graph.apply(
            "ReduceMax",
            List.of(held),
            Setting.of("axes", new long[] {1}),
            Setting.of("keepdims", 1)); // (B, 1)
    // 1, or 0 / 0 where the organ is in no patch: then there is nothing to gather.
    return layers.mul(projected(gathered, organ), graph.apply("Div", List.of(most, most)));
  }

  /** 1 for patches that hold a voxel of the organ, 0 for others. */
  private String held(String mask) {
    Size3 p = config.vit().patch();
    String largest =
        graph.apply(
            "MaxPool",
            List.of(mask),
            Setting.of("kernel_shape", p.depth(), p.height(), p.width()),
            Setting.of("strides", p.depth(), p.height(), p.width()));
    String some = graph.apply("Greater", List.of(layers.reshape(largest, 0, -1), layers.number(0)));
    return graph.apply("Cast", List.of(some), Setting.of("to", FLOAT));
  }

  /** What is added to scores, {@code (B, 1, 1, L·N)}. */
  private String hidden(String held, int levels) {
    String away = graph.apply("Sub", List.of(layers.number(1), held));
    String once = layers.reshape(layers.mul(away, layers.number(HIDDEN)), 0, 1, 1, -1);
    return levels == 1
        ? once
        : layers.concat(3, Collections.nCopies(levels, once).toArray(String[]::new));
  }

  /** What the organ's query gathers of tokens {@code (B, L·N, C)}. */
  private String gathered(String tokens, String hidden, String organ) {
    int channels = config.vit().hiddenSize();
    String name = "vision.attention";
    String query =
        graph.apply("Gather", List.of(layers.weight("vision.query_tokens"), organ)); // (B, C)
    String attended =
        layers.attention(
            layers.linear(name + ".query", layers.reshape(query, -1, 1, channels)),
            layers.linear(name + ".key", tokens),
            layers.linear(name + ".value", tokens),
            config.heads(),
            channels,
            Optional.of(hidden));
    return layers.reshape(layers.linear(name + ".out_proj", attended), 0, -1);
  }

  /** The organ's map of {@code (B, C)} to {@code (B, E)}. */
  private String projected(String gathered, String organ) {
    long width = config.embedDim();
    long channels = config.vit().hiddenSize();
    String maps = layers.reshape(all("weight"), -1, width, channels); // (O, E, C)
    String biases = layers.reshape(all("bias"), -1, width); // (O, E)
    String map = graph.apply("Gather", List.of(maps, organ)); // (B, E, C)
    String turned = graph.apply("MatMul", List.of(map, layers.reshape(gathered, 0, -1, 1)));
    return layers.add(layers.reshape(turned, 0, -1), graph.apply("Gather", List.of(biases, organ)));
  }

  private String all(String part) {
    String[] each =
        IntStream.range(0, config.organs().size())
            .mapToObj(i -> layers.weight("vision.projections." + i + "." + part))
            .toArray(String[]::new);
    return each.length == 1 ? each[0] : layers.concat(0, each);
  }
}
