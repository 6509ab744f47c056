package io.t3d.core.internal.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;

/**
 * Clusters a volume's tokens around sentences: each sentence is a cluster centre that pools the
 * tokens similar to it.
 *
 * <pre>{@code
 * α_btn = softmax over n of  ⟨norm(p_bn), q_t⟩ / temperature
 * z_bt  = norm( Σ_n α_btn p_bn )
 * }</pre>
 *
 * <p>Tokens are compared by their direction and added up with their length.
 *
 * <p>Two forms give the same values and gradients. {@link #plain} is the reference, five array
 * operations under autograd, which keeps cosines, logits and weights: 128 MiB each for 65,536
 * tokens and 512 sentences. {@link #fused} takes tokens in blocks whose weights stay in the
 * processor's cache. It keeps the weights alone, and those up to 128 MiB of a call and where tokens
 * are wide; else, and where the temperature is so low that exponentials need a shift, it keeps none
 * and computes them again. The running softmax over blocks is that of Dao et al. 2022,
 * "FlashAttention".
 */
public sealed interface TokenGathering permits PlainTokenGathering, FusedTokenGathering {
  /**
   * Gathers each volume's tokens around each sentence.
   *
   * @param tokens {@code (B, N, E)}, float32, of any scale
   * @param queries {@code (T, E)}, float32, L2-normalised
   * @return {@code (B, T, E)}, L2-normalised; differentiable in tokens and queries; owned by the
   *     manager of tokens
   * @throws IllegalArgumentException when shapes or types do not fit
   */
  NDArray gather(NDArray tokens, NDArray queries);

  /**
   * The reference, in plain DJL.
   *
   * @param temperature divisor of the cosines, &gt; 0
   */
  static TokenGathering plain(double temperature) {
    return new PlainTokenGathering(temperature);
  }

  /**
   * In blocks, whatever the size.
   *
   * @param temperature divisor of the cosines, &gt; 0
   * @throws UnsupportedOperationException without the {@linkplain TorchBridge bridge}
   */
  static TokenGathering fused(double temperature) {
    return new FusedTokenGathering(temperature, 0, FusedTokenGathering.KEEP);
  }

  /**
   * The faster form: in blocks where the {@linkplain TorchBridge bridge} is there and the weights
   * are more than one block holds, else the plain one.
   *
   * @param temperature divisor of the cosines, &gt; 0
   */
  static TokenGathering best(double temperature) {
    return TorchBridge.available()
        ? new FusedTokenGathering(temperature, GatherBlocks.SMALL, FusedTokenGathering.KEEP)
        : plain(temperature);
  }
}
