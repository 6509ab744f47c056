package io.t3d.core.internal.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Checks;
import io.t3d.core.tensor.Scalars;

/** The formula as it stands, under autograd. */
record PlainTokenGathering(double temperature) implements TokenGathering {
  PlainTokenGathering {
    Checks.positive("temperature", temperature);
  }

  @Override
  public NDArray gather(NDArray tokens, NDArray queries) {
    try (NDArray weights = weights(tokens, queries); // (B, T, N)
        NDArray sum = weights.matMul(tokens)) { // (B, T, E)
      return sum.normalize(2, 2); // (B, T, E)
    }
  }

  /** The weights α, {@code (B, T, N)}; owned by the manager of tokens. */
  NDArray weights(NDArray tokens, NDArray queries) {
    TokenGather.check(tokens, queries);
    long t = queries.getShape().get(0);
    long e = queries.getShape().get(1);
    long b = tokens.getShape().get(0);
    try (NDArray keys = tokens.normalize(2, 2); // (B, N, E)
        NDArray keysT = keys.transpose(0, 2, 1); // (B, E, N)
        NDArray one = queries.expandDims(0); // (1, T, E)
        NDArray each = one.broadcast(b, t, e); // (B, T, E)
        NDArray cosines = each.matMul(keysT); // (B, T, N)
        NDArray logits = Scalars.divide(cosines, temperature)) {
      NDArray weights = logits.softmax(-1); // (B, T, N)
      weights.attach(tokens.getManager());
      return weights;
    }
  }
}
