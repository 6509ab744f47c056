package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import java.io.InputStream;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SurfaceDistancesTest {
  private static boolean[] bits(JsonNode text) {
    boolean[] out = new boolean[text.asText().length()];
    for (int i = 0; i < out.length; i++) {
      out[i] = text.asText().charAt(i) == '1';
    }
    return out;
  }

  @Test
  void allEqualScipy() throws Exception {
    try (InputStream in = getClass().getResourceAsStream("/golden/eval/surface.json")) {
      for (JsonNode c : new ObjectMapper().readTree(in)) {
        int[] size = new int[3];
        double[] mm = new double[3];
        for (int a = 0; a < 3; a++) {
          size[a] = c.get("shape").get(a).asInt();
          mm[a] = c.get("spacing").get(a).asDouble();
        }
        Spacing spacing = new Spacing(mm[0], mm[1], mm[2]);
        boolean[] p = bits(c.get("predicted"));
        boolean[] r = bits(c.get("reference"));
        SurfaceDistances d = SurfaceDistances.between(p, r, size[0], size[1], size[2], spacing);
        assertClose(c, "hausdorff", d.hausdorff(100));
        assertClose(c, "hausdorff95", d.hausdorff95());
        assertClose(c, "pooledHausdorff95", d.pooledHausdorff95());
        assertClose(c, "dice", SegmentationScores.dice(p, r));
        double[] transform = DistanceTransform.squared(p, size, spacing);
        for (int i = 0; i < transform.length; i++) {
          assertThat(Math.sqrt(transform[i]))
              .isCloseTo(c.get("transform").get(i).asDouble(), within(1e-9));
        }
      }
    }
  }

  private static void assertClose(JsonNode c, String name, double actual) {
    assertThat(actual).as(name).isCloseTo(c.get(name).asDouble(), within(1e-9));
  }

  @Test
  void theTransformIsTheDistanceToTheNearestOfAllMarkedVoxels() {
    SplittableRandom random = new SplittableRandom(3);
    int[] size = {6, 7, 5};
    Spacing mm = new Spacing(2.5, 0.8, 1.3);
    boolean[] marked = new boolean[210];
    for (int i = 0; i < 8; i++) {
      marked[random.nextInt(210)] = true;
    }
    double[] found = DistanceTransform.squared(marked, size, mm);
    for (int i = 0; i < 210; i++) {
      double best = Double.POSITIVE_INFINITY;
      for (int j = 0; j < 210; j++) {
        double z = (i / 35 - j / 35) * mm.z();
        double y = (i / 5 % 7 - j / 5 % 7) * mm.y();
        double x = (i % 5 - j % 5) * mm.x();
        best = marked[j] ? Math.min(best, z * z + y * y + x * x) : best;
      }
      assertThat(found[i]).isCloseTo(best, within(1e-9));
    }
  }

  private static Volume mask(int... ones) {
    Volume v = new Volume(new float[64], 4, 4, 4, Affine.of(new Spacing(3, 2, 1)));
    for (int i : ones) {
      v.voxels()[i] = 1;
    }
    return v;
  }

  @Test
  void emptyMasksFollowTheConventions() {
    SegmentationScores neither = SegmentationScores.of(mask(), mask(), 1);
    assertThat(neither.dice()).isNaN();
    assertThat(neither.hausdorff95()).isNaN();
    SegmentationScores one = SegmentationScores.of(mask(5), mask(), 1);
    assertThat(one.dice()).isZero();
    assertThat(one.hausdorff95()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(SegmentationScores.of(mask(), mask(5), 1)).isEqualTo(one);
  }

  @Test
  void distancesAreInMillimetresOfEachAxis() {
    assertThat(SegmentationScores.of(mask(0), mask(16), 1).hausdorff95()).isEqualTo(3); // z
    assertThat(SegmentationScores.of(mask(0), mask(4), 1).hausdorff95()).isEqualTo(2); // y
    assertThat(SegmentationScores.of(mask(0), mask(1), 1).hausdorff95()).isEqualTo(1); // x
    assertThat(SegmentationScores.of(mask(0), mask(0), 1)).isEqualTo(new SegmentationScores(1, 0));
  }
}
