package io.t3d.core.nn.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import io.t3d.core.config.TextConfig;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text encoder of the BERT family: post-norm transformer layers with erf GELU. (Devlin et al.
 * 2019)
 *
 * <p>Parameters bear HuggingFace's names ({@code embeddings.word_embeddings.weight}, {@code
 * encoder.layer.0.attention.self.query.weight}, …), so that weights of BERT, RadBERT,
 * BioClinicalBERT and, with {@code positionOffset} 2, of RoBERTa fit; with {@code attentionWindow}
 * also those of Longformer without global tokens. There is no pooler layer: the projection head
 * takes its place.
 */
public final class TransformerTextEncoder extends AbstractBlock implements TextEncoder {
  private static final float INITIAL_STD = 0.02f; // BERT's initializer_range

  private static final Pattern LAYER = Pattern.compile("encoder\\.layer\\.(\\d+)\\.");

  private final TextConfig config;
  private final BertEmbeddings embeddings;
  private final List<BertLayer> layers = new ArrayList<>();

  /** Builds the encoder; weights come with {@code initialize}. */
  @SuppressWarnings("this-escape")
  public TransformerTextEncoder(TextConfig config) {
    this.config = config;
    embeddings = addChildBlock("embeddings", new BertEmbeddings(config));
    NamedBlocks encoder = addChildBlock("encoder", new NamedBlocks());
    NamedBlocks layer = encoder.add("layer", new NamedBlocks());
    for (int i = 0; i < config.layers(); i++) {
      layers.add(layer.add(Integer.toString(i), new BertLayer(config)));
    }
    setInitializer(new NormalInitializer(INITIAL_STD), Parameter.Type.WEIGHT);
  }

  /** The network's settings. */
  public TextConfig config() {
    return config;
  }

  /** C, the width of a token. */
  @Override
  public int channels() {
    return config.hiddenSize();
  }

  @Override
  public int vocabSize() {
    return config.vocabSize();
  }

  @Override
  public int layers() {
    return config.layers();
  }

  @Override
  public int layerOf(String parameter) {
    Matcher layer = LAYER.matcher(parameter);
    return layer.lookingAt() ? 1 + Integer.parseInt(layer.group(1)) : 0;
  }

  /**
   * Encodes reports.
   *
   * @param parameters where the weights come from
   * @param reports {@code (B, L)}; results belong to the manager of the token ids
   * @param training whether dropout is on
   * @throws IllegalArgumentException when the reports are longer than {@code TextConfig.maxLength}
   */
  @Override
  public TextFeatures encode(ParameterStore parameters, TokenBatch reports, boolean training) {
    NDArray ids = reports.tokenIds();
    long length = ids.getShape().get(1);
    if (length > config.positions() - config.positionOffset()) {
      throw new IllegalArgumentException(
          "tokenIds must be at most "
              + (config.positions() - config.positionOffset())
              + " long (TextConfig.positions - positionOffset), got "
              + length
              + "; tokenize with ReportTokenizer at TextConfig.maxLength");
    }
    NDArray mask =
        reports
            .attentionMask()
            .toType(DataType.BOOLEAN, false)
            .reshape(ids.getShape().get(0), 1, 1, length); // (B, 1, 1, L)
    if (config.attentionWindow().isPresent()) {
      mask = withinWindow(mask, (int) length, config.attentionWindow().get() / 2);
    }
    NDArray x = embeddings.forward(parameters, ids, training);
    NDArray kept = ActivationCheckpoints.keep(mask);
    for (BertLayer layer : layers) {
      x = ActivationCheckpoints.stage(x, y -> layer.forward(parameters, y, kept, training));
    }
    return new TextFeatures(x, pool(x, reports.attentionMask()));
  }

  /** A mask {@code (B, 1, 1, L)} as {@code (B, 1, L, L)}, true near the diagonal only. */
  private static NDArray withinWindow(NDArray mask, int length, int reach) {
    if (length <= reach + 1) {
      return mask;
    }
    boolean[] near = new boolean[length * length];
    for (int i = 0; i < length; i++) {
      int from = i * length + Math.max(0, i - reach);
      Arrays.fill(near, from, i * length + Math.min(length, i + reach + 1), true);
    }
    try (NDArray band = mask.getManager().create(near, new Shape(1, 1, length, length))) {
      return mask.logicalAnd(band); // (B, 1, L, L)
    }
  }

  private NDArray pool(NDArray x, NDArray attentionMask) {
    if (config.pooling() == TextConfig.Pooling.CLS) {
      return x.get(":, 0"); // (B, C)
    }
    NDArray weights = attentionMask.toType(DataType.FLOAT32, false).expandDims(2); // (B, L, 1)
    NDArray count = Scalars.atLeast(weights.sum(new int[] {1}), 1); // (B, 1)
    return x.mul(weights).sum(new int[] {1}).div(count); // (B, C)
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    TextFeatures features =
        encode(parameters, new TokenBatch(inputs.get(0), inputs.get(1)), training);
    return new NDList(features.tokens(), features.pooled());
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    long b = inputs[0].get(0);
    long l = inputs[0].get(1);
    return new Shape[] {new Shape(b, l, config.hiddenSize()), new Shape(b, config.hiddenSize())};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    embeddings.initialize(manager, dataType, inputs);
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    layers.forEach(layer -> layer.initialize(manager, dataType, tokens));
  }
}
