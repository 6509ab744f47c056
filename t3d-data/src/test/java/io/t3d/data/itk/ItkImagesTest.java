package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.Reorient;
import io.t3d.data.transform.Resample;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("itk")
class ItkImagesTest {
  /** Oblique, left-handed, and with shear. */
  private static final Affine SHEARED =
      Affine.of(-0.8, 0.02, 0.3, 10.123456789, 0.01, 0.7, 0.2, -20.5, 0, 0.03, 2.5, 33.3);

  private static final byte[] VOXELS = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0};

  private static final String NRRD =
      """
      NRRD0004
      type: short
      dimension: 3
      space: left-posterior-superior
      sizes: 2 2 2
      space directions: (0.5,0,0) (0,0.6,0) (0,0,2)
      kinds: domain domain domain
      endian: little
      encoding: raw
      space origin: (1,2,3)

      """;

  private static final String META =
      """
      ObjectType = Image
      NDims = 3
      BinaryData = True
      BinaryDataByteOrderMSB = False
      CompressedData = False
      TransformMatrix = 1 0 0 0 1 0 0 0 1
      Offset = 1 2 3
      ElementSpacing = 0.5 0.6 2
      DimSize = 2 2 2
      ElementType = MET_SHORT
      ElementDataFile = LOCAL
      """;

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    ".nrrd, FLOAT32, float32, itk-nrrd",
    ".nrrd, INT16, int16, itk-nrrd",
    ".mha, FLOAT32, float32, itk-meta",
    ".mha, UINT8, uint8, itk-meta"
  })
  void whatIsWrittenIsReadBack(String suffix, PixelType type, String label, String reader)
      throws IOException {
    float[] voxels = new float[3 * 4 * 5];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = type == PixelType.FLOAT32 ? i / 7f : i;
    }
    Path file = dir.resolve("a" + suffix);
    VolumeWriters.write(file, new Volume(voxels, 3, 4, 5, SHEARED), type);

    Volume back = VolumeReaders.read(file);

    assertThat(back.voxels()).containsExactly(voxels);
    assertThat(back.affine().matrix()).containsExactly(SHEARED.matrix(), within(1e-12));
    assertThat(VolumeReaders.info(file).pixelType()).isEqualTo(label);
    assertThat(VolumeReaders.info(file).reader()).isEqualTo(reader);
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).as("no temporary file stays").containsExactly(file);
    }
  }

  @Test
  void aVoxelThatDoesNotFitLeavesTheOldFile() throws IOException {
    Path file = Files.writeString(dir.resolve("a.mha"), "old");
    Volume volume = new Volume(new float[] {70_000}, 1, 1, 1, Affine.identity());
    assertThatThrownBy(() -> VolumeWriters.write(file, volume, PixelType.INT16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The voxel value 70000.0 does not fit INT16; use FLOAT32");
    assertThat(file).hasContent("old");
  }

  @Test
  void anUnknownEndingListsTheKnownOnes() {
    Volume volume = new Volume(new float[1], 1, 1, 1, Affine.identity());
    assertThatThrownBy(() -> VolumeWriters.write(Path.of("a.xyz"), volume, PixelType.FLOAT32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "No writer knows the ending of a.xyz; known endings: [.mha, .nii, .nii.gz, .nrrd]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NEAREST", "LINEAR"})
  void onePassGivesWhatTwoGive(String name) {
    SplittableRandom random = new SplittableRandom(5);
    float[] voxels = new float[7 * 9 * 11];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble(-1000, 1000);
    }
    Affine turned = Affine.of(-0.8, 0, 0, 10, 0, 0, 0.7, -20.5, 0, -2.5, 0, 33.3);
    Volume volume = new Volume(voxels, 7, 9, 11, turned);
    for (Spacing spacing :
        new Spacing[] {
          new Spacing(1.1, 0.9, 0.55), new Spacing(3, 2, 1.7), new Spacing(2.5, 0.7, 0.8)
        }) {
      Volume once = new ItkResample("RAS", spacing, ItkResample.Kernel.valueOf(name)).apply(volume);
      Volume twice =
          new Resample(spacing, Interpolation.valueOf(name))
              .apply(new Reorient("RAS").apply(volume));
      assertThat(once.affine().matrix()).containsExactly(twice.affine().matrix(), within(1e-12));
      assertThat(once.voxels()).containsExactly(twice.voxels(), within(1e-3f));
    }
  }

  @Test
  void aCubicSplineGoesThroughTheVoxels() {
    float[] voxels = new float[6 * 6 * 6];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i % 13;
    }
    Volume volume = new Volume(voxels, 6, 6, 6, Affine.of(Spacing.isotropic(2)));
    Volume same =
        new ItkResample("RAS", Spacing.isotropic(2), ItkResample.Kernel.CUBIC).apply(volume);
    assertThat(same.voxels()).containsExactly(voxels, within(1e-3f));
  }

  @Test
  void compressedVoxelsAreRead() throws IOException {
    Path nrrd = file("a.nrrd", NRRD.replace("raw", "gzip"), gzip(VOXELS));
    assertThat(VolumeReaders.read(nrrd).voxels()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    byte[] packed = zlib(VOXELS);
    Path meta = file("a.mha", compressedMeta(packed.length), packed);
    assertThat(VolumeReaders.read(meta).voxels()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void truncatedVoxelsAreRefused() throws IOException {
    byte[] cut = Arrays.copyOf(VOXELS, 13);
    String problem =
        "truncated or corrupt: the header claims 16 bytes of voxels, the file holds 13";
    assertRefused(file("a.nrrd", NRRD, cut), problem);
    assertRefused(file("a.mha", META, cut), problem);
  }

  @Test
  void surplusBytesAreRefused() throws IOException {
    assertRefused(
        file("a.mha", META, Arrays.copyOf(VOXELS, 20)),
        "truncated or corrupt: the header claims 16 bytes of voxels, the file holds 20");
  }

  @Test
  void damageInCompressedVoxelsIsFound() throws IOException {
    String problem = "the compressed data is damaged or truncated; copy the file again";
    byte[] gzip = gzip(VOXELS);
    gzip[gzip.length - 7] ^= 1; // the CRC
    assertRefused(file("a.nrrd", NRRD.replace("raw", "gzip"), gzip), problem);
    byte[] zlib = zlib(VOXELS);
    zlib[zlib.length - 1] ^= 1; // the Adler sum
    assertRefused(file("a.mha", compressedMeta(zlib.length), zlib), problem);
  }

  @Test
  void aMissingCompressedSizeIsRefused() throws IOException {
    byte[] packed = zlib(VOXELS);
    assertRefused(
        file("a.mha", META.replace("CompressedData = False", "CompressedData = True"), packed),
        "CompressedDataSize must be that of the data, " + packed.length + " bytes");
  }

  @Test
  void aDataFileLiesInTheFolderOfItsHeader() throws IOException {
    Files.write(dir.resolve("a.raw"), VOXELS);
    Path good = file("a.mhd", META.replace("LOCAL", "a.raw"), new byte[0]);
    assertThat(VolumeReaders.read(good).voxels()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);

    String problem = "its data file must lie in the folder of the header, it names one elsewhere";
    assertRefused(file("b.mhd", META.replace("LOCAL", "../a.raw"), new byte[0]), problem);
    assertRefused(file("c.mhd", META.replace("LOCAL", "/etc/passwd"), new byte[0]), problem);
    Files.createSymbolicLink(dir.resolve("link.raw"), Path.of("/etc/passwd"));
    assertRefused(file("d.mhd", META.replace("LOCAL", "link.raw"), new byte[0]), problem);
    String detached = NRRD.replace("encoding: raw", "encoding: raw\ndata file: ../a.raw");
    assertRefused(file("e.nhdr", detached, new byte[0]), problem);
  }

  @Test
  void vectorsAndFourDimensionsAreRefused() throws IOException {
    String more = "a volume has 3 dimensions, this file has 4; pick one 3D part of it";
    String nrrd = NRRD.replace("dimension: 3", "dimension: 4").replace("2 2 2", "2 2 2 2");
    assertRefused(file("a.nrrd", nrrd, VOXELS), more);
    String meta = META.replace("NDims = 3", "NDims = 4").replace("2 2 2", "2 2 2 2");
    assertRefused(file("a.mha", meta, VOXELS), more);
    assertRefused(
        file("b.nrrd", NRRD.replace("domain domain domain", "vector domain domain"), VOXELS),
        "a volume has one value per voxel, an axis of this file holds something else (its kinds);"
            + " colour, vector and list images cannot be read");
    assertRefused(
        file(
            "b.mha",
            META.replace("ElementType", "ElementNumberOfChannels = 3\nElementType"),
            VOXELS),
        "a volume has one value per voxel, this file has 3; colour and vector images cannot be"
            + " read");
  }

  @Test
  void unknownSpacesAndUnitsAreRefused() throws IOException {
    assertRefused(
        file("a.nrrd", NRRD.replace("left-posterior-superior", "scanner-xyz"), VOXELS),
        "its space must be left-posterior-superior or right-anterior-superior, it is another or"
            + " missing");
    assertRefused(
        file("b.nrrd", NRRD.replace("kinds:", "space units: \"cm\" \"cm\" \"cm\"\nkinds:"), VOXELS),
        "its space units must be mm, and ITK would take them for mm; write the spacing in mm");
    assertRefused(
        file("d.nrrd", NRRD.replace("kinds:", "units: \"um\" \"um\" \"um\"\nkinds:"), VOXELS),
        "its units must be mm, and ITK would take them for mm; write the spacing in mm");
    String bare =
        NRRD.replaceAll("(?m)^space.*\n", "")
            .replace("kinds:", "spacings: 0.5 0.6 2\nunits: \"mm\" \"\" \"mm\"\nkinds:");
    Path open = file("e.nrrd", bare, VOXELS);
    assertThat(VolumeReaders.read(open).voxels()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertRefused(file("c.nrrd", NRRD.replace("(0,0,2)", "(0,0,nan)"), VOXELS), null);
  }

  @Test
  void bytesAfterTheVoxelsOfAnNrrdArePassedOverButWholeSlicesAreNot() throws IOException {
    byte[] more = Arrays.copyOf(VOXELS, VOXELS.length + 1);
    assertThat(VolumeReaders.read(file("a.nrrd", NRRD, more)).voxels())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    String packed = NRRD.replace("encoding: raw", "encoding: gzip");
    assertThat(VolumeReaders.read(file("b.nrrd", packed, gzip(more))).voxels())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    byte[] slices = Arrays.copyOf(VOXELS, VOXELS.length * 3 / 2);
    assertRefused(
        file("c.nrrd", NRRD, slices),
        "truncated or corrupt: the header claims "
            + VOXELS.length
            + " bytes of voxels, the file holds "
            + slices.length);
  }

  @Test
  void contradictingByteOrdersOfAMetaImageAreRefused() throws IOException {
    String both = "BinaryDataByteOrderMSB = False\nElementByteOrderMSB = ";
    String field = "BinaryDataByteOrderMSB = False\n";
    assertThat(META).contains(field);
    assertThat(VolumeReaders.read(file("a.mha", META.replace(field, both + "False\n"), VOXELS)))
        .isNotNull();
    assertRefused(
        file("b.mha", META.replace(field, both + "True\n"), VOXELS),
        "BinaryDataByteOrderMSB and ElementByteOrderMSB of its header contradict each other; remove"
            + " the wrong one");
  }

  @Test
  void aScalingOfAMetaImageIsNotPassedOver() throws IOException {
    String scaled = "ElementToIntensityFunctionSlope = 2\nElementType";
    assertRefused(
        file("a.mha", META.replace("ElementType", scaled), VOXELS),
        "its ElementToIntensityFunctionSlope is 2.0, which ITK leaves out; write the voxels as they"
            + " are meant, without this field");
    String offset = "ElementToIntensityFunctionOffset = -1024\nElementType";
    assertRefused(
        file("b.mha", META.replace("ElementType", offset), VOXELS),
        "its ElementToIntensityFunctionOffset is -1024.0, which ITK leaves out; write the voxels as"
            + " they are meant, without this field");
    String none = "ElementToIntensityFunctionSlope = 1\nElementType";
    assertThat(VolumeReaders.read(file("c.mha", META.replace("ElementType", none), VOXELS)))
        .isNotNull();
  }

  private Path file(String name, String header, byte[] data) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(header.getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(data);
    return Files.write(dir.resolve(name), out.toByteArray());
  }

  private static String compressedMeta(int size) {
    return META.replace(
        "CompressedData = False", "CompressedData = True\nCompressedDataSize = " + size);
  }

  private static byte[] gzip(byte[] data) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(data);
    }
    return out.toByteArray();
  }

  private static byte[] zlib(byte[] data) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DeflaterOutputStream zlib = new DeflaterOutputStream(out)) {
      zlib.write(data);
    }
    return out.toByteArray();
  }

  private static void assertRefused(Path file, String problem) {
    var thrown =
        assertThatThrownBy(() -> VolumeReaders.read(file))
            .isInstanceOf(VolumeFormatException.class);
    if (problem == null) {
      thrown.hasMessageStartingWith(file + ": ");
    } else {
      thrown.hasMessage(file + ": " + problem);
    }
  }
}
