package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.volume.View;
import io.t3d.losses.PrototypeConfig;
import io.t3d.losses.PrototypeLoss;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The token level of swapped prediction, forward and backward to tokens and prototypes: with the
 * best kernels against the plain ones. The setup checks that values and gradients agree.
 */
@State(Scope.Benchmark)
public class PrototypeLossBenchmark extends KernelBenchmark {
  private static final PrototypeConfig CONFIG =
      PrototypeConfig.builder()
          .tokenWeight(1)
          .entropyWeight(0)
          .levels(PrototypeConfig.Levels.TOKEN)
          .build();

  /** Which size. */
  @Param("BASE")
  public TokenViews.Size size;

  private TokenViews views;
  private List<NDArray> inputs;

  /** Draws two views; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    views = new TokenViews(manager, size);
    inputs = List.of(views.visual.get(0), views.visual.get(1), views.prototypes);
    requireSameLoss(inputs, this::loss, this::straightforward);
  }

  /** Ours. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), this::loss);
    }
  }

  /** By autograd, distances of all tokens to all and the log domain. */
  @Benchmark
  public float plain() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), this::straightforward);
    }
  }

  private NDArray loss(List<NDArray> leaves) {
    return loss(new PrototypeLoss(CONFIG), leaves);
  }

  private NDArray straightforward(List<NDArray> leaves) {
    return loss(PrototypeLoss.plain(CONFIG), leaves);
  }

  private NDArray loss(PrototypeLoss loss, List<NDArray> leaves) {
    NDManager step = leaves.get(0).getManager();
    Shape pooledShape = new Shape(size.pairs, size.dim);
    NDArray pooled = step.ones(pooledShape, DataType.FLOAT32);
    List<ViewFeatures> features = new ArrayList<>();
    for (int v = 0; v < 2; v++) {
      features.add(new ViewFeatures(View.Kind.GLOBAL, pooled, leaves.get(v), views.grids.get(v)));
    }
    return loss.compute(features, leaves.get(2)).total();
  }
}
