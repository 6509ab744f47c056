package io.t3d.data.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares with scipy, torch and nibabel, see {@code src/test/python/make_resample_golden.py}. */
class ResampleGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/resample");

  static List<JsonNode> cases() throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    new ObjectMapper().readTree(GOLDEN.resolve("expected.json").toFile()).forEach(cases::add);
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void valuesAreThoseOfTheReference(JsonNode c) {
    Size3 size = size(c.get("size"));
    Size3 outSize = size(c.get("outSize"));
    Interpolation mode = Interpolation.valueOf(c.get("interpolation").asText());
    Volume v =
        new Volume(
            floats(c.get("voxels")),
            size.depth(),
            size.height(),
            size.width(),
            Affine.of(spacing(c.get("spacing"))));
    Transform step =
        c.has("wanted")
            ? new Resample(spacing(c.get("wanted")), mode)
            : new ResampleTo(outSize, mode);
    Volume got = step.apply(v);
    assertThat(new Size3(got.depth(), got.height(), got.width())).isEqualTo(outSize);
    assertClose(got.voxels(), c.get("out"));
  }

  @Test
  void aFileBroughtToRasAndOneMillimetreIsThatOfNibabelAndScipy() throws IOException {
    JsonNode want = new ObjectMapper().readTree(GOLDEN.resolve("scan.json").toFile());
    Volume got =
        new OrientAndResample("RAS", Spacing.isotropic(1)).read(GOLDEN.resolve("scan.nii.gz"));
    assertThat(new Size3(got.depth(), got.height(), got.width()))
        .isEqualTo(size(want.get("outSize")));
    for (int axis = 0; axis < 3; axis++) {
      // The file keeps its affine in float32.
      assertThat(got.affine().get(axis, 3))
          .isCloseTo(want.get("origin").get(axis).asDouble(), within(1e-5));
    }
    assertClose(got.voxels(), want.get("out"));
  }

  /** To 1e-4, and from 2,048 on, where float32 is coarser than that, to half its step. */
  private static void assertClose(float[] got, JsonNode want) {
    assertThat(got).hasSize(want.size());
    for (int i = 0; i < got.length; i++) {
      double wanted = want.get(i).asDouble();
      double tolerance = Math.max(1e-4, 0.501 * Math.ulp((float) wanted));
      assertThat((double) got[i]).as("voxel %d", i).isCloseTo(wanted, within(tolerance));
    }
  }

  private static Size3 size(JsonNode n) {
    return new Size3(n.get(0).asInt(), n.get(1).asInt(), n.get(2).asInt());
  }

  private static Spacing spacing(JsonNode n) {
    return new Spacing(n.get(0).asDouble(), n.get(1).asDouble(), n.get(2).asDouble());
  }

  private static float[] floats(JsonNode n) {
    float[] values = new float[n.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) n.get(i).asDouble();
    }
    return values;
  }
}
