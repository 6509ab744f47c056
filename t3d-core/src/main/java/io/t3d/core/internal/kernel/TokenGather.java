package io.t3d.core.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Shapes;

/**
 * {@link TokenGathering} for inference, where the temperature is given with each call; also returns
 * the weights.
 */
public final class TokenGather {
  private TokenGather() {}

  /**
   * Gathers each volume's tokens around each sentence, by {@link TokenGathering#best}.
   *
   * @param tokens {@code (B, N, E)}, float32, of any scale
   * @param queries {@code (T, E)}, float32, L2-normalised
   * @param temperature &gt; 0
   * @return {@code (B, T, E)}, L2-normalised; differentiable in tokens and queries; owned by the
   *     manager of tokens
   * @throws IllegalArgumentException when shapes, types or the temperature do not fit
   */
  public static NDArray gather(NDArray tokens, NDArray queries, double temperature) {
    return TokenGathering.best(temperature).gather(tokens, queries);
  }

  /**
   * The weights α, to look at. They take memory that {@link #gather} does without.
   *
   * @param tokens {@code (B, N, E)}, float32, of any scale
   * @param queries {@code (T, E)}, float32, L2-normalised
   * @param temperature &gt; 0
   * @return {@code (B, T, N)}; rows sum to 1; owned by the manager of tokens
   * @throws IllegalArgumentException as {@link #gather}
   */
  public static NDArray weights(NDArray tokens, NDArray queries, double temperature) {
    return new PlainTokenGathering(temperature).weights(tokens, queries);
  }

  static void check(NDArray tokens, NDArray queries) {
    Shapes.check(
        "tokens", tokens, "B, N, E", "one row per visual token of each volume", -1, -1, -1);
    long e = tokens.getShape().get(2);
    String hint = "E is that of the tokens: project both to one width";
    Shapes.check("queries", queries, "T, E", hint, -1, e);
    check("tokens", tokens, "volumes without tokens");
    check("queries", queries, "a batch without sentences");
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
