package io.t3d.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import org.junit.jupiter.api.Test;

class GeometryTest {
  private static final Size3 SIZE = new Size3(11, 5, 3);
  private static final Affine AFFINE = Affine.scaleTranslate(-0.5, 0.5, 2, 10, 20, 30);

  @Test
  void sizesThatNoScannerMakesAreToldWithTheLikelyUnit() {
    assertThat(Geometry.sizeProblem(AFFINE)).isEmpty();
    assertThat(Geometry.sizeProblem(scaled(0.01, 100))).isEmpty();
    assertThat(Geometry.sizeProblem(scaled(0.0007, 0.0025)))
        .contains(
            "gives voxels of 0.0007 x 0.0007 x 0.0025 mm, expected 0.01 to 100 mm; likely the"
                + " numbers are metres where the header says mm, or mm where it says microns");
    assertThat(Geometry.sizeProblem(scaled(380, 500)).orElseThrow())
        .contains("likely the numbers are microns where the header says mm");
    assertThat(Geometry.sizeProblem(scaled(0.7, 400)).orElseThrow()).contains("is its unit right?");
  }

  private static Affine scaled(double xy, double z) {
    return Affine.scaleTranslate(xy, xy, z, 0, 0, 0);
  }

  @Test
  void theSamePlaceIsNoShift() {
    assertThat(Geometry.cornerShift(SIZE, AFFINE, AFFINE)).isZero();
  }

  @Test
  void aTranslationIsCountedInVoxels() {
    Affine moved = Affine.scaleTranslate(-0.5, 0.5, 2, 10, 20, 33);
    assertThat(Geometry.cornerShift(SIZE, AFFINE, moved)).isCloseTo(1.5, within(1e-12));
  }

  @Test
  void aWrongSpacingShiftsTheFarCorner() {
    Affine stretched = Affine.scaleTranslate(-0.5, 0.5, 2.1, 10, 20, 30);
    assertThat(Geometry.cornerShift(SIZE, AFFINE, stretched)).isCloseTo(10 * 0.05, within(1e-12));
  }
}
