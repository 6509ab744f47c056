package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.ParameterStore;

/**
 * The feed-forward part of a transformer layer: {@code W₂ gelu(W₁ x + b₁) + b₂}, GELU in its erf
 * form. It is no block: its owner adds the two maps under the names that published weights have.
 */
public final class FeedForward {
  private final Linear in;
  private final Linear out;
  private final int size;

  /**
   * Joins two maps.
   *
   * @param in from the width of a token
   * @param out back to it
   * @param size width between the two
   */
  public FeedForward(Linear in, Linear out, int size) {
    this.in = in;
    this.out = out;
    this.size = size;
  }

  /**
   * Runs both, freeing what lies between; the input stays open.
   *
   * @param x {@code (B, N, C)}
   * @param between probability of dropout after the GELU
   * @param after probability of dropout of the result
   * @return {@code (B, N, C)}
   */
  public NDArray run(
      ParameterStore parameters, NDArray x, double between, double after, boolean training) {
    NDArray hidden = Steps.run(in, parameters, x, training); // (B, N, size)
    hidden = dropout(Steps.thenFree(hidden, Activation::gelu), between, training);
    return dropout(Steps.runAndFree(out, parameters, hidden, training), after, training);
  }

  /** The first map alone, {@code (B, N, C)} to {@code (B, N, size)}; the input stays open. */
  public NDArray widen(ParameterStore parameters, NDArray x, boolean training) {
    return Steps.run(in, parameters, x, training);
  }

  /** The second map alone, {@code (B, N, size)} to {@code (B, N, C)}; frees its input. */
  public NDArray narrowAndFree(ParameterStore parameters, NDArray hidden, boolean training) {
    return Steps.runAndFree(out, parameters, hidden, training);
  }

  /** Initialises both for tokens {@code (…, C)}. */
  public void initialize(NDManager manager, DataType dataType, Shape tokens) {
    in.initialize(manager, dataType, tokens);
    out.initialize(manager, dataType, tokens.slice(0, tokens.dimension() - 1).add(size));
  }

  /** Dropout in training, freeing the input; else the input itself. */
  public static NDArray dropout(NDArray x, double probability, boolean training) {
    if (!training || probability == 0) {
      return x;
    }
    return Steps.thenFree(x, y -> Dropout.dropout(y, (float) probability, true).singletonOrThrow());
  }
}
