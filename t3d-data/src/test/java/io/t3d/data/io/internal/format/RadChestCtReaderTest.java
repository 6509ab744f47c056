package io.t3d.data.io.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The golden files and their values are NumPy's: src/test/python/make_npz_golden.py. */
class RadChestCtReaderTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"fortran_int16", "c_int64", "big_endian_float32"})
  void arraysOfNumPyAreRead(String name) throws Exception {
    Volume volume = VolumeReaders.read(golden(name));
    assertThat(new int[] {volume.depth(), volume.height(), volume.width()})
        .containsExactly(2, 3, 4);
    for (int x = 0; x < 4; x++) {
      for (int y = 0; y < 3; y++) {
        for (int z = 0; z < 2; z++) {
          assertThat(volume.get(z, y, x)).isEqualTo(100f * (6 * x + 2 * y + z) - 1000);
        }
      }
    }
    assertThat(volume.orientation()).isEqualTo("LPI");
    assertThat(volume.spacing()).isEqualTo(Spacing.isotropic(0.8));
  }

  @Test
  void theHeaderIsReadWithoutTheVoxels() throws Exception {
    VolumeInfo info = VolumeReaders.info(golden("fortran_int16"));
    assertThat(info.depth()).isEqualTo(2);
    assertThat(info.width()).isEqualTo(4);
    assertThat(info.pixelType()).isEqualTo("int16");
    assertThat(info.reader()).isEqualTo("rad-chestct-npz");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "other_name | expected an array named ct, as in RAD-ChestCT, got [volume.npy]",
        "flat | the array must be 3-D (slices, rows, columns) with 1 to 2^31 voxels, got shape (3, 4)",
        "complex | values must be integers of 1 to 8 bytes or floats of 4 or 8, got NumPy type c8"
      })
  void otherArraysAreRefused(String name, String problem) throws Exception {
    Path file = golden(name);
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(file + ": " + problem);
  }

  @Test
  void aTruncatedFileIsAnError() throws Exception {
    byte[] whole = Files.readAllBytes(golden("fortran_int16"));
    Path file = dir.resolve("cut.npz");
    Files.write(file, Arrays.copyOf(whole, whole.length - 30));
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("cut.npz: the .npz archive is damaged or truncated");
  }

  @Test
  void aChangedValueIsNoticedByTheChecksum() throws Exception {
    byte[] bytes = Files.readAllBytes(golden("big_endian_float32"));
    // Stored, not deflated: the last value ends where the archive's directory begins.
    int directory =
        new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
    bytes[directory - 1] ^= 1;
    Path file = dir.resolve("flipped.npz");
    Files.write(file, bytes);
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(file + ": the checksum is wrong; copy the file again");
  }

  @Test
  void aHugeClaimIsRefusedBeforeMemoryIsTaken() throws Exception {
    byte[] bytes = Files.readAllBytes(golden("big_endian_float32"));
    String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    byte[] claim = "(900, 900, 900), }".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    System.arraycopy(claim, 0, bytes, text.indexOf("(2, 3, 4), }"), claim.length);
    Path file = dir.resolve("huge.npz");
    Files.write(file, bytes);
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("truncated or corrupt: the array claims 2916000000 bytes");
  }

  private static Path golden(String name) throws IOException, URISyntaxException {
    return Path.of(RadChestCtReaderTest.class.getResource("/golden/npz/" + name + ".npz").toURI());
  }
}
