package io.t3d.core.config;

import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of a 3D ResNet in MONAI's layout.
 *
 * @param block BASIC (two 3×3×3 convolutions) or BOTTLENECK (1-3-1, output four times the width)
 * @param layers blocks per stage, four stages
 * @param widths channels per stage, before the bottleneck's expansion
 * @param stemKernel kernel of the first convolution, odd
 * @param stemStride stride of the first convolution
 * @param maxPool whether the stem ends with a 3×3×3 max pooling of stride 2
 * @param stemDepth kernel and stride of the first convolution along z, where these are others than
 *     in the plane, as in networks that were inflated from 2D ones
 */
public record ResNet3dConfig(
    Block block,
    List<Integer> layers,
    List<Integer> widths,
    int stemKernel,
    int stemStride,
    boolean maxPool,
    @LeftOutWhenEmpty Optional<StemDepth> stemDepth)
    implements VisionConfig {
  /**
   * The first convolution along z.
   *
   * @param kernel odd
   * @param stride of the convolution
   */
  public record StemDepth(int kernel, int stride) {
    /** Checks sizes. */
    public StemDepth {
      requireOdd("StemDepth.kernel", kernel);
      Checks.positive("StemDepth.stride", stride);
    }
  }

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
    requireOdd("ResNet3dConfig.stemKernel", stemKernel);
    Objects.requireNonNull(stemDepth, "ResNet3dConfig.stemDepth");
  }

  /** With the same first convolution along all axes. */
  public ResNet3dConfig(
      Block block,
      List<Integer> layers,
      List<Integer> widths,
      int stemKernel,
      int stemStride,
      boolean maxPool) {
    this(block, layers, widths, stemKernel, stemStride, maxPool, Optional.empty());
  }

  private static void requireOdd(String name, int kernel) {
    if (kernel < 1 || kernel % 2 == 0) {
      throw new IllegalArgumentException(name + " must be odd and > 0, got " + kernel);
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
