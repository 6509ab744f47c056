package io.t3d.data.io.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.volume.Affine;
import org.junit.jupiter.api.Test;

class VoxelSizeTest {
  @Test
  void sizesThatNoScannerMakesAreToldWithTheLikelyUnit() {
    assertThat(VoxelSize.problem(scaled(0.5, 2))).isEmpty();
    assertThat(VoxelSize.problem(scaled(0.01, 100))).isEmpty();
    assertThat(VoxelSize.problem(scaled(0.0007, 0.0025)))
        .contains(
            "gives voxels of 0.0007 x 0.0007 x 0.0025 mm, expected 0.01 to 100 mm; likely the"
                + " numbers are metres where the header says mm, or mm where it says microns");
    assertThat(VoxelSize.problem(scaled(380, 500)).orElseThrow())
        .contains("likely the numbers are microns where the header says mm");
    assertThat(VoxelSize.problem(scaled(0.7, 400)).orElseThrow()).contains("is its unit right?");
  }

  private static Affine scaled(double xy, double z) {
    return Affine.scaleTranslate(xy, xy, z, 0, 0, 0);
  }
}
