package io.t3d.core.task.segment;

import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.internal.Checks;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Settings of a segmenter, saved along with it.
 *
 * @param vision the encoder
 * @param decoder widths of the decoder
 * @param classes structures in order; the network's class 0 is the background, class k is {@code
 *     classes.get(k - 1)}
 * @param window voxels of a training crop and of a window of the sliding inference
 * @param overlap share of a window that the next one covers again, in [0, 0.95]
 * @param sigma of the Gaussian weight of a window's voxels, as a share of the window's size
 */
public record SegmenterConfig(
    VisionConfig vision,
    DecoderConfig decoder,
    List<SegmentationClass> classes,
    Size3 window,
    double overlap,
    double sigma) {
  /** Value of masks at voxels that say nothing: the loss leaves them out. */
  public static final int IGNORE = 255;

  /** Checks ranges, and that no mask value means two things. */
  public SegmenterConfig {
    Objects.requireNonNull(vision, "SegmenterConfig.vision");
    Objects.requireNonNull(decoder, "SegmenterConfig.decoder");
    Objects.requireNonNull(window, "SegmenterConfig.window");
    classes = List.copyOf(classes);
    Checks.inRange("SegmenterConfig.overlap", overlap, 0, 0.95);
    Checks.positive("SegmenterConfig.sigma", sigma);
    Set<Object> seen = new HashSet<>();
    for (SegmentationClass c : classes) {
      if (!seen.add(c.name()) || !c.values().stream().allMatch(seen::add)) {
        throw new IllegalArgumentException(
            "SegmenterConfig.classes must have different names and values, but "
                + c
                + " repeats one");
      }
    }
    if (classes.isEmpty()) {
      throw new IllegalArgumentException("SegmenterConfig.classes must name a structure");
    }
  }

  /** Overlap 0.5 and sigma 0.125, as nnU-Net and MONAI. */
  public static SegmenterConfig of(
      VisionConfig vision, List<SegmentationClass> classes, Size3 window) {
    return new SegmenterConfig(vision, DecoderConfig.defaults(), classes, window, 0.5, 0.125);
  }

  /** The same settings with another encoder. */
  public SegmenterConfig withVision(VisionConfig other) {
    return new SegmenterConfig(other, decoder, classes, window, overlap, sigma);
  }

  /** K: the structures and the background. */
  public int classCount() {
    return classes.size() + 1;
  }

  /** The value of a network's class in masks. */
  public int maskValue(int networkClass) {
    return networkClass == 0 ? 0 : classes.get(networkClass - 1).values().get(0);
  }

  /**
   * From values of masks to classes of the network.
   *
   * @return index 0..255 → class; -1 at {@link #IGNORE}; unnamed values are background
   */
  public int[] classOfValue() {
    int[] table = new int[256];
    for (int k = 0; k < classes.size(); k++) {
      for (int value : classes.get(k).values()) {
        table[value] = k + 1;
      }
    }
    table[IGNORE] = -1;
    return table;
  }
}
