package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.losses.ContrastiveLoss;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The symmetric contrastive loss, forward and backward: ours against the mean of two log-softmax
 * diagonals. The setup checks that values and gradients agree.
 */
@State(Scope.Benchmark)
public class ContrastiveLossBenchmark extends KernelBenchmark {
  /** Named sizes: pairs, width. */
  public enum Size {
    /** For the smoke run. */
    TINY(4, 8),
    /** A usual batch. */
    BASE(64, 512),
    /** A batch gathered by gradient caching or from many devices. */
    LARGE(2048, 512);

    final Shape shape;

    Size(int pairs, int dim) {
      shape = new Shape(pairs, dim);
    }
  }

  /** Which size. */
  @Param("BASE")
  public Size size;

  private List<NDArray> inputs;

  /** Draws embeddings; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    inputs =
        List.of(
            manager.randomNormal(size.shape).normalize(2, 1),
            manager.randomNormal(size.shape).normalize(2, 1),
            manager.create((float) Math.log(1 / 0.07)));
    requireSameLoss(inputs, ContrastiveLossBenchmark::loss, ContrastiveLossBenchmark::diagonals);
  }

  /** Ours. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), ContrastiveLossBenchmark::loss);
    }
  }

  /** The mean of two log-softmax diagonals. */
  @Benchmark
  public float plain() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), ContrastiveLossBenchmark::diagonals);
    }
  }

  private static NDArray loss(List<NDArray> x) {
    return new ContrastiveLoss().compute(x.get(0), x.get(1), x.get(2));
  }

  private static NDArray diagonals(List<NDArray> x) {
    NDArray logits = x.get(0).matMul(x.get(1).transpose()).mul(x.get(2).exp()); // (B, B)
    NDArray mask = logits.getManager().eye((int) logits.getShape().get(0));
    NDArray diagonal = NDArrays.add(logits.logSoftmax(0), logits.logSoftmax(1)).mul(mask);
    NDArray count = logits.getManager().create(-2f * logits.getShape().get(0));
    return diagonal.sum().div(count);
  }
}
