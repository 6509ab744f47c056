package io.t3d.data.transform;

import com.google.common.math.Quantiles;
import io.t3d.core.T3dException;
import io.t3d.core.volume.Volume;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Maps {@code [level - width/2, level + width/2]} linearly to {@code [0, 1]} and clamps outside.
 *
 * <p>NaN becomes 0, the lower end (air in CT), and infinities become 0 and 1, so the result is
 * always finite.
 *
 * @param level centre of the window, in HU for CT
 * @param width width of the window, &gt; 0
 */
public record IntensityWindow(double level, double width) implements Transform {
  private static final int PERCENTILE_SAMPLE = 1 << 20;

  /** Checks that the window is finite and not empty. */
  public IntensityWindow {
    if (!Double.isFinite(level) || !(width > 0) || Double.isInfinite(width)) {
      throw new IllegalArgumentException(
          "A window needs a finite level and a finite width > 0, got level "
              + level
              + ", width "
              + width);
    }
  }

  /** Level -600, width 1500 HU. */
  public static IntensityWindow lung() {
    return new IntensityWindow(-600, 1500);
  }

  /** Level 40, width 400 HU. */
  public static IntensityWindow softTissue() {
    return new IntensityWindow(40, 400);
  }

  /** Level 0, width 2000 HU: lung, soft tissue and most bone in one, usual for pre-training. */
  public static IntensityWindow chest() {
    return new IntensityWindow(0, 2000);
  }

  /** Level 400, width 1800 HU. */
  public static IntensityWindow bone() {
    return new IntensityWindow(400, 1800);
  }

  /** The windows with a name: chest, lung, soft-tissue (for the mediastinum, too) and bone. */
  public static Map<String, IntensityWindow> presets() {
    Map<String, IntensityWindow> presets = new LinkedHashMap<>();
    presets.put("chest", chest());
    presets.put("lung", lung());
    presets.put("soft-tissue", softTissue());
    presets.put("bone", bone());
    return Collections.unmodifiableMap(presets);
  }

  /**
   * From the 0.5th to the 99.5th percentile of the finite voxels, for volumes whose values have no
   * fixed meaning, such as MR. Of a large volume about a million evenly spaced voxels are looked
   * at.
   *
   * @throws T3dException when no voxel is finite
   */
  public static IntensityWindow ofPercentiles(Volume volume) {
    float[] voxels = volume.voxels();
    int step = Math.max(1, voxels.length / PERCENTILE_SAMPLE);
    double[] sample =
        IntStream.iterate(0, i -> i < voxels.length, i -> i + step)
            .mapToDouble(i -> voxels[i])
            .filter(Double::isFinite)
            .toArray();
    if (sample.length == 0) {
      throw new T3dException(T3dException.Kind.INPUT, "No voxel of " + volume + " is finite");
    }
    Map<Integer, Double> ends = Quantiles.scale(1000).indexes(5, 995).computeInPlace(sample);
    double width = ends.get(995) - ends.get(5);
    return new IntensityWindow(ends.get(5) + width / 2, width > 0 ? width : 1);
  }

  /** The window from one value to another. */
  public static IntensityWindow between(double lower, double upper) {
    return new IntensityWindow((lower + upper) / 2, upper - lower);
  }

  /** The value that becomes 0. */
  public double lower() {
    return level - width / 2;
  }

  /** The value that becomes 1. */
  public double upper() {
    return level + width / 2;
  }

  /** Maps one value. */
  public float map(float value) {
    return map(value, (float) lower(), (float) width);
  }

  @Override
  public Volume apply(Volume volume) {
    float[] in = volume.voxels();
    float[] out = new float[in.length];
    float low = (float) lower();
    float range = (float) width;
    for (int i = 0; i < in.length; i++) {
      out[i] = map(in[i], low, range);
    }
    return volume.withVoxels(out);
  }

  /** Maps a row of values, each rounded to float32 first. */
  void map(double[] in, float[] out, int to) {
    float low = (float) lower();
    float range = (float) width;
    for (int i = 0; i < in.length; i++) {
      out[to + i] = map((float) in[i], low, range);
    }
  }

  private static float map(float value, float low, float range) {
    float r = (value - low) / range;
    // Written so that NaN takes the last branch.
    return r >= 1 ? 1 : r > 0 ? r : 0;
  }
}
