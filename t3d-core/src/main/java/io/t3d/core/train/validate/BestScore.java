package io.t3d.core.train.validate;

/**
 * The best validation of a training so far.
 *
 * @param metric name of the score
 * @param score its value
 * @param step that it followed, from 1
 * @param since validations after it
 */
public record BestScore(String metric, double score, int step, int since) {
  /** The same after one more validation that was no better. */
  BestScore older() {
    return new BestScore(metric, score, step, since + 1);
  }
}
