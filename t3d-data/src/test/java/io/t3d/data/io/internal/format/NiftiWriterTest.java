package io.t3d.data.io.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.PixelType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NiftiWriterTest {
  @TempDir Path dir;

  private static Volume volume(float... values) {
    Affine affine = Affine.of(0.5, 0, 0, -10, 0, -0.75, 0, 20, 0, 0, 2, 30);
    return new Volume(values, 1, 1, values.length, affine);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.nii", "a.nii.gz"})
  void floatsComeBackExactly(String name) throws IOException {
    Volume v = volume(1.5f, -1e30f, Float.NaN, Float.MIN_VALUE);
    NiftiWriter.write(dir.resolve(name), v);
    Volume back = VolumeReaders.read(dir.resolve(name));
    assertThat(back.voxels()).isEqualTo(v.voxels());
    assertThat(back.affine()).isEqualTo(v.affine());
    assertThat(VolumeReaders.info(dir.resolve(name)).pixelType()).isEqualTo("float32");
  }

  @ParameterizedTest
  @EnumSource(PixelType.class)
  void aStreamGetsTheBytesOfAFile(PixelType type) throws IOException {
    Volume v = volume(0, 1, 200, 255);
    Path file = dir.resolve("f.nii");
    NiftiWriter.write(file, v, type);
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    NiftiWriter.write(stream, v, type);
    assertThat(stream.toByteArray()).isEqualTo(Files.readAllBytes(file));
    assertThat(NiftiWriter.length(v, type)).isEqualTo(Files.size(file));
  }

  @Test
  void integersAreRounded() throws IOException {
    Path file = dir.resolve("i.nii");
    NiftiWriter.write(file, volume(-1000.4f, 3.6f, 32767.4f), PixelType.INT16);
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(-1000, 4, 32767);
    NiftiWriter.write(file, volume(0, 1, 255), PixelType.UINT8);
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(0, 1, 255);
    assertThat(Files.size(file)).isEqualTo(355);
  }

  @Test
  void aValueThatDoesNotFitIsNamedAndNothingIsWritten() throws IOException {
    Path file = dir.resolve("x.nii");
    assertThatThrownBy(() -> NiftiWriter.write(file, volume(1, 40000), PixelType.INT16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("40000.0 does not fit INT16");
    assertThatThrownBy(() -> NiftiWriter.write(file, volume(-1), PixelType.UINT8))
        .hasMessageContaining("-1.0 does not fit UINT8");
    assertThatThrownBy(() -> NiftiWriter.write(file, volume(Float.NaN), PixelType.INT16_SCALED))
        .hasMessageContaining("NaN does not fit INT16_SCALED");
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0, 1e-3f, 1, 1e6f, 3e38f})
  void aScaledFileIsOffByHalfAStepAtMost(float size) throws IOException {
    Path file = dir.resolve("s.nii.gz");
    Volume v = volume(-size, -0.3f * size, 0, 0.777f * size, size);
    NiftiWriter.write(file, v, PixelType.INT16_SCALED);
    float[] back = VolumeReaders.read(file).voxels();
    for (int i = 0; i < back.length; i++) {
      assertThat((double) back[i]).isCloseTo(v.voxels()[i], within(0.51 * 2.0 * size / 65_534));
    }
  }

  @Test
  void aConstantVolumeCanBeScaled() throws IOException {
    Path file = dir.resolve("c.nii");
    NiftiWriter.write(file, volume(0.25f, 0.25f), PixelType.INT16_SCALED);
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(0.25f, 0.25f);
  }

  @Test
  void theQformSaysTheSameAsTheSform() throws IOException {
    double c = Math.cos(0.4);
    double s = Math.sin(0.4);
    for (double flip : new double[] {1, -1}) {
      for (Affine affine :
          new Affine[] {
            Affine.of(c, -s * 2, 0, 5, s, c * 2, 0, 6, 0, 0, 3 * flip, 7),
            Affine.of(-1, 0, 0, 5, 0, -2, 0, 6, 0, 0, 3 * flip, 7),
            Affine.of(0, 0, -3 * flip, 5, 1, 0, 0, 6, 0, -2, 0, 7)
          }) {
        Path file = dir.resolve("q.nii");
        NiftiWriter.write(file, new Volume(new float[1], 1, 1, 1, affine));
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(NiftiFiles.SFORM, (short) 0);
        Files.write(file, bytes);
        assertThat(VolumeReaders.read(file).affine().matrix())
            .containsExactly(affine.matrix(), within(1e-6));
      }
    }
  }

  @Test
  void aShearedVolumeHasNoQform() throws IOException {
    Path file = dir.resolve("shear.nii");
    Affine sheared = Affine.of(1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);
    NiftiWriter.write(file, new Volume(new float[1], 1, 1, 1, sheared));
    ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(b.getShort(NiftiFiles.QFORM)).isZero();
    assertThat(VolumeReaders.read(file).affine()).isEqualTo(sheared);
  }

  @Test
  void anotherSuffixIsRefused() {
    assertThatThrownBy(() -> NiftiWriter.write(dir.resolve("a.mha"), volume(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(".nii or .nii.gz");
  }

  @Test
  void anExistingFileIsReplaced() throws IOException {
    Path file = dir.resolve("r.nii.gz");
    NiftiWriter.write(file, volume(1, 2, 3));
    NiftiWriter.write(file, volume(4));
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(4);
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void theSameVolumeGivesTheSameBytes() throws IOException {
    NiftiWriter.write(dir.resolve("1.nii.gz"), volume(1, 2, 3));
    NiftiWriter.write(dir.resolve("2.nii.gz"), volume(1, 2, 3));
    assertThat(dir.resolve("1.nii.gz")).hasSameBinaryContentAs(dir.resolve("2.nii.gz"));
  }
}
