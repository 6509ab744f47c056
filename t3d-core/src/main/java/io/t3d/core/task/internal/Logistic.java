package io.t3d.core.task.internal;

/** The logistic function. */
public final class Logistic {
  private Logistic() {}

  /** The probability of a logit: {@code 1 / (1 + exp(-logit))}. */
  public static double of(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }
}
