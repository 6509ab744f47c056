package io.t3d.core.internal.onnx;

import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import java.util.List;
import java.util.Optional;

/** A {@code TransformerTextEncoder} in inference, for any number of texts of any length. */
final class OnnxBert {
  private static final int FLOAT = 1; // of TensorProto.DataType
  private static final double HIDDEN = -1e30; // its share after the softmax is 0

  private final OnnxLayers layers;
  private final OnnxGraph graph;
  private final TextConfig config;

  OnnxBert(OnnxLayers layers, TextConfig config) {
    this.layers = layers;
    this.graph = layers.graph();
    this.config = config;
  }

  /**
   * Features {@code (B, C)} of texts.
   *
   * @param ids {@code (B, L)}, int64
   * @param attentionMask {@code (B, L)}, int64, 1 for tokens and 0 for padding
   */
  String run(String ids, String attentionMask) {
    String length = layers.slice(graph.apply("Shape", List.of(ids)), 0, 1, 2); // (1)
    String shown = graph.apply("Cast", List.of(attentionMask), Setting.of("to", FLOAT)); // (B, L)
    String mask = mask(shown, length);
    String x = embeddings(ids, length);
    for (int i = 0; i < config.layers(); i++) {
      x = layer("text.encoder.layer." + i, x, mask);
    }
    return pool(x, shown);
  }

  private String embeddings(String ids, String length) {
    String words =
        graph.apply(
            "Gather", List.of(layers.weight("text.embeddings.word_embeddings.weight"), ids));
    String table =
        layers.slice(
            layers.weight("text.embeddings.position_embeddings.weight"),
            0,
            config.positionOffset(),
            Integer.MAX_VALUE);
    String type =
        layers.slice(layers.weight("text.embeddings.token_type_embeddings.weight"), 0, 0, 1);
    String sum = layers.add(layers.add(words, upTo(table, length)), type); // (B, L, C)
    return layers.layerNorm("text.embeddings.LayerNorm", sum, config.layerNormEps());
  }

  /** The first L rows. */
  private String upTo(String table, String length) {
    return graph.apply("Slice", List.of(table, graph.integers(0), length, graph.integers(0)));
  }

  /** What is added to scores, {@code (B, 1, 1, L)} or {@code (B, 1, L, L)}. */
  private String mask(String shown, String length) {
    String hidden = graph.apply("Sub", List.of(layers.number(1), shown));
    String keys = layers.mul(layers.reshape(hidden, 0, 1, 1, -1), layers.number(HIDDEN));
    return config
        .attentionWindow()
        .map(window -> layers.add(keys, far(length, window / 2)))
        .orElse(keys);
  }

  /** Hides what is further from a token than its window reaches, {@code (L, L)}. */
  private String far(String length, int reach) {
    float[] places = new float[config.positions()];
    for (int i = 0; i < places.length; i++) {
      places[i] = i;
    }
    String at = upTo(graph.constant(new Shape(places.length), places), length);
    String apart =
        graph.apply(
            "Abs",
            List.of(
                graph.apply("Sub", List.of(layers.reshape(at, -1, 1), layers.reshape(at, 1, -1)))));
    String beyond = graph.apply("Greater", List.of(apart, layers.number(reach)));
    String asNumber = graph.apply("Cast", List.of(beyond), Setting.of("to", FLOAT));
    return layers.mul(asNumber, layers.number(HIDDEN));
  }

  private String layer(String name, String x, String mask) {
    String attention = name + ".attention";
    String attended =
        layers.attention(
            layers.linear(attention + ".self.query", x),
            layers.linear(attention + ".self.key", x),
            layers.linear(attention + ".self.value", x),
            config.heads(),
            config.hiddenSize(),
            Optional.of(mask));
    String joined = layers.linear(attention + ".output.dense", attended);
    String y =
        layers.layerNorm(
            attention + ".output.LayerNorm", layers.add(x, joined), config.layerNormEps());
    String hidden = layers.gelu(layers.linear(name + ".intermediate.dense", y));
    String out = layers.linear(name + ".output.dense", hidden);
    return layers.layerNorm(name + ".output.LayerNorm", layers.add(y, out), config.layerNormEps());
  }

  private String pool(String x, String shown) {
    if (config.pooling() == TextConfig.Pooling.CLS) {
      return layers.reshape(layers.slice(x, 1, 0, 1), 0, -1); // (B, C)
    }
    String weights = layers.reshape(shown, 0, -1, 1); // (B, L, 1)
    String count = graph.apply("Max", List.of(sum(weights), layers.number(1))); // (B, 1)
    return graph.apply("Div", List.of(sum(layers.mul(x, weights)), count)); // (B, C)
  }

  /** Over the tokens. In this version of the operation axes are an input. */
  private String sum(String x) {
    return graph.apply("ReduceSum", List.of(x, graph.integers(1)), Setting.of("keepdims", 0));
  }
}
