package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Scopes;
import io.t3d.losses.kernel.Sinkhorn;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Sinkhorn–Knopp of N samples over K prototypes: ours against two straightforward forms. The one in
 * the log domain is as free of overflow as ours; the published listing (exponentiate, then divide
 * rows and columns) is not. The setup checks that all agree.
 */
@State(Scope.Benchmark)
public class SinkhornBenchmark extends KernelBenchmark {
  private static final double EPSILON = 0.05;
  private static final int ITERATIONS = 3;

  /** N: tokens of all global views of a batch. */
  @Param("8192")
  public int samples;

  /** K. */
  @Param("512")
  public int prototypes;

  private NDArray similarities;

  /** Draws cosines; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    similarities = manager.randomUniform(-1, 1, new Shape(samples, prototypes));
    float difference;
    try (NDManager step = manager.newSubManager()) {
      NDArray ours = Sinkhorn.best(EPSILON, ITERATIONS).assign(Scopes.handle(similarities, step));
      NDArray input = Scopes.handle(similarities, step);
      difference =
          Math.max(
              ours.sub(listing(input)).abs().max().toFloatArray()[0],
              ours.sub(logDomain(input)).abs().max().toFloatArray()[0]);
    }
    if (!(difference < 1e-4)) {
      throw new IllegalStateException("The forms differ by " + difference);
    }
  }

  /** Ours. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return Sinkhorn.best(EPSILON, ITERATIONS)
          .assign(Scopes.handle(similarities, step))
          .getFloat(0, 0);
    }
  }

  /** The published listing. */
  @Benchmark
  public float published() {
    try (NDManager step = manager.newSubManager()) {
      return listing(Scopes.handle(similarities, step)).getFloat(0, 0);
    }
  }

  /** The straightforward form: subtract log-sum-exps in turn. */
  @Benchmark
  public float logDomain() {
    try (NDManager step = manager.newSubManager()) {
      return logDomain(Scopes.handle(similarities, step)).getFloat(0, 0);
    }
  }

  /** Caron et al. 2020, listing 1: columns first, then rows. */
  static NDArray listing(NDArray scores) {
    int[] down = {0};
    int[] along = {1};
    NDArray q = scores.div(EPSILON).exp(); // (N, K)
    for (int i = 0; i < ITERATIONS; i++) {
      q = q.div(q.sum(down, true)); // (N, K)
      q = q.div(q.sum(along, true)); // (N, K)
    }
    return q;
  }

  private static NDArray logDomain(NDArray scores) {
    int[] down = {0};
    int[] along = {1};
    NDArray logQ = scores.div(EPSILON); // (N, K)
    for (int i = 0; i < ITERATIONS; i++) {
      logQ = subtractLogSumExp(subtractLogSumExp(logQ, down), along); // (N, K)
    }
    return logQ.exp();
  }

  /** Frees its input and what it makes: not to measure the allocator. */
  private static NDArray subtractLogSumExp(NDArray logQ, int[] axis) {
    try (logQ;
        NDArray max = logQ.max(axis, true);
        NDArray shifted = logQ.sub(max);
        NDArray exp = shifted.exp();
        NDArray sum = exp.sum(axis, true);
        NDArray log = sum.log()) {
      return shifted.sub(log); // (N, K)
    }
  }
}
