package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.internal.conv.PatchEmbedding3d;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * 3D patch embedding: ours against {@code conv3d} with stride = kernel, which is what most
 * libraries run. The setup checks that both give the same tokens.
 */
@State(Scope.Benchmark)
public class PatchEmbeddingBenchmark extends KernelBenchmark {
  /** Named sizes: views and patches. */
  public enum Size {
    /** For the smoke run. */
    TINY(1, 16, 32, 32, new Size3(4, 8, 8), 32),
    /** Two global views of ViT-B. */
    VIT_BASE(2, 96, 192, 192, new Size3(8, 16, 16), 768);

    final Shape views;
    final Size3 patch;
    final int channels;

    Size(int batch, int depth, int height, int width, Size3 patch, int channels) {
      this.views = new Shape(batch, 1, depth, height, width);
      this.patch = patch;
      this.channels = channels;
    }
  }

  /** Which size. */
  @Param("VIT_BASE")
  public Size size;

  private NDArray views;
  private PatchEmbedding3d embedding;
  private Conv3d convolution;
  private ParameterStore parameters;

  /** Makes views, and the same weights for both forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    parameters = new ParameterStore(manager, false);
    views = manager.randomNormal(size.views);
    embedding = new PatchEmbedding3d(size.patch, size.channels);
    embedding.initialize(manager, DataType.FLOAT32, size.views);
    Shape patch = new Shape(size.patch.depth(), size.patch.height(), size.patch.width());
    convolution =
        Conv3d.builder()
            .setKernelShape(patch)
            .optStride(patch)
            .setFilters(size.channels)
            .optBias(true)
            .build();
    convolution.initialize(manager, DataType.FLOAT32, size.views);
    embedding
        .getDirectParameters()
        .forEach(
            p ->
                p.getValue()
                    .getArray()
                    .copyTo(convolution.getDirectParameters().get(p.getKey()).getArray()));
    double difference;
    try (NDManager step = manager.newSubManager()) {
      NDArray input = views.duplicate();
      input.attach(step);
      NDArray ours = embedding.forward(parameters, input, false); // (B, N, C)
      NDArray theirs =
          convolution
              .forward(parameters, new NDList(input), false)
              .singletonOrThrow(); // (B, C, d, h, w)
      long[] s = theirs.getShape().getShape();
      theirs = theirs.reshape(s[0], s[1], -1).transpose(0, 2, 1); // (B, N, C)
      difference = ours.sub(theirs).abs().max().toFloatArray()[0];
    }
    if (!(difference < 1e-3)) {
      throw new IllegalStateException("The two forms differ by " + difference);
    }
  }

  /** Ours in float32: the form that the rule picks. */
  @Benchmark
  public float ours() {
    try (NDManager step = manager.newSubManager()) {
      NDArray tokens = embedding.forward(parameters, Scopes.handle(views, step), false);
      return tokens.getFloat(0, 0, 0);
    }
  }

  /** Ours inside autocast to bfloat16, from float32 views and weights. */
  @Benchmark
  public float oursBfloat16() {
    try (NDManager step = manager.newSubManager()) {
      NDArray tokens;
      try (Autocast scope = Autocast.bfloat16(manager.getDevice())) {
        tokens = embedding.forward(parameters, Scopes.handle(views, step), false);
      }
      return Casts.toFloat32(tokens.get("0, 0, 0:1")).getFloat(0);
    }
  }

  /** {@code conv3d} with stride = kernel. */
  @Benchmark
  public float conv3d() {
    try (NDManager step = manager.newSubManager()) {
      NDArray map =
          convolution
              .forward(parameters, new NDList(Scopes.handle(views, step)), false)
              .singletonOrThrow();
      return map.getFloat(0, 0, 0, 0, 0);
    }
  }

  /** The same inside autocast to bfloat16. */
  @Benchmark
  public float conv3dBfloat16() {
    try (NDManager step = manager.newSubManager()) {
      NDArray map;
      try (Autocast scope = Autocast.bfloat16(manager.getDevice())) {
        map =
            convolution
                .forward(parameters, new NDList(Scopes.handle(views, step)), false)
                .singletonOrThrow();
      }
      return Casts.toFloat32(map.get("0, 0, 0, 0, 0:1")).getFloat(0);
    }
  }
}
