package io.t3d.data.zarr.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Arrays that zarr-python wrote; src/test/python/make_zarr_golden.py makes them. */
class ZarrGoldenTest {
  @TempDir static Path dir;

  @BeforeAll
  static void unzip() throws IOException {
    try (InputStream file = ZarrGoldenTest.class.getResourceAsStream("/golden/zarr/zarr.zip");
        ZipInputStream zip = new ZipInputStream(file)) {
      for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
        Path target = dir.resolve(e.getName());
        Files.createDirectories(target.getParent());
        Files.write(target, zip.readAllBytes());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "int16-zstd-shuffle,int16",
    "int16-zstd,int16",
    "int16-raw,int16",
    "float32-gzip-shuffle,float32",
    "uint16-zlib-nested,uint16",
    "uint8-zstd,uint8"
  })
  void valuesAndGeometryAreThoseOfPython(String name, String type) throws IOException {
    Path folder = dir.resolve(name + ".zarr");
    Volume volume = VolumeReaders.read(folder);

    assertThat(VolumeReaders.info(folder).pixelType()).isEqualTo(type);
    assertThat(volume.affine())
        .isEqualTo(Affine.scaleTranslate(-0.75, 0.75, 1.5, 90.5, -60.25, 12));
    for (int z = 0; z < 5; z++) {
      for (int y = 0; y < 6; y++) {
        for (int x = 0; x < 7; x++) {
          assertThat(volume.get(z, y, x)).isEqualTo(stored(type, z, y, x) * 0.5f - 3);
        }
      }
    }
  }

  private static int stored(String type, int z, int y, int x) {
    int v = 100 * z + 10 * y + x - 200;
    return switch (type) {
      case "uint8" -> Math.floorMod(v, 200);
      case "uint16" -> v & 0xFFFF;
      default -> v;
    };
  }

  @Test
  void bloscIsRefusedWithTheFix() {
    Path folder = dir.resolve("int16-blosc.zarr");
    assertThatThrownBy(() -> VolumeReaders.read(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(
            folder + ": .zarray: compressor must be zstd, gzip, zlib or null, got {")
        .hasMessageEndingWith(
            "; in Python, write with compressor=numcodecs.Zstd() and filters=None");
  }
}
