package io.t3d.bench.kernel;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.t3d.core.internal.Scopes;
import io.t3d.core.torch.TorchEngine;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Settings of all benchmarks of native kernels, the owner of their arrays, and their checks. Each
 * benchmark ends by reading a number of its result, for which the host waits until a GPU has done
 * all that it was asked.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
public abstract class KernelBenchmark {
  /** {@code cpu}, {@code gpu}, {@code gpu1}: {@code -p device=gpu}. */
  @Param("cpu")
  public String device;

  public NDManager manager;

  /** First thing in a setup. */
  public final void open() {
    TorchEngine.get().setRandomSeed(7);
    manager = NDManager.newBaseManager(TorchEngine.device(device));
  }

  /** Frees native memory. */
  @TearDown(Level.Trial)
  public void tearDown() {
    manager.close();
  }

  /** Requires that two forms did the same work. */
  public static void requireClose(String what, NDArray ours, NDArray reference, double tolerance) {
    double difference = ours.sub(reference).abs().max().toFloatArray()[0];
    double scale = reference.abs().max().toFloatArray()[0];
    if (!(difference <= tolerance * Math.max(1e-6, scale))) {
      throw new IllegalStateException(
          what + ": the two forms differ by " + difference + " where values reach " + scale);
    }
  }

  /** Requires that two losses agree in value and in the gradients of all their inputs. */
  public final void requireSameLoss(
      List<NDArray> inputs,
      Function<List<NDArray>, NDArray> first,
      Function<List<NDArray>, NDArray> second) {
    try (NDManager step = manager.newSubManager()) {
      List<NDArray> ours = leaves(step, inputs);
      List<NDArray> reference = leaves(step, inputs);
      float difference = backward(ours, first) - backward(reference, second);
      if (!(Math.abs(difference) < 1e-4)) {
        throw new IllegalStateException("The two losses differ by " + difference);
      }
      for (int i = 0; i < ours.size(); i++) {
        requireClose("Gradient", ours.get(i).getGradient(), reference.get(i).getGradient(), 1e-3);
      }
    }
  }

  /** Handles of arrays within a step, to take gradients of. */
  static List<NDArray> leaves(NDManager step, List<NDArray> arrays) {
    List<NDArray> leaves = arrays.stream().map(a -> Scopes.handle(a, step)).toList();
    leaves.forEach(x -> x.setRequiresGradient(true));
    return leaves;
  }

  /** Forward and backward; the gradients are then in the leaves. */
  static float backward(List<NDArray> leaves, Function<List<NDArray>, NDArray> loss) {
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray value = loss.apply(leaves);
      collector.backward(value);
      return value.getFloat();
    }
  }
}
