package io.t3d.core.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import io.t3d.core.config.Checks;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.WrittenGradient;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Clusters a volume's tokens around sentences: each sentence is a centre, and gathers the tokens
 * that are like it.
 *
 * <pre>{@code
 * α_btn = softmax over n of  ⟨norm(p_bn), q_t⟩ / temperature
 * z_bt  = norm( Σ_n α_btn p_bn )
 * }</pre>
 *
 * <p>Tokens are compared by their direction and added up with their length. With the {@linkplain
 * TorchBridge bridge} no array of {@code (B, T, N)} is made, neither forward nor backward: tokens
 * are taken in blocks whose weights stay in the processor's cache, and the backward pass computes
 * them again. Autograd would keep cosines, logits and weights, 128 MiB each for 65,536 tokens and
 * 512 sentences, and go over them several times.
 *
 * <p>The running softmax over blocks is that of Dao et al. 2022, "FlashAttention".
 */
public final class TokenGather {
  private TokenGather() {}

  /**
   * Gathers each volume's tokens around each sentence.
   *
   * @param tokens {@code (B, N, E)}, float32, of any scale
   * @param queries {@code (T, E)}, float32, L2-normalised
   * @param temperature &gt; 0
   * @return {@code (B, T, E)}, L2-normalised; differentiable in tokens and queries; owned by the
   *     manager of tokens
   * @throws IllegalArgumentException when shapes, types or the temperature do not fit
   */
  public static NDArray gather(NDArray tokens, NDArray queries, double temperature) {
    check(tokens, queries, temperature);
    if (!TorchBridge.available() || isSmall(tokens, queries)) {
      return plain(tokens, queries, temperature);
    }
    return fused(tokens, queries, temperature);
  }

  /**
   * Whether all weights are no more than a block has; one operation for all volumes is then faster.
   * Not in autocast, which would compute the weights in bfloat16.
   */
  private static boolean isSmall(NDArray tokens, NDArray queries) {
    long weights = tokens.getShape().get(0) * tokens.getShape().get(1) * queries.getShape().get(0);
    return weights <= GatherBlocks.BLOCK && !Autocast.isEnabled(tokens.getDevice());
  }

  /** In blocks. */
  static NDArray fused(NDArray tokens, NDArray queries, double temperature) {
    try (NDArray sum = sums(tokens, queries, temperature)) {
      return sum.normalize(2, 2);
    }
  }

  /**
   * The weights α, to look at. They take memory that {@link #gather} does without.
   *
   * @param tokens {@code (B, N, E)}, float32, of any scale
   * @param queries {@code (T, E)}, float32, L2-normalised
   * @param temperature &gt; 0
   * @return {@code (B, T, N)}; rows sum to 1
   * @throws IllegalArgumentException as {@link #gather}
   */
  public static NDArray weights(NDArray tokens, NDArray queries, double temperature) {
    check(tokens, queries, temperature);
    long t = queries.getShape().get(0);
    long e = queries.getShape().get(1);
    long b = tokens.getShape().get(0);
    try (NDArray keys = tokens.normalize(2, 2); // (B, N, E)
        NDArray keysT = keys.transpose(0, 2, 1);
        NDArray one = queries.expandDims(0);
        NDArray each = one.broadcast(b, t, e);
        NDArray cosines = each.matMul(keysT);
        NDArray logits = Scalars.divide(cosines, temperature)) {
      NDArray weights = logits.softmax(-1); // (B, T, N)
      weights.attach(tokens.getManager());
      return weights;
    }
  }

  /** The same in plain DJL, and the reference. */
  static NDArray plain(NDArray tokens, NDArray queries, double temperature) {
    try (NDArray weights = weights(tokens, queries, temperature);
        NDArray sum = weights.matMul(tokens)) {
      return sum.normalize(2, 2); // (B, T, E)
    }
  }

  /** Σ_n α_btn p_bn. */
  private static NDArray sums(NDArray tokens, NDArray queries, double temperature) {
    try (PointerScope temporaries = new PointerScope()) {
      Tensor p = TorchBridge.borrow(tokens);
      Tensor q = TorchBridge.borrow(queries);
      List<Tensor> inputs = new ArrayList<>();
      boolean ofTokens = JniUtils.isGradMode() && p.requires_grad();
      if (ofTokens) {
        inputs.add(p);
      }
      boolean ofQueries = JniUtils.isGradMode() && q.requires_grad();
      if (ofQueries) {
        inputs.add(q);
      }
      GatherBlocks blocks;
      try (NoGradGuard constant = new NoGradGuard()) {
        blocks = new GatherBlocks(p, q, temperature, ofTokens, ofQueries);
      }
      if (inputs.isEmpty()) {
        NDArray result = TorchBridge.own(tokens.getManager(), blocks.sums().alias());
        blocks.close();
        return result;
      }
      Tensor result = WrittenGradient.of(inputs, blocks.sums(), blocks);
      return TorchBridge.own(tokens.getManager(), result);
    }
  }

  private static void check(NDArray tokens, NDArray queries, double temperature) {
    Shapes.check(
        "tokens", tokens, "B, N, E", "one row per visual token of each volume", -1, -1, -1);
    long e = tokens.getShape().get(2);
    String hint = "E is that of the tokens: project both to one width";
    Shapes.check("queries", queries, "T, E", hint, -1, e);
    check("tokens", tokens, "volumes without tokens");
    check("queries", queries, "a batch without sentences");
    Checks.positive("temperature", temperature);
  }

  private static void check(String name, NDArray array, String empty) {
    if (array.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          name + " must be float32, got " + array.getDataType() + "; use Casts.toFloat32");
    }
    if (array.size() == 0) {
      throw new IllegalArgumentException(
          name + " must not be empty, got " + array.getShape() + "; leave out " + empty);
    }
  }
}
