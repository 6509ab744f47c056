package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Scopes;
import io.t3d.core.torch.Attention;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Attention of 3D vision transformers: ours against softmax between two matrix products. The setup
 * checks that values and gradients agree.
 */
@State(Scope.Benchmark)
public class AttentionBenchmark extends KernelBenchmark {
  /** Named sizes: batch, heads, tokens, width of a head. */
  public enum Size {
    /** For the smoke run. */
    TINY(1, 2, 6, 4),
    /** ViT-B, one view of 96³ voxels in patches of 8×16×16. */
    VIT_BASE(1, 12, 432, 64),
    /** ViT-B, two views of 96×192×192 voxels. */
    VIT_BASE_LARGE_VIEWS(2, 12, 1728, 64);

    final Shape shape;

    Size(int batch, int heads, int tokens, int width) {
      shape = new Shape(batch, heads, tokens, width);
    }
  }

  /** Which size. */
  @Param("VIT_BASE")
  public Size size;

  private List<NDArray> inputs;

  /** Draws query, key and value; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    inputs =
        List.of(
            manager.randomNormal(size.shape),
            manager.randomNormal(size.shape),
            manager.randomNormal(size.shape));
    try (NDManager step = manager.newSubManager()) {
      requireClose("Attention", fused(leaves(step, inputs)), softmax(leaves(step, inputs)), 1e-4);
      List<NDArray> ours = leaves(step, inputs);
      List<NDArray> reference = leaves(step, inputs);
      backward(ours, x -> fused(x).square().sum());
      backward(reference, x -> softmax(x).square().sum());
      for (int i = 0; i < 3; i++) {
        requireClose("Gradient", ours.get(i).getGradient(), reference.get(i).getGradient(), 1e-3);
      }
    }
  }

  /** Ours, forward. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return fused(handles(step)).getFloat(0, 0, 0, 0);
    }
  }

  /** Softmax between two products, forward. */
  @Benchmark
  public float plain() {
    try (NDManager step = manager.newSubManager()) {
      return softmax(handles(step)).getFloat(0, 0, 0, 0);
    }
  }

  /** Ours, forward and backward. */
  @Benchmark
  public float oursWithBackward() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), x -> fused(x).sum());
    }
  }

  /** Softmax between two products, forward and backward. */
  @Benchmark
  public float plainWithBackward() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), x -> softmax(x).sum());
    }
  }

  private List<NDArray> handles(NDManager step) {
    return inputs.stream().map(x -> Scopes.handle(x, step)).toList();
  }

  private static NDArray fused(List<NDArray> x) {
    return Attention.scaledDotProduct(x.get(0), x.get(1), x.get(2), 0);
  }

  private static NDArray softmax(List<NDArray> x) {
    NDArray scale =
        x.get(0).getManager().create((float) (1 / Math.sqrt(x.get(0).getShape().get(3))));
    NDArray logits = x.get(0).matMul(x.get(1).transpose(0, 1, 3, 2)).mul(scale); // (B, A, L, S)
    return logits.softmax(-1).matMul(x.get(2)); // (B, A, L, d)
  }
}
