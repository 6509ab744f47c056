package io.t3d.data.prepare;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.zarr.ZarrOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Raw studies on disk for tests of the preparation. */
final class Studies {
  /** Steps that change everything, so that a step done twice or not at all shows. */
  static final Preprocessing STEPS =
      new Preprocessing(
          "RAS",
          new io.t3d.core.volume.Spacing(3, 2, 2),
          IntensityWindow.between(-1000, 1000),
          new Size3(8, 12, 12),
          Preprocessing.NonFinite.FAIL);

  /** With small chunks, so that a volume has several. */
  static final PreparationConfig CONFIG =
      new PreparationConfig(
          STEPS, new ZarrOptions(ZarrOptions.Values.INT16, new Size3(4, 5, 6), 1));

  private Studies() {}

  /** A folder of studies with masks and its manifest. */
  static Path write(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    StringBuilder csv = new StringBuilder("volume,report,split,patient,mask,label:nodule\n");
    for (int i = 0; i < count; i++) {
      NiftiWriter.write(folder.resolve("v" + i + ".nii.gz"), volume(i), PixelType.INT16);
      NiftiWriter.write(folder.resolve("m" + i + ".nii.gz"), mask(i), PixelType.UINT8);
      csv.append("v%d.nii.gz,Report %d,%s,".formatted(i, i, i % 2 == 0 ? "train" : "test"));
      csv.append("DOE^JANE%d,m%d.nii.gz,%d%n".formatted(i, i, i % 2));
    }
    Path manifest = folder.resolve("manifest.csv");
    Files.writeString(manifest, csv);
    return manifest;
  }

  /** HU in whole numbers, stored left-to-right reversed, 2.5×1.5×1.5 mm. */
  static Volume volume(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] voxels = new float[9 * 14 * 13];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (i * 7) % 1500 - 900 + random.nextInt(100);
    }
    return new Volume(voxels, 9, 14, 13, Affine.scaleTranslate(-1.5, 1.5, 2.5, 10, -20, 30));
  }

  static Volume mask(int seed) {
    float[] voxels = volume(seed).voxels();
    float[] labels = new float[voxels.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = voxels[i] > 300 ? 2 : voxels[i] > 0 ? 1 : 0;
    }
    return volume(seed).withVoxels(labels);
  }

  static PreparationResult prepare(Path manifest, Path out) throws IOException {
    return prepare(manifest, out, CONFIG, 2);
  }

  static PreparationResult prepare(Path manifest, Path out, PreparationConfig config, int threads)
      throws IOException {
    return new DatasetPreparation(config, out, threads)
        .run(Manifest.read(manifest).rows(), done -> {});
  }

  /** All files of a folder by name, as hexadecimal text. */
  static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(Files::isRegularFile)
          .forEach(f -> contents.put(folder.relativize(f).toString(), hex(f)));
    }
    return contents;
  }

  private static String hex(Path file) {
    try {
      return HexFormat.of().formatHex(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
