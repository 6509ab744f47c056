package io.t3d.data.zarr.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.transform.Crop;
import io.t3d.data.zarr.ZarrOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZarrVolumeTest {
  @TempDir Path dir;
  private Path folder;

  @BeforeEach
  void nameTheFolder() {
    folder = dir.resolve("v.zarr");
  }

  @Test
  void valuesComeBackWithinHalfAStepAndStoredValuesExactly() throws IOException {
    Volume volume = ZarrVolumes.windowed(10, 13, 17, 1);
    ZarrWriter.write(folder, volume, ZarrVolumes.chunks(4, 8, 8), "{}");
    ZarrVolume zarr = ZarrVolume.open(folder);
    Volume back = zarr.readAll();

    assertThat(zarr.scale()).isEqualTo(1.0 / 16384);
    assertThat(back.affine()).isEqualTo(volume.affine());
    for (int i = 0; i < volume.voxels().length; i++) {
      assertThat(back.voxels()[i]).isCloseTo(volume.voxels()[i], within(0.5f / 16384));
    }
    ZarrWriter.write(dir.resolve("again.zarr"), back, ZarrVolumes.chunks(4, 8, 8), "{}");
    assertThat(ZarrVolume.open(dir.resolve("again.zarr")).readAll().voxels())
        .isEqualTo(back.voxels());
  }

  @Test
  void wholeHounsfieldUnitsComeBackExactly() throws IOException {
    float[] voxels = new float[6 * 6 * 6];
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = random.nextInt(-1024, 3072);
    }
    Volume volume = new Volume(voxels, 6, 6, 6, ZarrVolumes.OBLIQUE);
    ZarrWriter.write(folder, volume, ZarrOptions.defaults(), "{}");

    assertThat(ZarrVolume.open(folder).scale()).isEqualTo(1);
    assertThat(VolumeReaders.read(folder).voxels()).isEqualTo(voxels);
    voxels[0] = 0.5f; // no longer whole numbers: the finest scale that fits 3071
    Volume half = new Volume(voxels, 6, 6, 6, ZarrVolumes.OBLIQUE);
    ZarrWriter.write(dir.resolve("half.zarr"), half, ZarrOptions.defaults(), "{}");
    assertThat(ZarrVolume.open(dir.resolve("half.zarr")).scale()).isEqualTo(0.125);
    assertThat(VolumeReaders.read(dir.resolve("half.zarr")).voxels()).isEqualTo(voxels);
  }

  @Test
  void floatsComeBackExactly() throws IOException {
    Volume volume = ZarrVolumes.windowed(5, 6, 7, 3);
    ZarrOptions options = ZarrVolumes.chunks(3, 4, 5).withValues(ZarrOptions.Values.FLOAT32);
    ZarrWriter.write(folder, volume, options, "{}");

    assertThat(VolumeReaders.read(folder).voxels()).isEqualTo(volume.voxels());
    VolumeInfo info = VolumeReaders.info(folder);
    assertThat(info)
        .isEqualTo(new VolumeInfo(5, 6, 7, ZarrVolumes.OBLIQUE, "float32", "zarr-java"));
  }

  @Test
  void anyBoxIsTheSameAsCutFromTheWhole() throws IOException {
    ZarrWriter.write(
        folder, ZarrVolumes.windowed(11, 18, 21, 4), ZarrVolumes.chunks(4, 5, 8), "{}");
    ZarrVolume zarr = ZarrVolume.open(folder);
    Volume whole = zarr.readAll();
    SplittableRandom random = new SplittableRandom(5);
    for (int n = 0; n < 300; n++) {
      VoxelBox box = randomBox(random, 11, 18, 21);
      Volume expected = new Crop(box, 0).apply(whole);
      Volume got = zarr.read(box);
      assertThat(got.voxels()).as(box.toString()).isEqualTo(expected.voxels());
      assertThat(got.affine()).isEqualTo(expected.affine());
    }
    assertThatThrownBy(() -> zarr.read(new VoxelBox(0, 0, 14, 1, 1, 8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("A box must lie inside VoxelBox[z0=0");
  }

  @Test
  void aCropReadsOnlyTheChunksItTouches() throws IOException {
    ZarrWriter.write(folder, ZarrVolumes.windowed(8, 8, 8, 6), ZarrVolumes.chunks(4, 4, 4), "{}");
    ZarrVolume zarr = ZarrVolume.open(folder);
    VoxelBox box = new VoxelBox(0, 0, 4, 4, 4, 4);
    Volume before = zarr.read(box);
    for (String chunk : new String[] {"0.0.0", "0.1.1", "1.0.1", "1.1.0"}) {
      Files.delete(folder.resolve(chunk));
    }
    assertThat(zarr.read(box).voxels()).isEqualTo(before.voxels());
  }

  @Test
  void manyThreadsReadTheSame() throws IOException {
    ZarrWriter.write(folder, ZarrVolumes.windowed(9, 9, 9, 7), ZarrVolumes.chunks(4, 4, 4), "{}");
    ZarrVolume zarr = ZarrVolume.open(folder);
    float[] expected = zarr.readAll().voxels();
    boolean same =
        IntStream.range(0, 64)
            .parallel()
            .allMatch(
                i -> {
                  try {
                    return Arrays.equals(expected, zarr.readAll().voxels());
                  } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                  }
                });
    assertThat(same).isTrue();
  }

  @Test
  void equalVolumesGiveEqualBytes() throws IOException {
    Path other = dir.resolve("other.zarr");
    for (Path to : new Path[] {folder, other}) {
      ZarrWriter.write(to, ZarrVolumes.windowed(9, 9, 9, 8), ZarrVolumes.chunks(4, 4, 4), "{}");
    }
    assertThat(ZarrVolumes.contents(other)).isEqualTo(ZarrVolumes.contents(folder));
  }

  @Test
  void aMissingChunkIsNotReadAsZeros() throws IOException {
    write();
    ZarrVolume zarr = ZarrVolume.open(folder);
    Files.delete(folder.resolve("1.0.1"));
    String message =
        folder.resolve("1.0.1")
            + ": the chunk is missing; run t3d preprocess again, or in Python write with"
            + " write_empty_chunks=True";
    assertThatThrownBy(zarr::requireWhole)
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(message);
    assertThatThrownBy(zarr::readAll).isInstanceOf(VolumeFormatException.class).hasMessage(message);
  }

  @Test
  void aTruncatedChunkIsFoundWithAndWithoutReading() throws IOException {
    write();
    Path chunk = folder.resolve("0.1.0");
    byte[] whole = Files.readAllBytes(chunk);
    Files.write(chunk, Arrays.copyOf(whole, whole.length - 1));
    String message =
        chunk
            + ": the chunk must have "
            + whole.length
            + " bytes, got "
            + (whole.length - 1)
            + "; run t3d preprocess again";
    ZarrVolume zarr = ZarrVolume.open(folder);
    assertThatThrownBy(zarr::requireWhole)
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(message);
    assertThatThrownBy(zarr::readAll).isInstanceOf(VolumeFormatException.class).hasMessage(message);
    assertThatThrownBy(() -> VolumeReaders.info(folder)).hasMessage(message);
  }

  @Test
  void everyFlippedBitOfAChunkIsFoundOnReading() throws IOException {
    write();
    ZarrVolume zarr = ZarrVolume.open(folder);
    float[] good = zarr.readAll().voxels();
    Path chunk = folder.resolve("0.0.0");
    byte[] whole = Files.readAllBytes(chunk);
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x10;
      Files.write(chunk, damaged, StandardOpenOption.TRUNCATE_EXISTING);
      try {
        // The few bits of a frame's header that do not matter may flip.
        assertThat(zarr.readAll().voxels()).as("byte " + at).isEqualTo(good);
      } catch (VolumeFormatException e) {
        assertThat(e).hasMessageContaining(chunk + ": the chunk ");
      }
    }
  }

  @Test
  void brokenMetadataIsNamed() throws IOException {
    write();
    Path array = folder.resolve(".zarray");
    String good = Files.readString(array);
    metadata(good.replace("<i2", ">i2"), "dtype must be <i2, <f4, |u1, |i1 or <u2, got \">i2\"");
    metadata(good.replace("\"C\"", "\"F\""), "order must be \"C\", got \"F\"");
    metadata(good.replace("zstd", "blosc"), "compressor must be zstd, gzip, zlib or null");
    metadata(good.replace("shuffle", "delta"), "filters must be null or one shuffle");
    metadata(good.replace("8, 8, 8", "8, 8"), "shape must be three numbers > 0");
    metadata(good.replace(": 2,", ": 3,"), "zarr_format must be 2, got 3");
    metadata(good.substring(0, 20), ".zarray is not valid JSON");
    Files.delete(array);
    assertThatThrownBy(() -> ZarrVolume.open(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            folder + ": has no .zarray; is it a Zarr v2 array that was written to its end?");
  }

  @Test
  void whatElseIsCalledZarrIsRefusedByName() throws IOException {
    write();
    Files.move(folder.resolve(".zarray"), folder.resolve("zarr.json"));
    Files.writeString(
        folder.resolve("zarr.json"), "{\"zarr_format\": 3, \"node_type\": \"array\"}");
    refused(
        "is a Zarr v3 array (zarr.json), expected a Zarr v2 array; write it with zarr_format=2");
    Files.writeString(
        folder.resolve("zarr.json"), "{\"zarr_format\": 3, \"node_type\": \"group\"}");
    refused(
        "is a Zarr v3 group (zarr.json), expected a Zarr v2 array; write it with zarr_format=2 as"
            + " one array, not as a group");
    Files.delete(folder.resolve("zarr.json"));
    Files.writeString(folder.resolve(".zgroup"), "{\"zarr_format\": 2}");
    refused("is a Zarr group, expected one Zarr v2 array; it holds none");
    Files.createDirectory(folder.resolve("ct"));
    Files.writeString(folder.resolve("ct/.zarray"), "{}");
    Files.writeString(folder.resolve(".zattrs"), "{\"multiscales\": []}");
    refused(
        "is a Zarr group (OME-Zarr), expected one Zarr v2 array; copy one of its arrays (ct) to a"
            + " folder NAME.zarr with the attribute affine");
  }

  private void refused(String message) {
    assertThatThrownBy(() -> VolumeReaders.read(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(folder + ": " + message);
  }

  @Test
  void scaleAndOffsetOfTheCfConventionsAreApplied() throws IOException {
    write();
    Path attributes = folder.resolve(".zattrs");
    Volume ours = VolumeReaders.read(folder);
    String text = Files.readString(attributes);
    Files.writeString(
        attributes,
        text.replace("\"scale\"", "\"scale_factor\"").replace("\"offset\"", "\"add_offset\""));
    assertThat(VolumeReaders.read(folder).voxels()).isEqualTo(ours.voxels());

    Files.writeString(attributes, text.replace("\"scale\"", "\"scale_factor\":7,\"scale\""));
    assertThatThrownBy(() -> VolumeReaders.read(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("and scale_factor 7 contradict each other");
  }

  @Test
  void attributesThatPlaceAVolumeOtherwiseAreNotPassedOver() throws IOException {
    write();
    Path attributes = folder.resolve(".zattrs");
    String text = Files.readString(attributes);
    Files.writeString(attributes, text.replace("\"RAS+\"", "\"LPS\""));
    refused(".zattrs: space must be RAS+, got \"LPS\"; turn the affine");
    Files.writeString(attributes, text.replace("\"mm\"", "\"um\""));
    refused(".zattrs: units must be mm, got \"um\"; scale the affine");
    Files.writeString(attributes, text.replace("\"mm\"", "\"HU\"")); // xarray's, of the values
    assertThat(VolumeReaders.read(folder)).isNotNull();
    Files.writeString(attributes, text.replace("[0.7,", "[700,"));
    assertThatThrownBy(() -> VolumeReaders.read(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("expected 0.01 to 100 mm");
  }

  private void metadata(String text, String message) throws IOException {
    Files.writeString(folder.resolve(".zarray"), text);
    assertThatThrownBy(() -> VolumeReaders.read(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(folder + ": ")
        .hasMessageContaining(message);
  }

  @Test
  void anArrayWithoutAffineIsNoVolume() throws IOException {
    write();
    Files.writeString(folder.resolve(".zattrs"), "{}");
    assertThatThrownBy(() -> VolumeReaders.read(folder))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            folder
                + ": .zattrs: affine must be four rows of four numbers that take a voxel (x, y, z)"
                + " to mm in RAS+, got none; in Python: z.attrs[\"affine\"] = affine.tolist()");
  }

  @Test
  void whatCannotBeStoredIsRefused() {
    Volume half = new Volume(new float[] {0.5f}, 1, 1, 1, ZarrVolumes.OBLIQUE);
    ZarrOptions labels = ZarrOptions.defaults().withValues(ZarrOptions.Values.LABELS);
    assertThatThrownBy(() -> ZarrWriter.write(folder, half, labels, "{}"))
        .hasMessage(
            "A mask must hold whole numbers from -32768 to 32767, got others; is it an image?");
    Volume nan = new Volume(new float[] {Float.NaN}, 1, 1, 1, ZarrVolumes.OBLIQUE);
    assertThatThrownBy(() -> ZarrWriter.write(folder, nan, ZarrOptions.defaults(), "{}"))
        .hasMessage("Voxels must be finite to be stored, got NaN");
    assertThat(folder).doesNotExist();
  }

  private void write() throws IOException {
    ZarrOptions options = new ZarrOptions(ZarrOptions.Values.INT16, Size3.cube(4), 3);
    ZarrWriter.write(folder, ZarrVolumes.windowed(8, 8, 8, 9), options, "{}");
  }

  private static VoxelBox randomBox(SplittableRandom random, int d, int h, int w) {
    int depth = random.nextInt(1, d + 1);
    int height = random.nextInt(1, h + 1);
    int width = random.nextInt(1, w + 1);
    return new VoxelBox(
        random.nextInt(d - depth + 1),
        random.nextInt(h - height + 1),
        random.nextInt(w - width + 1),
        depth,
        height,
        width);
  }
}
