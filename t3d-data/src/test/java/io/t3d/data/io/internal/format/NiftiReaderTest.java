package io.t3d.data.io.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NiftiReaderTest {
  @TempDir Path dir;

  private final NiftiReader reader = new NiftiReader();

  private Volume read(Consumer<ByteBuffer> edit) throws IOException {
    return reader.read(NiftiFiles.write(dir, "a.nii", edit));
  }

  private void assertBroken(Consumer<ByteBuffer> edit, String... words) throws IOException {
    Path file = NiftiFiles.write(dir, "broken.nii", edit);
    assertThatThrownBy(() -> reader.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContainingAll(words);
    assertThatThrownBy(() -> reader.info(file)).isInstanceOf(VolumeFormatException.class);
  }

  @Test
  void aFileIsReadInArrayOrder() throws IOException {
    Volume v = read(b -> {});
    assertThat(v.get(1, 2, 3)).isEqualTo(23);
    assertThat(v.get(0, 1, 0)).isEqualTo(4);
    assertThat(v.affine()).isEqualTo(Affine.scaleTranslate(2, 2, 2, 0, 0, 0));
  }

  @Test
  void trailingDimensionsOfSizeOneAreDropped() throws IOException {
    assertThat(read(b -> NiftiFiles.dims(b, 5, 4, 3, 2, 1, 1)).depth()).isEqualTo(2);
  }

  @Test
  void aFourDimensionalFileIsRefused() throws IOException {
    assertBroken(
        b -> NiftiFiles.dims(b, 4, 4, 3, 2, 2), "is 4-D [4, 3, 2, 2], expected 3-D", "split it");
    assertBroken(
        b -> NiftiFiles.dims(b, 4, 4, 3, 1, 2),
        "is 4-D [4, 3, 1, 2], expected 3-D; its 2 slices stand in dimension 4: write them as");
    assertBroken(
        b -> NiftiFiles.dims(b, 5, 4, 3, 1, 1, 2),
        "is 5-D [4, 3, 1, 1, 2], expected 3-D; its 2 slices stand in dimension 5");
  }

  @Test
  void aTwoDimensionalFileIsRefused() throws IOException {
    assertBroken(b -> NiftiFiles.dims(b, 2, 4, 3), "is 2-D [4, 3], expected 3-D");
  }

  @Test
  void sizesMustBePositive() throws IOException {
    assertBroken(b -> NiftiFiles.dims(b, 3, 4, -3, 2), "sizes must be > 0, got [4, -3]");
    assertBroken(b -> NiftiFiles.dims(b, 3, 4, 3, 0), "sizes must be > 0");
    assertBroken(b -> NiftiFiles.dims(b, 9), "dim[0] must be 1..7, got 9");
  }

  @ParameterizedTest
  @CsvSource({"1536,float128", "32,complex64", "1792,complex128", "128,RGB24", "2304,RGBA32"})
  void typesThatAreNotScalarAreNamed(int code, String name) throws IOException {
    assertBroken(
        b -> b.putShort(NiftiFiles.DATATYPE, (short) code), "voxel type " + name, "not supported");
  }

  @Test
  void anUnknownTypeIsAnError() throws IOException {
    assertBroken(b -> b.putShort(NiftiFiles.DATATYPE, (short) 77), "unknown (NIfTI code 77)");
  }

  @Test
  void aHugeClaimFailsBeforeAllocation() throws IOException {
    Consumer<ByteBuffer> huge = b -> NiftiFiles.dims(b, 3, 1290, 1290, 1290);
    assertBroken(huge, "truncated or corrupt", "1290 x 1290 x 1290 int16", "the file has 400");
    Path gz = dir.resolve("huge.nii.gz");
    Files.write(gz, NiftiFiles.gzip(NiftiFiles.bytes(huge)));
    assertThatThrownBy(() -> reader.read(gz))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("can unpack to at most");
  }

  @Test
  void aGzipThatHoldsLessThanItsHeaderClaimsIsCountedBeforeAllocation() throws IOException {
    byte[] noise = new byte[1 << 20];
    new SplittableRandom(1).nextBytes(noise);
    byte[] header = NiftiFiles.bytes(b -> NiftiFiles.dims(b, 3, 500, 500, 500));
    Path gz = Files.write(dir.resolve("claim.nii.gz"), NiftiFiles.gzip(concat(header, noise)));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertThatThrownBy(() -> reader.read(gz))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining(
            "truncated: the header claims 500 x 500 x 500 int16 = 250000352 bytes, the data ends at"
                + " 1048976");
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(32L << 20);
  }

  @Test
  void aLargeGzipOfSeveralMembersIsReadThoughItsTrailerTellsTheLastOnly() throws IOException {
    byte[] header = NiftiFiles.bytes(b -> NiftiFiles.dims(b, 3, 300, 300, 100));
    byte[] voxels = new byte[300 * 300 * 100 * 2 - (header.length - 352)];
    voxels[voxels.length - 2] = 7;
    Path gz = Files.write(dir.resolve("members.nii.gz"), NiftiFiles.gzip(header, voxels));
    assertThat(reader.read(gz).get(99, 299, 299)).isEqualTo(7);
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  @Test
  void moreVoxelsThanAnArrayHoldsAreRefused() throws IOException {
    assertBroken(b -> NiftiFiles.dims(b, 3, 32767, 32767, 32767), "may hold at most 2147483639");
  }

  @Test
  void aBrokenAffineIsAnError() throws IOException {
    assertBroken(b -> b.putFloat(NiftiFiles.SROW, Float.NaN), "bad sform", "finite");
    assertBroken(b -> b.putFloat(NiftiFiles.SROW, 0), "bad sform", "invertible");
    assertBroken(
        b -> {
          for (int i = 0; i < 3; i++) {
            b.putFloat(NiftiFiles.SROW + 20 * i, 1e-40f);
          }
        },
        "the sform gives voxels of");
  }

  @Test
  void aBrokenQformIsAnErrorOnlyWhenItIsUsed() throws IOException {
    Consumer<ByteBuffer> bad =
        b -> b.putShort(NiftiFiles.QFORM, (short) 1).putFloat(NiftiFiles.QUATERN, 2);
    assertThat(read(bad).orientation()).isEqualTo("RAS");
    assertBroken(bad.andThen(b -> b.putShort(NiftiFiles.SFORM, (short) 0)), "quaternion");
    assertBroken(
        b ->
            b.putShort(NiftiFiles.SFORM, (short) 0)
                .putShort(NiftiFiles.QFORM, (short) 1)
                .putFloat(NiftiFiles.PIXDIM + 4, 0),
        "pixdim must not be 0");
  }

  /** The right values are nibabel's, which takes the absolute value, too. */
  @Test
  void aNegativeLengthIsTakenWithoutItsSign() throws IOException {
    Consumer<ByteBuffer> negative =
        b ->
            b.putShort(NiftiFiles.SFORM, (short) 0)
                .putFloat(NiftiFiles.PIXDIM + 4, -0.7f)
                .putFloat(NiftiFiles.PIXDIM + 8, 0.7f)
                .putFloat(NiftiFiles.PIXDIM + 12, 2.5f);
    Affine plain = read(negative.andThen(b -> b.putShort(NiftiFiles.QFORM, (short) 0))).affine();
    assertThat(plain.get(0, 0)).isCloseTo(-0.7, within(1e-6));
    assertThat(plain.get(0, 3)).isCloseTo(1.5 * 0.7, within(1e-6));
    Affine qform = read(negative.andThen(b -> b.putShort(NiftiFiles.QFORM, (short) 1))).affine();
    assertThat(qform.get(0, 0)).isCloseTo(0.7, within(1e-6));
    assertThat(qform.get(2, 2)).isCloseTo(2.5, within(1e-6));
  }

  /** 180° about an axis between x and y: (b, c, d) is longer than 1 once rounded. */
  @Test
  void aQuaternionRoundedToFiveDigitsIsTakenAtLengthOne() throws IOException {
    Affine affine =
        read(b ->
                b.putShort(NiftiFiles.SFORM, (short) 0)
                    .putShort(NiftiFiles.QFORM, (short) 1)
                    .putFloat(NiftiFiles.PIXDIM + 4, 2)
                    .putFloat(NiftiFiles.PIXDIM + 8, 2)
                    .putFloat(NiftiFiles.PIXDIM + 12, 3)
                    .putFloat(NiftiFiles.QUATERN, 0.70711f)
                    .putFloat(NiftiFiles.QUATERN + 4, 0.70711f))
            .affine();
    assertThat(affine.get(0, 1)).isCloseTo(2, within(1e-6));
    assertThat(affine.get(1, 0)).isCloseTo(2, within(1e-6));
    assertThat(affine.get(2, 2)).isCloseTo(-3, within(1e-6));
  }

  @ParameterizedTest
  @CsvSource({"0,2", "1,0.002", "2,2", "3,2000"})
  void spatialUnitsBecomeMillimetres(byte units, float number) throws IOException {
    Volume v = read(diagonal(number).andThen(b -> b.put(NiftiFiles.UNITS, units)));
    assertThat(v.spacing().x()).isCloseTo(2, within(1e-6));
  }

  private static Consumer<ByteBuffer> diagonal(float number) {
    return b -> {
      for (int i = 0; i < 3; i++) {
        b.putFloat(NiftiFiles.SROW + 20 * i, number);
      }
    };
  }

  @Test
  void voxelsThatNoScannerMakesAreRefusedWithTheLikelyUnit() throws IOException {
    assertBroken(
        diagonal(0.7f).andThen(b -> b.put(NiftiFiles.UNITS, (byte) 1)),
        "the sform in metres (xyzt_units) gives voxels of 700 x 700 x 700 mm, expected 0.01 to 100"
            + " mm; likely the numbers are microns where the header says mm, or mm where it says"
            + " metres");
    assertBroken(
        diagonal(0.7f).andThen(b -> b.put(NiftiFiles.UNITS, (byte) 3)),
        "the sform in microns (xyzt_units) gives voxels of 0.0007 x",
        "or mm where it says microns");
    assertBroken(diagonal(150), "expected 0.01 to 100 mm");
    assertThat(read(diagonal(100)).spacing().z()).isEqualTo(100);
  }

  @Test
  void aSlopeWithoutAFiniteInterceptIsAnError() throws IOException {
    assertBroken(
        b -> b.putFloat(NiftiFiles.SLOPE, 2).putFloat(NiftiFiles.SLOPE + 4, Float.NaN),
        "scl_inter is NaN");
  }

  @Test
  void aVoxelOffsetInsideTheHeaderIsAnError() throws IOException {
    assertBroken(b -> b.putFloat(NiftiFiles.VOX_OFFSET, 16), "vox_offset", "got 16.0");
    assertBroken(b -> b.putFloat(NiftiFiles.VOX_OFFSET, Float.NaN), "vox_offset");
  }

  @Test
  void nonFiniteVoxelsAreKept() throws IOException {
    Volume v =
        read(
            b -> {
              NiftiFiles.dims(b, 3, 4, 3, 1);
              b.putShort(NiftiFiles.DATATYPE, (short) 16).putFloat(352, Float.NaN);
              b.putFloat(356, Float.NEGATIVE_INFINITY);
            });
    assertThat(v.voxels()[0]).isNaN();
    assertThat(v.voxels()[1]).isEqualTo(Float.NEGATIVE_INFINITY);
  }

  @Test
  void aPairIsReadByEitherName() throws IOException {
    byte[] all = NiftiFiles.bytes(b -> b.put(345, (byte) 'i').putFloat(NiftiFiles.VOX_OFFSET, 0));
    Path hdr = Files.write(dir.resolve("p.hdr"), Arrays.copyOf(all, 348));
    Path img = Files.write(dir.resolve("p.img"), Arrays.copyOfRange(all, 352, 400));
    assertThat(reader.read(hdr).get(1, 2, 3)).isEqualTo(23);
    assertThat(reader.read(img).get(1, 2, 3)).isEqualTo(23);
    Files.delete(img);
    assertThatThrownBy(() -> reader.read(hdr))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("p.img: no such file; a .hdr/.img pair needs both files");
  }

  @Test
  void aGzipOfSeveralMembersIsRead() throws IOException {
    byte[] all = NiftiFiles.bytes(b -> {});
    byte[] gz = NiftiFiles.gzip(Arrays.copyOf(all, 370), Arrays.copyOfRange(all, 370, 400));
    Path file = Files.write(dir.resolve("m.nii.gz"), gz);
    assertThat(reader.read(file).get(1, 2, 3)).isEqualTo(23);
    Path cut = Files.write(dir.resolve("cut.nii.gz"), Arrays.copyOf(gz, gz.length - 12));
    assertThatThrownBy(() -> reader.read(cut)).isInstanceOf(VolumeFormatException.class);
  }

  @Test
  void filesThatAreNotNiftiSaySo() throws IOException {
    Path text = Files.writeString(dir.resolve("text.nii"), "hello, this is no volume");
    assertThatThrownBy(() -> reader.read(text)).hasMessageContaining("not a NIfTI file");
    Path named = Files.write(dir.resolve("plain.nii.gz"), NiftiFiles.bytes(b -> {}));
    assertThatThrownBy(() -> reader.read(named))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("gzip");
    Path empty = Files.write(dir.resolve("empty.nii"), new byte[0]);
    assertThatThrownBy(() -> reader.read(empty)).hasMessageContaining("holds 0 bytes");
    Path emptyGz = Files.write(dir.resolve("empty.nii.gz"), new byte[0]);
    assertThatThrownBy(() -> reader.read(emptyGz)).isInstanceOf(VolumeFormatException.class);
  }
}
