package io.t3d.core.config;

import io.t3d.core.internal.Checks;
import java.util.List;

/**
 * Settings of a 3D ResNet in MONAI's layout.
 *
 * @param block BASIC (two 3×3×3 convolutions) or BOTTLENECK (1-3-1, output four times the width)
 * @param layers blocks per stage, four stages
 * @param widths channels per stage, before the bottleneck's expansion
 * @param stemKernel kernel of the first convolution, odd
 * @param stemStride stride of the first convolution
 * @param maxPool whether the stem ends with a 3×3×3 max pooling of stride 2
 */
public record ResNet3dConfig(
    Block block,
    List<Integer> layers,
    List<Integer> widths,
    int stemKernel,
    int stemStride,
    boolean maxPool)
    implements VisionConfig {
  /** Kind of residual block. */
  public enum Block {
    /** Two 3×3×3 convolutions. */
    BASIC(1),
    /** 1×1×1, 3×3×3, 1×1×1. */
    BOTTLENECK(4);

    private final int expansion;

    Block(int expansion) {
      this.expansion = expansion;
    }

    /** Output channels over width. */
    public int expansion() {
      return expansion;
    }
  }

  /** Copies the lists, checks sizes. */
  public ResNet3dConfig {
    layers = List.copyOf(layers);
    widths = List.copyOf(widths);
    if (layers.size() != 4 || widths.size() != 4) {
      throw new IllegalArgumentException(
          "ResNet3dConfig.layers and .widths need 4 stages each, got " + layers + " and " + widths);
    }
    layers.forEach(n -> Checks.positive("ResNet3dConfig.layers", n));
    widths.forEach(n -> Checks.positive("ResNet3dConfig.widths", n));
    Checks.positive("ResNet3dConfig.stemStride", stemStride);
    if (stemKernel < 1 || stemKernel % 2 == 0) {
      throw new IllegalArgumentException(
          "ResNet3dConfig.stemKernel must be odd and > 0, got " + stemKernel);
    }
  }

  /** ResNet-18: basic blocks 2-2-2-2. */
  public static ResNet3dConfig resnet18() {
    return new ResNet3dConfig(
        Block.BASIC, List.of(2, 2, 2, 2), List.of(64, 128, 256, 512), 7, 2, true);
  }

  /** ResNet-50: bottleneck blocks 3-4-6-3. */
  public static ResNet3dConfig resnet50() {
    return new ResNet3dConfig(
        Block.BOTTLENECK, List.of(3, 4, 6, 3), List.of(64, 128, 256, 512), 7, 2, true);
  }

  @Override
  public int channels() {
    return widths.get(3) * block.expansion();
  }
}
