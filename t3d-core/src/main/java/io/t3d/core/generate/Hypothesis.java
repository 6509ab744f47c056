package io.t3d.core.generate;

import java.util.List;

/**
 * A generated text as token ids, with its probability.
 *
 * @param tokens without the begin token, with the end token when it came
 * @param logProbability of all tokens together, natural log
 * @param finished whether the end token came before the longest length was reached
 */
public record Hypothesis(List<Integer> tokens, double logProbability, boolean finished) {
  /** Copies the list. */
  public Hypothesis {
    tokens = List.copyOf(tokens);
  }
}
