package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.vision.ResNet3d;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Residual blocks: a ResNet3d of one bottleneck block per stage, ours against the same operations
 * in plain DJL, channels first. The setup checks that values agree. Wider stages than these end the
 * JVM in the plain form on some machines (strided 1×1×1 convolutions of oneDNN).
 */
@State(Scope.Benchmark)
public class ResNet3dBenchmark extends KernelBenchmark {
  private static final int STAGES = 4;

  /** Named sizes: views, widths. */
  public enum Size {
    /** For the smoke run. */
    TINY(new Shape(2, 1, 32, 32, 32), List.of(2, 2, 4, 4)),
    /** Two views of 64³. */
    BASE(new Shape(2, 1, 64, 64, 64), List.of(64, 128, 128, 128));

    final Shape views;
    final ResNet3dConfig config;

    Size(Shape views, List<Integer> widths) {
      this.views = views;
      config =
          new ResNet3dConfig(
              ResNet3dConfig.Block.BOTTLENECK, List.of(1, 1, 1, 1), widths, 7, 2, true);
    }
  }

  /** Which size. */
  @Param("BASE")
  public Size size;

  private NDArray views;
  private ResNet3d network;
  private ParameterStore parameters;
  private Map<String, Parameter> weights;

  /** Makes views and weights; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    parameters = new ParameterStore(manager, false);
    views = manager.randomNormal(size.views);
    network = new ResNet3d(size.config);
    network.initialize(manager, DataType.FLOAT32, size.views);
    weights = StateDict.of(network);
    try (NDManager step = manager.newSubManager()) {
      requireClose("Tokens", tokens(step, false), plainTokens(step, false), 1e-3);
    }
  }

  /** Ours, forward. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      return tokens(step, false).getFloat(0, 0, 0);
    }
  }

  /** Plain, forward. */
  @Benchmark
  public float plain() {
    try (NDManager step = manager.newSubManager()) {
      return plainTokens(step, false).getFloat(0, 0, 0);
    }
  }

  /** Ours, forward and backward to the weights, with batch statistics. */
  @Benchmark
  public float oursWithBackward() {
    try (NDManager step = manager.newSubManager()) {
      return backward(List.of(), none -> tokens(step, true).square().mean());
    }
  }

  /** Plain, forward and backward to the weights, with batch statistics. */
  @Benchmark
  public float plainWithBackward() {
    try (NDManager step = manager.newSubManager()) {
      return backward(List.of(), none -> plainTokens(step, true).square().mean());
    }
  }

  private NDArray tokens(NDManager step, boolean training) {
    return network.encode(parameters, Scopes.handle(views, step), training).tokens();
  }

  private NDArray plainTokens(NDManager step, boolean training) {
    NDArray x = conv(Scopes.handle(views, step), "conv1", 2);
    x = Activation.relu(norm(x, "bn1", training));
    x = Pool.maxPool3d(x, cube(3), cube(2), cube(1), false);
    for (int stage = 1; stage <= STAGES; stage++) {
      x = block(x, "layer" + stage + ".0.", stage == 1 ? 1 : 2, training);
    }
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), -1).transpose(0, 2, 1); // (B, N, C)
  }

  private NDArray block(NDArray x, String name, int stride, boolean training) {
    NDArray y = x;
    for (int i = 1; i <= 3; i++) {
      y = norm(conv(y, name + "conv" + i, i == 2 ? stride : 1), name + "bn" + i, training);
      y = i < 3 ? Activation.relu(y) : y;
    }
    NDArray shortcut =
        norm(conv(x, name + "downsample.0", stride), name + "downsample.1", training);
    return Activation.relu(y.add(shortcut));
  }

  private NDArray conv(NDArray x, String name, int stride) {
    NDArray weight = weights.get(name + ".weight").getArray();
    long pad = weight.getShape().get(2) / 2;
    return Conv3d.conv3d(x, weight, null, cube(stride), cube(pad)).singletonOrThrow();
  }

  private NDArray norm(NDArray x, String name, boolean training) {
    return BatchNorm.batchNorm(
            x,
            weights.get(name + ".running_mean").getArray(),
            weights.get(name + ".running_var").getArray(),
            weights.get(name + ".weight").getArray(),
            weights.get(name + ".bias").getArray(),
            1,
            0.9f,
            1e-5f,
            training)
        .singletonOrThrow();
  }

  private static Shape cube(long edge) {
    return new Shape(edge, edge, edge);
  }
}
