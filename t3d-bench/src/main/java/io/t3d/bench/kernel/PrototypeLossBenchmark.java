package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.volume.View;
import io.t3d.losses.PrototypeConfig;
import io.t3d.losses.PrototypeLoss;
import io.t3d.losses.kernel.PrototypePrediction;
import io.t3d.losses.kernel.PrototypePrediction.Rows;
import io.t3d.losses.kernel.PrototypePrediction.Target;
import io.t3d.losses.kernel.PrototypePrediction.Weights;
import io.t3d.losses.kernel.TokenMatcher;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The token level of swapped prediction, forward and backward to tokens and prototypes: ours
 * against the straightforward form. The setup checks that values and gradients agree.
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

  /** By autograd, distances of all tokens to all and SwAV's listing of Sinkhorn. */
  @Benchmark
  public float plain() {
    try (NDManager step = manager.newSubManager()) {
      return backward(leaves(step, inputs), this::straightforward);
    }
  }

  private NDArray loss(List<NDArray> leaves) {
    NDManager step = leaves.get(0).getManager();
    Shape pooledShape = new Shape(size.pairs, size.dim);
    NDArray pooled = step.ones(pooledShape, DataType.FLOAT32);
    List<ViewFeatures> features = new ArrayList<>();
    for (int v = 0; v < 2; v++) {
      features.add(new ViewFeatures(View.Kind.GLOBAL, pooled, leaves.get(v), views.grids.get(v)));
    }
    return new PrototypeLoss(CONFIG).compute(features, leaves.get(2)).total();
  }

  /** Not {@link PrototypeLoss#plain}, whose Sinkhorn in the log domain is slower than need be. */
  private NDArray straightforward(List<NDArray> leaves) {
    long rows = leaves.get(0).size() / size.dim; // B·N
    NDArray c = leaves.get(2).transpose(); // (E, K)
    NDList features = new NDList();
    NDList similarities = new NDList();
    for (NDArray tokens : leaves.subList(0, 2)) {
      NDArray x = tokens.reshape(rows, size.dim); // (B·N, E)
      features.add(x);
      similarities.add(x.normalize(2, 1).matMul(c)); // (B·N, K)
    }
    NDArray cosines = NDArrays.concat(similarities, 0).stopGradient(); // (2·B·N, K)
    NDArray q = SinkhornBenchmark.listing(cosines).reshape(2, rows, -1); // (2, B·N, K)
    List<Rows> parts = new ArrayList<>();
    for (int b = 0; b < 2; b++) {
      TokenGrid other = views.grids.get(1 - b);
      TokenMatcher.Match match =
          TokenMatcher.plain().match(features.get(b), views.grids.get(b), other);
      NDArray mask = match.mask().reshape(-1); // (B·N)
      Target target = new Target(q.get(1 - b), match.rows(other.size()), mask);
      parts.add(new Rows(features.get(b), List.of(target)));
    }
    return PrototypePrediction.plain(CONFIG.temperature())
        .predict(parts, leaves.get(2), new Weights(1, 0))
        .crossEntropy();
  }
}
