package io.t3d.data.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fills a volume with one of its own world coordinates. After any transform the voxels away from
 * the edge must still hold the coordinate that the new affine gives them.
 */
class WorldPositionTest {
  private static final Affine STRAIGHT = Affine.of(-0.7, 0, 0, 90, 0, 0, 2.5, -40, 0, 0.9, 0, 15);
  private static final Affine OBLIQUE =
      Affine.of(0.6, -0.3, 0.2, 11, 0.25, 0.8, 0.1, -7, -0.1, 0.2, -2, 100);

  static List<Transform> steps() {
    List<Transform> steps = new ArrayList<>();
    for (String codes : new String[] {"RAS", "LPS", "SPL", "ILA", "PIL"}) {
      steps.add(new Reorient(codes));
    }
    steps.add(new Resample(new Spacing(1.3, 0.8, 0.45)));
    steps.add(new Resample(new Spacing(4.1, 1.7, 1.1)));
    steps.add(new ResampleTo(new Size3(20, 7, 11), Interpolation.LINEAR));
    steps.add(new ResampleTo(new Size3(5, 6, 7), Interpolation.LINEAR_ANTIALIASED));
    steps.add(new Crop(new VoxelBox(2, -1, 3, 5, 9, 14), Float.NaN));
    steps.add(new CropOrPad(new Size3(7, 15, 14), Float.NaN));
    steps.add(
        new Reorient("RAS")
            .then(new Resample(Spacing.isotropic(1.5)))
            .then(new CropOrPad(new Size3(9, 9, 9), Float.NaN)));
    return steps;
  }

  @ParameterizedTest
  @MethodSource("steps")
  void everyVoxelStaysAtItsPlace(Transform step) {
    for (Affine affine : new Affine[] {STRAIGHT, OBLIQUE}) {
      for (int axis = 0; axis < 3; axis++) {
        checkAxis(step, affine, axis);
      }
    }
  }

  private static void checkAxis(Transform step, Affine affine, int axis) {
    Volume in = coordinates(new Volume(new float[10 * 12 * 14], 10, 12, 14, affine), axis);
    Volume out = step.apply(in);
    Volume want = coordinates(out, axis);
    Affine toInput = affine.inverse().compose(out.affine());
    int checked = 0;
    for (int z = 0; z < out.depth(); z++) {
      for (int y = 0; y < out.height(); y++) {
        for (int x = 0; x < out.width(); x++) {
          if (inside(toInput.apply(x, y, z), in)) {
            assertThat(out.get(z, y, x)).isCloseTo(want.get(z, y, x), within(1e-3f));
            checked++;
          }
        }
      }
    }
    assertThat(checked).isGreaterThan(20);
  }

  private static boolean inside(double[] p, Volume v) {
    // One voxel away from the edge, where the antialiasing kernel is cut off.
    return p[0] >= 1
        && p[0] <= v.width() - 2
        && p[1] >= 1
        && p[1] <= v.height() - 2
        && p[2] >= 1
        && p[2] <= v.depth() - 2;
  }

  private static Volume coordinates(Volume v, int axis) {
    float[] values = new float[v.voxels().length];
    for (int z = 0; z < v.depth(); z++) {
      for (int y = 0; y < v.height(); y++) {
        for (int x = 0; x < v.width(); x++) {
          values[v.index(z, y, x)] = (float) v.affine().apply(x, y, z)[axis];
        }
      }
    }
    return v.withVoxels(values);
  }
}
