package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;

/** Temporary. */
public final class TokenGather {
  private TokenGather() {}

  public static NDArray gather(NDArray tokens, NDArray queries, double temperature) {
    return weights(tokens, queries, temperature).matMul(tokens).normalize(2, 2);
  }

  public static NDArray weights(NDArray tokens, NDArray queries, double temperature) {
    NDArray keys = tokens.normalize(2, 2);
    long b = tokens.getShape().get(0);
    return io.t3d.core.tensor.Scalars.divide(
            queries.expandDims(0).repeat(0, b).matMul(keys.transpose(0, 2, 1)), temperature)
        .softmax(-1);
  }
}
