package io.t3d.core.internal.onnx;

import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import java.util.List;

/** A {@code ResNet3d} in inference. */
final class OnnxResNet {
  private final OnnxLayers layers;
  private final ResNet3dConfig config;

  OnnxResNet(OnnxLayers layers, ResNet3dConfig config) {
    this.layers = layers;
    this.config = config;
  }

  /** Tokens {@code (B, N, C)} of views. */
  String tokens(String views) {
    int k = config.stemKernel();
    int s = config.stemStride();
    int kernelDepth = config.stemDepth().map(ResNet3dConfig.StemDepth::kernel).orElse(k);
    int strideDepth = config.stemDepth().map(ResNet3dConfig.StemDepth::stride).orElse(s);
    String x = conv("vision.conv1", views, new long[] {kernelDepth, k, k}, strideDepth, s);
    x = relu(layers.batchNorm("vision.bn1", x));
    if (config.maxPool()) {
      x =
          layers
              .graph()
              .apply(
                  "MaxPool",
                  List.of(x),
                  Setting.of("kernel_shape", 3L, 3L, 3L),
                  Setting.of("strides", 2L, 2L, 2L),
                  Setting.of("pads", 1L, 1L, 1L, 1L, 1L, 1L));
    }
    for (int stage = 0; stage < config.layers().size(); stage++) {
      for (int i = 0; i < config.layers().get(stage); i++) {
        int stride = stage > 0 && i == 0 ? 2 : 1;
        x = block("vision.layer" + (stage + 1) + "." + i, x, stride);
      }
    }
    return layers.tokens(x);
  }

  private String block(String name, String x, int stride) {
    boolean bottleneck = config.block() == ResNet3dConfig.Block.BOTTLENECK;
    String y = x;
    int convs = bottleneck ? 3 : 2;
    for (int i = 1; i <= convs; i++) {
      int kernel = bottleneck && i != 2 ? 1 : 3;
      int step = i == (bottleneck ? 2 : 1) ? stride : 1;
      y = conv(name + ".conv" + i, y, new long[] {kernel, kernel, kernel}, step, step);
      y = layers.batchNorm(name + ".bn" + i, y);
      y = i < convs ? relu(y) : y;
    }
    String shortcut = x;
    if (layers.has(name + ".downsample.0.weight")) {
      shortcut = conv(name + ".downsample.0", x, new long[] {1, 1, 1}, stride, stride);
      shortcut = layers.batchNorm(name + ".downsample.1", shortcut);
    }
    return relu(layers.add(y, shortcut));
  }

  private String conv(String name, String x, long[] kernel, long strideDepth, long stride) {
    long z = kernel[0] / 2;
    long y = kernel[1] / 2;
    long w = kernel[2] / 2;
    return layers
        .graph()
        .apply(
            "Conv",
            List.of(x, layers.weight(name + ".weight")),
            Setting.of("kernel_shape", kernel),
            Setting.of("strides", strideDepth, stride, stride),
            Setting.of("pads", z, y, w, z, y, w));
  }

  private String relu(String x) {
    return layers.graph().apply("Relu", List.of(x));
  }
}
