package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.XavierInitializer;
import ai.djl.util.PairList;
import io.t3d.core.config.Checks;
import io.t3d.core.tensor.Scopes;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.torch.Attention;
import java.util.Collections;

/**
 * Visual tokens that have read the report.
 *
 * <pre>{@code
 * t' = LN(W t)                              text tokens in the shared space
 * u' = p  + g1 · CrossAttention(LN(p), t')  visual tokens look at text tokens that are not padding
 * u  = u' + g2 · FFN(LN(u'))                FFN: E → 4E → E with GELU
 * }</pre>
 *
 * <p>The gates g1 and g2 are learned scalars that start small, so that vision leads at first.
 *
 * <p>Differs from the paper: the abstract names "text-informed" multi-view alignment without a
 * formula; the gated residual form is our reading.
 */
public final class TextInformedFusion extends AbstractBlock {
  private static final int MLP_RATIO = 4;
  private static final double EPS = 1e-5;

  private final int dim;
  private final int textDim;
  private final int heads;
  private final Linear text;
  private final LayerNorm textNorm;
  private final LayerNorm visualNorm;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final LayerNorm mlpNorm;
  private final Linear mlpIn;
  private final Linear mlpOut;
  private final Parameter attentionGate;
  private final Parameter mlpGate;

  /**
   * Builds the fusion.
   *
   * @param dim E, width of visual tokens in the shared space
   * @param textDim C, width of text tokens
   * @param heads A; divides E
   * @param gate where both gates start
   */
  @SuppressWarnings("this-escape")
  public TextInformedFusion(int dim, int textDim, int heads, double gate) {
    Checks.divides("dim", dim, "heads", heads);
    this.dim = dim;
    this.textDim = textDim;
    this.heads = heads;
    text = addChildBlock("text", NamedBlocks.linear(dim, true));
    textNorm = addChildBlock("text_norm", NamedBlocks.layerNorm(EPS));
    visualNorm = addChildBlock("visual_norm", NamedBlocks.layerNorm(EPS));
    query = addChildBlock("query", NamedBlocks.linear(dim, true));
    key = addChildBlock("key", NamedBlocks.linear(dim, true));
    value = addChildBlock("value", NamedBlocks.linear(dim, true));
    output = addChildBlock("output", NamedBlocks.linear(dim, true));
    mlpNorm = addChildBlock("mlp_norm", NamedBlocks.layerNorm(EPS));
    mlpIn = addChildBlock("mlp_in", NamedBlocks.linear(MLP_RATIO * dim, true));
    mlpOut = addChildBlock("mlp_out", NamedBlocks.linear(dim, true));
    attentionGate = addParameter(gate("attention_gate", (float) gate));
    mlpGate = addParameter(gate("mlp_gate", (float) gate));
    setInitializer(new XavierInitializer(), Parameter.Type.WEIGHT);
  }

  private static Parameter gate(String name, float start) {
    return Parameter.builder()
        .setName(name)
        .setType(Parameter.Type.OTHER)
        .optShape(new Shape())
        .optInitializer((manager, shape, type) -> manager.full(shape, start, type))
        .build();
  }

  /**
   * Fuses.
   *
   * @param visual {@code (V·B, N, E)}, views of one slot together: row {@code v·B + b} belongs to
   *     report b
   * @param textTokens {@code (B, L, C)}
   * @param attentionMask {@code (B, L)}, int64: 1 for a token, 0 for padding
   * @return u {@code (V·B, N, E)}, not normalised; belongs to the manager of {@code visual}
   */
  public NDArray fuse(
      ParameterStore parameters,
      NDArray visual,
      NDArray textTokens,
      NDArray attentionMask,
      boolean training) {
    check(visual, textTokens, attentionMask);
    NDArray u =
        Scopes.within(
            visual, p -> read(parameters, p, textTokens, attentionMask, training)); // (V·B, N, E)
    return Steps.thenFree(u, y -> Scopes.within(y, x -> feedForward(parameters, x, training)));
  }

  /**
   * Where each visual token looks, in inference mode: the weights of the cross-attention.
   *
   * @param visual {@code (V·B, N, E)}, as in {@link #fuse}
   * @param textTokens {@code (B, L, C)}
   * @param attentionMask {@code (B, L)}, int64
   * @return {@code (V·B, A, N, L)}: rows sum to 1 over the report's tokens, padding has 0; belongs
   *     to the manager of {@code visual}
   */
  public NDArray attention(
      ParameterStore parameters, NDArray visual, NDArray textTokens, NDArray attentionMask) {
    check(visual, textTokens, attentionMask);
    return Scopes.within(
        visual,
        p -> {
          int views = views(p, textTokens);
          NDArray k = run(key, parameters, text(parameters, p, textTokens, false), false);
          return Attention.multiHeadWeights(
              queries(parameters, p, false),
              repeat(k, views),
              heads,
              repeat(mask(p, attentionMask), views));
        });
  }

  private void check(NDArray visual, NDArray textTokens, NDArray attentionMask) {
    long b = textTokens.getShape().get(0);
    long length = textTokens.getShape().get(1);
    Shapes.check("visual", visual, "V·B, N, E", "E is T3DConfig.embedDim", -1, -1, dim);
    Shapes.check(
        "textTokens", textTokens, "B, L, C", "C is TextConfig.hiddenSize", -1, -1, textDim);
    Shapes.check("attentionMask", attentionMask, "B, L", "as large as the reports", b, length);
    if (visual.getShape().get(0) % b != 0) {
      throw new IllegalArgumentException(
          "visual must hold V views of each of the "
              + b
              + " reports, got "
              + visual.getShape().get(0)
              + " rows");
    }
  }

  private static int views(NDArray visual, NDArray textTokens) {
    return (int) (visual.getShape().get(0) / textTokens.getShape().get(0));
  }

  /** {@code LN(W t)}, in the manager of the visual tokens. */
  private NDArray text(
      ParameterStore parameters, NDArray visual, NDArray textTokens, boolean training) {
    NDArray mine = Scopes.handle(textTokens, visual.getManager());
    return run(textNorm, parameters, run(text, parameters, mine, training), training);
  }

  private NDArray queries(ParameterStore parameters, NDArray visual, boolean training) {
    return run(query, parameters, run(visualNorm, parameters, visual, training), training);
  }

  private static NDArray mask(NDArray visual, NDArray attentionMask) {
    return Scopes.handle(attentionMask, visual.getManager())
        .toType(DataType.BOOLEAN, false)
        .reshape(attentionMask.getShape().get(0), 1, 1, -1); // (B, 1, 1, L)
  }

  /** {@code p + g1 · CrossAttention(LN(p), LN(W t))}. */
  private NDArray read(
      ParameterStore parameters,
      NDArray visual,
      NDArray textTokens,
      NDArray attentionMask,
      boolean training) {
    int views = views(visual, textTokens);
    NDArray t = text(parameters, visual, textTokens, training);
    NDArray k = repeat(run(key, parameters, t, training), views); // (V·B, L, E)
    NDArray v = repeat(run(value, parameters, t, training), views); // (V·B, L, E)
    NDArray mask = repeat(mask(visual, attentionMask), views); // (V·B, 1, 1, L)
    NDArray q = queries(parameters, visual, training);
    NDArray attended = Attention.multiHead(q, k, v, heads, mask, 0); // (V·B, N, E)
    NDArray message = run(output, parameters, attended, training);
    return visual.add(message.mul(gate(attentionGate, parameters, visual, training)));
  }

  /** {@code u + g2 · FFN(LN(u))}. */
  private NDArray feedForward(ParameterStore parameters, NDArray u, boolean training) {
    NDArray hidden = run(mlpIn, parameters, run(mlpNorm, parameters, u, training), training);
    NDArray out = run(mlpOut, parameters, Activation.gelu(hidden), training);
    return u.add(out.mul(gate(mlpGate, parameters, u, training)));
  }

  private static NDArray gate(
      Parameter gate, ParameterStore parameters, NDArray like, boolean training) {
    return parameters.getValue(gate, like.getDevice(), training);
  }

  private static NDArray run(Block block, ParameterStore parameters, NDArray x, boolean training) {
    return Steps.run(block, parameters, x, training);
  }

  /** Repeats along the batch: the reports of B pairs for the views of V slots. */
  private static NDArray repeat(NDArray x, int times) {
    return times == 1 ? x : NDArrays.concat(new NDList(Collections.nCopies(times, x)), 0);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    return new NDList(fuse(parameters, inputs.get(0), inputs.get(1), inputs.get(2), training));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0]};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, dim);
    text.initialize(manager, dataType, new Shape(1, 1, textDim));
    mlpOut.initialize(manager, dataType, new Shape(1, 1, (long) MLP_RATIO * dim));
    for (Block block :
        new Block[] {textNorm, visualNorm, query, key, value, output, mlpNorm, mlpIn}) {
      block.initialize(manager, dataType, tokens);
    }
  }
}
