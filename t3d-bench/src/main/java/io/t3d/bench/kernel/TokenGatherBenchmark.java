package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.kernel.TokenGathering;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Tokens gathered around sentences, forward and backward to both: the best form against the plain
 * one. The setup checks that values and gradients agree.
 */
@State(Scope.Benchmark)
public class TokenGatherBenchmark extends KernelBenchmark {
  /** Named sizes: volumes, tokens of each, sentences, width. */
  public enum Size {
    /** For the smoke run. */
    TINY(2, 6, 3, 4),
    /** A batch of four views of 8×8×16 tokens. */
    BASE(4, 1024, 128, 128),
    /** One volume of 32×32×64 tokens. */
    LARGE(1, 65_536, 512, 128);

    final Shape tokens;
    final Shape queries;

    Size(int volumes, int tokens, int sentences, int width) {
      this.tokens = new Shape(volumes, tokens, width);
      queries = new Shape(sentences, width);
    }
  }

  private static final double TEMPERATURE = 0.1;

  private final TokenGathering best = TokenGathering.best(TEMPERATURE);
  private final TokenGathering reference = TokenGathering.plain(TEMPERATURE);

  /** Which size. */
  @Param("BASE")
  public Size size;

  private List<NDArray> inputs;
  private NDArray probe;

  /** Draws tokens and sentences; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    NDArray queries = manager.randomNormal(size.queries).normalize(2, 1);
    inputs = List.of(manager.randomNormal(size.tokens), queries);
    long rows = size.tokens.get(0) * size.queries.get(0);
    probe =
        manager
            .randomNormal(new Shape(size.tokens.get(0), size.queries.get(0), size.queries.get(1)))
            .div((float) Math.sqrt(rows));
    requireSameLoss(inputs, this::gather, this::straightforward);
  }

  /** Ours. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), this::gather);
    }
  }

  /** The reference, by autograd. */
  @Benchmark
  public float plain() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), this::straightforward);
    }
  }

  private NDArray gather(List<NDArray> leaves) {
    return weighted(best.gather(leaves.get(0), leaves.get(1)));
  }

  private NDArray straightforward(List<NDArray> leaves) {
    return weighted(reference.gather(leaves.get(0), leaves.get(1)));
  }

  private NDArray weighted(NDArray gathered) {
    return gathered.mul(Scopes.handle(probe, gathered.getManager())).sum();
  }
}
