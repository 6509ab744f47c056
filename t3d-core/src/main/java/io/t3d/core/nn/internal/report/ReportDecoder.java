package io.t3d.core.nn.internal.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.EmbeddingTable;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.SinCosPosition3d;
import io.t3d.core.nn.internal.Steps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A transformer decoder that writes a report with cross-attention to the visual tokens of a volume.
 *
 * <pre>{@code
 * m      = LN(W h) + PE(z, y, x)                  visual tokens, told where they lie
 * x      = LN(E[token] + P[position])
 * x      = x + SelfAttention(LN(x))               a token sees itself and those before it
 * x      = x + CrossAttention(LN(x), m)
 * x      = x + FFN(LN(x))                         GELU
 * logits = LN(x) Eᵀ                               the embedding is tied
 * }</pre>
 *
 * <p>Vaswani et al. 2017, "Attention Is All You Need", with layer norms before each part (Xiong et
 * al. 2020). Layout and parameter names are those of mBART's decoder ({@code layers.0.self_attn.
 * q_proj.weight}, …; Liu et al. 2020); {@code visual_proj} and {@code visual_norm} are ours, and
 * positions start at row 0 where mBART leaves two rows unused.
 */
public final class ReportDecoder extends TypedBlock {
  private static final float INITIAL_STD = 0.02f;

  private final ReportDecoderConfig config;
  private final int visualChannels;
  private final int vocabSize;
  private final int positions;
  private final EmbeddingTable words;
  private final EmbeddingTable places;
  private final LayerNorm embeddingNorm;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final LayerNorm norm;
  private final Linear visualProjection;
  private final LayerNorm visualNorm;

  /**
   * Builds the decoder; weights come with {@code initialize}.
   *
   * @param config sizes
   * @param vocabSize entries of the tokenizer
   * @param positions tokens of a report at most
   * @param visualChannels width of the visual tokens, {@link VisionEncoder#channels()}
   */
  @SuppressWarnings("this-escape")
  public ReportDecoder(
      ReportDecoderConfig config, int vocabSize, int positions, int visualChannels) {
    Checks.positive("vocabSize", vocabSize);
    Checks.positive("positions", positions);
    Checks.positive("visualChannels", visualChannels);
    this.config = config;
    this.vocabSize = vocabSize;
    this.positions = positions;
    this.visualChannels = visualChannels;
    int c = config.hiddenSize();
    double eps = config.layerNormEps();
    words = addChildBlock("embed_tokens", new EmbeddingTable(vocabSize, c));
    places = addChildBlock("embed_positions", new EmbeddingTable(positions, c));
    NamedBlocks stack = addChildBlock("layers", new NamedBlocks());
    for (int i = 0; i < config.layers(); i++) {
      layers.add(stack.add(Integer.toString(i), new DecoderLayer(config)));
    }
    embeddingNorm = addChildBlock("layernorm_embedding", NamedBlocks.layerNorm(eps));
    norm = addChildBlock("layer_norm", NamedBlocks.layerNorm(eps));
    visualProjection = addChildBlock("visual_proj", NamedBlocks.linear(c, true));
    visualNorm = addChildBlock("visual_norm", NamedBlocks.layerNorm(eps));
    setInitializer(new NormalInitializer(INITIAL_STD), Parameter.Type.WEIGHT);
  }

  /** Tokens of a report at most. */
  public int positions() {
    return positions;
  }

  /**
   * Scores each token after those before it (teacher forcing).
   *
   * @param parameters where the weights come from
   * @param tokenIds {@code (B, L)}, int64; padding only at the end, where it is seen by nothing
   * @param visual the volumes' tokens, B rows
   * @param training whether dropout is on
   * @return logits {@code (B, L, vocabSize)} of the token that follows each; they belong to the
   *     manager of {@code tokenIds}
   */
  public NDArray logits(
      ParameterStore parameters, NDArray tokenIds, VisualTokens visual, boolean training) {
    checkVisual(visual, tokenIds.getShape().get(0));
    return Scopes.within(
        tokenIds,
        ids -> {
          NDArray m = memory(parameters, local(visual, ids.getManager()), training);
          NDArray x = embed(parameters, ids, 0, training);
          NDArray mask = causal(ids.getManager(), 0, (int) ids.getShape().get(1));
          for (DecoderLayer layer : layers) {
            x =
                layer.forward(
                    parameters, x, layer.visualKeys(parameters, m, training), null, mask, training);
          }
          return score(parameters, x, training);
        });
  }

  /**
   * Prepares to write reports token by token, in inference mode.
   *
   * @param manager the cache's memory belongs to a child of it
   * @param visual the volumes' tokens, B rows
   * @return an empty cache of B rows; more rows come with {@link DecoderCache#select}
   */
  public DecoderCache start(ParameterStore parameters, NDManager manager, VisualTokens visual) {
    checkVisual(visual, visual.tokens().getShape().get(0));
    DecoderCache cache = new DecoderCache(manager.newSubManager());
    try (NDManager scope = manager.newSubManager()) {
      NDArray m = memory(parameters, local(visual, scope), false);
      layers.forEach(layer -> cache.add(layer.visualKeys(parameters, m, false)));
    } catch (RuntimeException e) {
      cache.close();
      throw e;
    }
    return cache;
  }

  /**
   * Reads further tokens and scores what follows each, in inference mode.
   *
   * @param tokenIds {@code (B, L)}, int64: those after the {@code cache.length()} of before
   * @param cache takes their keys and values
   * @return logits {@code (B, L, vocabSize)}; they belong to the manager of {@code tokenIds}
   */
  public NDArray next(ParameterStore parameters, NDArray tokenIds, DecoderCache cache) {
    Shapes.check("tokenIds", tokenIds, "B, L", "one row per row of the cache", cache.rows(), -1);
    return Scopes.within(
        tokenIds,
        ids -> {
          int length = (int) ids.getShape().get(1);
          NDArray x = embed(parameters, ids, cache.length(), false);
          NDArray mask = length == 1 ? null : causal(ids.getManager(), cache.length(), length);
          for (int i = 0; i < layers.size(); i++) {
            DecoderCache.Layer past = cache.layers().get(i);
            x = layers.get(i).forward(parameters, x, past.visual(), past, mask, false);
          }
          cache.grow(length);
          return score(parameters, x, false);
        });
  }

  private NDArray memory(ParameterStore parameters, VisualTokens visual, boolean training) {
    NDArray m = Steps.run(visualProjection, parameters, visual.tokens(), training);
    Size3 grid = new Size3(visual.depth(), visual.height(), visual.width());
    NDArray where = SinCosPosition3d.table(m.getManager(), grid, config.hiddenSize());
    return Steps.run(visualNorm, parameters, m, training).add(where); // (B, N, C)
  }

  private NDArray embed(ParameterStore parameters, NDArray ids, int first, boolean training) {
    int end = first + (int) ids.getShape().get(1);
    if (end > positions) {
      throw new IllegalArgumentException(
          "A report must be at most " + positions + " tokens long, got " + end);
    }
    NDArray where = ids.getManager().arange(first, end, 1, DataType.INT64); // (L)
    NDArray sum =
        words
            .lookUp(parameters, ids, training) // (B, L, C)
            .add(places.lookUp(parameters, where, training)); // (L, C)
    NDArray x = Steps.run(embeddingNorm, parameters, sum, training);
    return Dropout.dropout(x, (float) config.dropout(), training).singletonOrThrow();
  }

  private NDArray score(ParameterStore parameters, NDArray x, boolean training) {
    NDArray y = Steps.run(norm, parameters, x, training); // (B, L, C)
    NDArray rows = Scopes.handle(words.rows(parameters, x, training), x.getManager());
    return y.matMul(rows.transpose()); // (B, L, vocabSize)
  }

  /** True where token {@code past + i} may look at token j. */
  private static NDArray causal(NDManager manager, int past, int length) {
    boolean[] mask = new boolean[length * (past + length)];
    for (int i = 0; i < length; i++) {
      Arrays.fill(mask, i * (past + length), i * (past + length) + past + i + 1, true);
    }
    return manager.create(mask, new Shape(1, 1, length, past + length));
  }

  private static VisualTokens local(VisualTokens visual, NDManager manager) {
    return new VisualTokens(
        Scopes.handle(visual.tokens(), manager), visual.depth(), visual.height(), visual.width());
  }

  private void checkVisual(VisualTokens visual, long batch) {
    int n = visual.depth() * visual.height() * visual.width();
    Shapes.check(
        "visual tokens",
        visual.tokens(),
        "B, N, C",
        "one row per report, N = depth · height · width, C of the encoder the decoder was made for",
        batch,
        n,
        visualChannels);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    int n = (int) inputs.get(1).getShape().get(1);
    VisualTokens visual = new VisualTokens(inputs.get(1), 1, 1, n);
    return logits(parameters, inputs.get(0), visual, training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return inputs[0].add(vocabSize);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    words.initialize(manager, dataType, tokens);
    places.initialize(manager, dataType, tokens);
    embeddingNorm.initialize(manager, dataType, tokens);
    layers.forEach(layer -> layer.initialize(manager, dataType, tokens));
    norm.initialize(manager, dataType, tokens);
    visualProjection.initialize(manager, dataType, new Shape(1, 1, visualChannels));
    visualNorm.initialize(manager, dataType, tokens);
  }
}
