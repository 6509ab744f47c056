package io.t3d.core.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.t3d.core.internal.Checks;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.WrittenGradient;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * In {@link GatherBlocks}, with the gradient written out.
 *
 * @param temperature divisor of the cosines
 * @param plainUpTo so many weights B·T·N, or fewer, are left to the plain form: one operation for
 *     all volumes is then faster
 * @param keepUpTo so many weights, or fewer, are kept for the backward pass
 */
record FusedTokenGathering(double temperature, long plainUpTo, long keepUpTo)
    implements TokenGathering {
  /** 128 MiB. Making them again costs a product more, a seventh of all. */
  static final long KEEP = 1L << 25;

  FusedTokenGathering {
    Checks.positive("temperature", temperature);
    TorchBridge.require("TokenGathering.fused");
  }

  @Override
  public NDArray gather(NDArray tokens, NDArray queries) {
    TokenGather.check(tokens, queries);
    if (isSmall(tokens, queries)) {
      return new PlainTokenGathering(temperature).gather(tokens, queries);
    }
    try (NDArray sum = sums(tokens, queries)) {
      return sum.normalize(2, 2); // (B, T, E)
    }
  }

  /**
   * On a GPU more is small: the operations of a volume each cost the host as much as one for all.
   * Not in autocast, which would compute the plain form's weights in bfloat16.
   */
  private boolean isSmall(NDArray tokens, NDArray queries) {
    long weights = tokens.getShape().get(0) * tokens.getShape().get(1) * queries.getShape().get(0);
    boolean gpu = tokens.getDevice().isGpu();
    long most = gpu && plainUpTo > 0 ? GatherBlocks.GPU_BLOCK : plainUpTo;
    return weights <= most && !Autocast.isEnabled(tokens.getDevice());
  }

  /** Σ_n α_btn p_bn. */
  private NDArray sums(NDArray tokens, NDArray queries) {
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
        blocks = new GatherBlocks(p, q, temperature, ofTokens, ofQueries, keepUpTo);
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
}
