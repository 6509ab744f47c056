package io.t3d.data.io.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares with what nibabel read, see {@code src/test/python/make_nifti_golden.py}. */
class NiftiGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/nifti");

  static List<JsonNode> cases() throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    new ObjectMapper().readTree(GOLDEN.resolve("expected.json").toFile()).forEach(cases::add);
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void voxelsAndAffineAreThoseOfNibabel(JsonNode expected) throws IOException {
    Path file = GOLDEN.resolve(expected.get("file").asText());
    Volume v = VolumeReaders.read(file);
    assertThat(new int[] {v.width(), v.height(), v.depth()})
        .containsExactly(ints(expected.get("size")));
    JsonNode voxels = expected.get("voxels");
    assertThat(v.voxels()).hasSize(voxels.size());
    for (int i = 0; i < voxels.size(); i++) {
      assertThat(v.voxels()[i]).as("voxel %d", i).isEqualTo((float) voxels.get(i).asDouble());
    }
    double[] affine = v.affine().matrix();
    // nibabel builds the qform in long double, so its last bit may differ.
    double tolerance = file.toString().contains("qform") ? 1e-15 : 0;
    for (int i = 0; i < 12; i++) {
      double want = expected.get("affine").get(i).asDouble();
      assertThat(affine[i]).isCloseTo(want, within(tolerance * Math.abs(want) + tolerance));
    }
    VolumeInfo info = VolumeReaders.info(file);
    assertThat(info.affine()).isEqualTo(v.affine());
    assertThat(info.pixelType()).isEqualTo(expected.get("pixelType").asText());
  }

  private static int[] ints(JsonNode array) {
    return new int[] {array.get(0).asInt(), array.get(1).asInt(), array.get(2).asInt()};
  }
}
