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
