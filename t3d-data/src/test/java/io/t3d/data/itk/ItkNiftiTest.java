package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiReader;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.itk.internal.read.ItkImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("itk")
class ItkNiftiTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/nifti");
  private static final Affine AFFINE =
      Affine.of(0, -0.8, 0, 90.5, 0.7, 0, 0, -60.25, 0, 0, 2.5, 12);
  private static final int SLOPE = 112;
  private static final int PIXDIM = 76;
  private static final int QFORM = 252;
  private static final int QUATERN = 256;
  private static final int SROW = 280;

  @TempDir Path dir;

  private final ItkImageReader.Nifti itk = new ItkImageReader.Nifti();

  @ParameterizedTest
  @CsvSource({
    "float64-le-nifti1-qform-left.nii.gz, float64",
    "int8-be-nifti1-qform.nii, int8",
    "int8-le-nifti1-qform.nii, float32",
    "uint32-be-nifti1-qform-left.nii, float32",
    "uint32-le-nifti1-qform-left.nii, float32",
    "uint64-be-nifti1-qform.nii, float32"
  })
  void voxelsAndPlaceAreThoseOfTheJavaReader(String name, String type) throws IOException {
    Path file = GOLDEN.resolve(name);
    assertSame(itk.read(file), new NiftiReader().read(file), 2e-7f);
    VolumeInfo info = itk.info(file);
    assertThat(info.pixelType()).isEqualTo(type);
    assertThat(info.reader()).isEqualTo("itk-nifti");
    assertThat(info.affine()).isEqualTo(new NiftiReader().info(file).affine());
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.nii", "a.nii.gz"})
  void whatOurWriterWritesIsReadToTheBit(String name) throws IOException {
    Path file = write(name);
    assertSame(itk.read(file), VolumeReaders.read(file), 0);
  }

  @Test
  void theJavaReaderStaysTheDefault() throws IOException {
    Path file = write("a.nii");
    assertThat(itk.canRead(file)).isTrue();
    assertThat(VolumeReaders.info(file).reader()).isEqualTo("nifti-java");
  }

  @ParameterizedTest
  @CsvSource({
    "float32-le-nifti2-none.nii, 'ITK reads NIfTI-1, this is NIfTI-2; read it with NiftiReader'",
    "int32-le-nifti1-sform.nii, 'its axes are not at right angles, which ITK cannot read; read it "
        + "with NiftiReader'",
    "int16-be-nifti1-none.nii, 'ITK places a corner of this volume 3.000 voxels from where its header "
        + "puts it (sform, else qform, else pixdim); read it with NiftiReader, or make sform and "
        + "qform agree'"
  })
  void whatItkTakesOtherwiseIsRefused(String name, String problem) {
    assertRefused(GOLDEN.resolve(name), problem);
  }

  @Test
  void formsThatDisagreeAndAnInterceptWithoutSlopeAreRefused() throws IOException {
    Path forms =
        edited(
            "a.nii",
            b ->
                b.putShort(QFORM, (short) 1)
                    .putShort(QFORM + 2, (short) 2) // sform: aligned, not of the scanner
                    .putFloat(QUATERN + 12, 999));
    assertThatThrownBy(() -> itk.read(forms))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(forms + ": ITK places a corner of this volume ")
        .hasMessageEndingWith(
            " voxels from where its header puts it (sform, else qform, else pixdim); read it with"
                + " NiftiReader, or make sform and qform agree");
    assertRefused(
        edited("b.nii", b -> b.putFloat(SLOPE, 0).putFloat(SLOPE + 4, 7)),
        "its scl_slope is 0, so its voxels are unscaled, but ITK would add its scl_inter of 7.0;"
            + " read it with NiftiReader");
  }

  @Test
  void numbersThatItkDoesNotSurviveAreRefused() throws IOException {
    assertThatThrownBy(() -> itk.read(edited("a.nii", b -> b.putFloat(SROW, Float.NaN))))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("bad sform: ");
    assertRefused(
        edited("b.nii", b -> b.putFloat(QUATERN, Float.NaN)),
        "its qform holds NaN, which ITK does not survive; read it with NiftiReader, or repair the"
            + " header");
    assertRefused(
        edited("c.nii", b -> b.putFloat(PIXDIM + 4, 1e-40f)),
        "its pixdim holds 1.0E-40, which ITK does not survive; read it with NiftiReader, or repair"
            + " the header");
  }

  @Test
  void truncatedFilesAreRefused() throws IOException {
    Path plain = write("a.nii");
    byte[] whole = Files.readAllBytes(plain);
    Files.write(plain, Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> itk.read(plain))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(plain + ": truncated or corrupt: the header claims ");
    Path packed = write("a.nii.gz");
    byte[] gzip = Files.readAllBytes(packed);
    for (int cut : new int[] {1, 8, 12, gzip.length / 2}) {
      Files.write(packed, Arrays.copyOf(gzip, gzip.length - cut));
      assertThatThrownBy(() -> itk.read(packed)).isInstanceOf(VolumeFormatException.class);
    }
  }

  @Test
  void everyFlippedByteOfAGzipIsFound() throws IOException {
    Path file = write("a.nii.gz");
    Volume good = new NiftiReader().read(file);
    byte[] whole = Files.readAllBytes(file);
    int refused = 0;
    for (int at = 0; at < whole.length; at += 3) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x20;
      Files.write(file, damaged);
      try {
        assertSame(itk.read(file), good, 0); // such as the time in gzip's header
      } catch (VolumeFormatException e) {
        assertThat(e).hasMessageStartingWith(file + ": ");
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(whole.length / 3 - 8);
  }

  /** No mutant of a header kills the JVM, hangs, or is read otherwise than by the Java reader. */
  @Test
  void damagedHeadersAreRefusedOrReadTheSame() throws IOException {
    byte[] whole = Files.readAllBytes(write("a.nii"));
    Path file = dir.resolve("mutant.nii");
    SplittableRandom random = new SplittableRandom(3);
    int read = 0; // most bytes of a header do not matter
    for (int n = 0; n < 400; n++) {
      byte[] mutant = whole.clone();
      for (int k = random.nextInt(1, 4); k > 0; k--) {
        mutant[random.nextInt(352)] = (byte) random.nextInt();
      }
      Files.write(file, mutant);
      Volume volume;
      try {
        volume = itk.read(file);
      } catch (IOException e) {
        assertThat(e).isInstanceOf(VolumeFormatException.class);
        continue;
      }
      read++;
      assertSame(volume, new NiftiReader().read(file), 2e-7f);
    }
    assertThat(read).isBetween(50, 390);
  }

  private Path write(String name) throws IOException {
    float[] voxels = new float[4 * 5 * 6];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = 37 * i - 1024;
    }
    Path file = dir.resolve(name);
    NiftiWriter.write(file, new Volume(voxels, 4, 5, 6, AFFINE), PixelType.INT16);
    return file;
  }

  private Path edited(String name, Consumer<ByteBuffer> edit) throws IOException {
    Path file = write(name);
    byte[] bytes = Files.readAllBytes(file);
    edit.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    return Files.write(file, bytes);
  }

  private void assertRefused(Path file, String problem) {
    assertThatThrownBy(() -> itk.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(file + ": " + problem);
  }

  private static void assertSame(Volume got, Volume expected, float relative) {
    assertThat(got.affine()).isEqualTo(expected.affine());
    assertThat(got.voxels()).hasSize(expected.voxels().length);
    for (int i = 0; i < got.voxels().length; i++) {
      float want = expected.voxels()[i];
      if (!Float.isNaN(want) || !Float.isNaN(got.voxels()[i])) {
        assertThat(got.voxels()[i])
            .as("voxel %d", i)
            .isCloseTo(want, within(relative * Math.abs(want)));
      }
    }
  }
}
