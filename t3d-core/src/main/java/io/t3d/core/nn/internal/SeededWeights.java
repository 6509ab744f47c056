package io.t3d.core.nn.internal;

import io.t3d.core.torch.TorchEngine;

/** Random weights that a seed fixes. */
public final class SeededWeights {
  private SeededWeights() {}

  /**
   * Seeds the engine and initialises blocks; one thread at a time, because the engine has one
   * random state for all.
   *
   * @param seed same seed, same weights
   * @param initialization calls {@code initialize} of one or more blocks
   */
  public static synchronized void of(long seed, Runnable initialization) {
    TorchEngine.get().setRandomSeed(Long.hashCode(seed));
    initialization.run();
  }
}
