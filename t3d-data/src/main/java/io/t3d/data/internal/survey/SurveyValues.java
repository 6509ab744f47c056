package io.t3d.data.internal.survey;

import io.t3d.core.volume.Affine;
import io.t3d.data.io.spi.SliceSink;
import java.util.Optional;

/** The range of a volume's values, gathered slice by slice. */
final class SurveyValues implements SliceSink {
  private int plane;
  private long bad;
  private float minimum = Float.POSITIVE_INFINITY;
  private float maximum = Float.NEGATIVE_INFINITY;

  @Override
  public void begin(int depth, int height, int width, Affine affine) {
    plane = height * width;
  }

  @Override
  public void slice(int z, float[] voxels, int at) {
    for (int i = at; i < at + plane; i++) {
      float v = voxels[i];
      if (Float.isFinite(v)) {
        minimum = Math.min(minimum, v);
        maximum = Math.max(maximum, v);
      } else {
        bad++;
      }
    }
  }

  /** Whether no voxel is finite. */
  boolean isEmpty() {
    return minimum > maximum;
  }

  float minimum() {
    return minimum;
  }

  float maximum() {
    return maximum;
  }

  /** Why training would refuse the values. */
  Optional<String> error() {
    if (bad > 0) {
      return Optional.of(bad + " voxels are NaN or infinite; correct the file");
    }
    return minimum == maximum
        ? Optional.of("all voxels are " + minimum + "; the scan is empty, export it again")
        : Optional.empty();
  }
}
