package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.internal.Scopes;
import io.t3d.losses.kernel.TokenMatcher;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Tokens of one view brought onto those of another: ours against the distances of all to all. The
 * setup checks that both find the same.
 */
@State(Scope.Benchmark)
public class TokenMatchingBenchmark extends KernelBenchmark {
  /** Which size. */
  @Param("BASE")
  public TokenViews.Size size;

  private TokenViews views;

  /** Draws two views; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    views = new TokenViews(manager, size);
    try (NDManager step = manager.newSubManager()) {
      requireClose("Matched tokens", matched(step), nearest(step), 1e-6);
    }
  }

  /** Ours: the grids' affines composed. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return matched(step).getFloat(0, 0, 0);
    }
  }

  /** The nearest by the distances of all to all. */
  @Benchmark
  public float distances() {
    try (NDManager step = manager.newSubManager()) {
      return nearest(step).getFloat(0, 0, 0);
    }
  }

  private NDArray matched(NDManager step) {
    NDArray tokens = Scopes.handle(views.visual.get(0), step);
    TokenMatcher.Match match =
        TokenMatcher.best().match(tokens, views.grids.get(1), views.grids.get(0));
    return match.gather(tokens).mul(match.mask().expandDims(2)); // (B, N, E)
  }

  private NDArray nearest(NDManager step) {
    NDArray tokens = Scopes.handle(views.visual.get(0), step);
    TokenMatcher.Match match =
        TokenMatcher.plain().match(tokens, views.grids.get(1), views.grids.get(0));
    return match.gather(tokens).mul(match.mask().expandDims(2)); // (B, N, E)
  }
}
