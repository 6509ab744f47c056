package io.t3d.data.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares DICOM, NRRD and MetaImage with what pydicom and numpy read; see {@code
 * src/test/python/make_*_golden.py}.
 */
@Tag("itk")
class GoldenVolumesTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** DICOM's decimal strings have 16 characters, so its affine has fewer digits than a double. */
  private static final double TOLERANCE = 1e-5;

  static List<Arguments> sound() throws IOException {
    return cases("exact");
  }

  static List<Arguments> hard() throws IOException {
    return cases("exact or refused");
  }

  static List<Arguments> broken() throws IOException {
    return cases("refused");
  }

  private static List<Arguments> cases(String expect) throws IOException {
    List<Arguments> cases = new ArrayList<>();
    for (String topic : List.of("dicom", "nrrd", "metaimage")) {
      Path folder = GOLDEN.resolve(topic);
      for (JsonNode c : new ObjectMapper().readTree(folder.resolve("expected.json").toFile())) {
        if (c.get("expect").asText().equals(expect)) {
          cases.add(Arguments.of(folder.resolve(c.get("path").asText()), c));
        }
      }
    }
    return cases;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("sound")
  void voxelsAndAffineAreThoseOfTheReferee(Path path, JsonNode expected) throws Exception {
    Volume v = VolumeReaders.read(path);
    assertSame(v, expected);
    VolumeInfo info = VolumeReaders.info(path);
    assertThat(info.affine()).isEqualTo(v.affine());
    assertThat(List.of(info.width(), info.height(), info.depth()))
        .containsExactly(v.width(), v.height(), v.depth());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hard")
  void whatIsRarelyUsedIsReadExactlyOrRefused(Path path, JsonNode expected) throws Exception {
    Volume v;
    try {
      v = VolumeReaders.read(path);
    } catch (VolumeFormatException e) {
      assertThat(e).hasMessageContaining(path.toString());
      return;
    }
    assertSame(v, expected);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void whatIsBrokenIsRefusedByNameAndReason(Path path, JsonNode expected) {
    Throwable thrown = catchThrowable(() -> VolumeReaders.read(path));
    // A slice of the folder or the data file of a header may be named instead.
    String folder = path.getParent().toString();
    assertThat(thrown).isInstanceOf(IOException.class).hasMessageContaining(folder);
    List<String> words = new ArrayList<>();
    expected.get("words").forEach(w -> words.add(w.asText()));
    String reason = thrown.getMessage().replace(folder, "");
    assertThat(words).as(reason).anyMatch(reason::contains);
  }

  private static void assertSame(Volume v, JsonNode expected) throws NoSuchAlgorithmException {
    assertThat(new int[] {v.width(), v.height(), v.depth()})
        .containsExactly(
            expected.get("size").get(0).asInt(),
            expected.get("size").get(1).asInt(),
            expected.get("size").get(2).asInt());
    float[] voxels = v.voxels();
    assertThat(Arrays.copyOf(voxels, 6)).containsExactly(floats(expected.get("first")));
    assertThat(Arrays.copyOfRange(voxels, voxels.length - 6, voxels.length))
        .containsExactly(floats(expected.get("last")));
    assertThat(sha256(voxels)).isEqualTo(expected.get("sha256").asText());
    double tolerance = expected.path("tolerance").asDouble(TOLERANCE);
    double[] affine = v.affine().matrix();
    for (int i = 0; i < 12; i++) {
      assertThat(affine[i])
          .as("affine[%d]", i)
          .isCloseTo(expected.get("affine").get(i).asDouble(), within(tolerance));
    }
  }

  private static float[] floats(JsonNode array) {
    float[] out = new float[array.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) array.get(i).asDouble();
    }
    return out;
  }

  private static String sha256(float[] voxels) throws NoSuchAlgorithmException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * voxels.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(voxels);
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
  }
}
