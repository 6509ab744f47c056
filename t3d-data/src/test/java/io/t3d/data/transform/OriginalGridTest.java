package io.t3d.data.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OriginalGridTest {
  private static final double[] CENTRE = {-4, 7, 3}; // world mm, off the scan's centre
  private static final double RADIUS = 21;

  /** A volume of a shape, placed so that its centre is the world's origin, turned about z. */
  private static Volume volume(String codes, int d, int h, int w, Spacing mm, double degrees) {
    Volume ras =
        new Volume(
            new float[d * h * w],
            d,
            h,
            w,
            Affine.scaleTranslate(
                mm.x(),
                mm.y(),
                mm.z(),
                -(w - 1) / 2.0 * mm.x(),
                -(h - 1) / 2.0 * mm.y(),
                -(d - 1) / 2.0 * mm.z()));
    double c = Math.cos(Math.toRadians(degrees));
    double s = Math.sin(Math.toRadians(degrees));
    Affine turn = Affine.of(c, -s, 0, 0, s, c, 0, 0, 0, 0, 1, 0);
    Volume turned = new Volume(ras.voxels(), d, h, w, turn.compose(ras.affine()));
    return new Reorient(codes).apply(turned);
  }

  /** How deep a voxel lies in the ball, in mm; negative outside. */
  private static double depthInBall(Affine affine, int z, int y, int x) {
    double[] p = affine.apply(x, y, z);
    return RADIUS - Math.hypot(Math.hypot(p[0] - CENTRE[0], p[1] - CENTRE[1]), p[2] - CENTRE[2]);
  }

  @ParameterizedTest
  @CsvSource({
    "RAS, RAS, 2, 0", // finer than the model's voxels
    "LPI, RAS, 2, 0",
    "ASR, RAS, 2, 0", // axes change places
    "SLA, RAS, 3, 12", // oblique
    "LPS, , 1.5, -20",
    "PIR, LPS, , 0",
    "RAS, RAS, 0.6, 0" // the model's voxels are finer
  })
  void theBallLiesWhereItIsInTheWorld(String codes, String model, Double mm, double degrees) {
    Volume original = volume(codes, 17, 46, 37, new Spacing(5, 1.5, 1.8), degrees);
    OrientAndResample steps =
        new OrientAndResample(
            Optional.ofNullable(model),
            Optional.ofNullable(mm).map(Spacing::isotropic),
            Interpolation.LINEAR,
            Optional.empty());
    Volume prepared = steps.apply(original);
    OriginalGrid grid = new OriginalGrid(original, steps);
    int plane = prepared.height() * prepared.width();
    float[] logits = new float[2 * plane];
    for (int z = 0; z < prepared.depth(); z++) {
      for (int i = 0; i < plane; i++) {
        int y = i / prepared.width();
        int x = i % prepared.width();
        logits[i] = 5; // background
        logits[plane + i] = 5 + (float) depthInBall(prepared.affine(), z, y, x);
      }
      grid.slice(z, logits);
    }
    Volume mask = grid.mask(k -> k == 0 ? 0 : 42);
    assertThat(mask.affine()).isEqualTo(original.affine());
    assertThat(mask.bounds()).isEqualTo(original.bounds());
    int inside = 0;
    for (int i = 0; i < mask.voxels().length; i++) {
      int x = i % mask.width();
      int y = i / mask.width() % mask.height();
      int z = i / mask.width() / mask.height();
      double depth = depthInBall(original.affine(), z, y, x);
      inside += depth > 0 ? 1 : 0;
      // Between voxels of 5 mm the distance is not linear, so the border itself may differ.
      if (Math.abs(depth) > 0.4) {
        assertThat(mask.voxels()[i]).as("at z %d y %d x %d", z, y, x).isEqualTo(depth > 0 ? 42 : 0);
      }
    }
    assertThat(inside).isGreaterThan(2000);
  }

  @Test
  void wrongSlicesAreRefused() {
    Volume original = volume("RAS", 4, 4, 4, new Spacing(2, 2, 2), 0);
    OriginalGrid grid =
        new OriginalGrid(original, new OrientAndResample("RAS", Spacing.isotropic(1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> grid.slice(0, new float[100]))
        .withMessage("Expected 8 slices of K·8·8 scores with K up to 128, got slice 0 with 100");
    assertThatIllegalStateException()
        .isThrownBy(() -> grid.mask(k -> k))
        .withMessage("Only 0 of 4 slices are done; feed all slices first");
  }
}
