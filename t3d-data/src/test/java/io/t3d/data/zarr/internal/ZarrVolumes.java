package io.t3d.data.zarr.internal;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.zarr.ZarrOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Volumes and folders for tests of Zarr. */
final class ZarrVolumes {
  /** An oblique affine, so that no axis can be taken for another. */
  static final Affine OBLIQUE = Affine.of(0.7, 0.1, 0, -30.25, -0.1, 0.7, 0, 12.5, 0, 0, 1.5, 7);

  private ZarrVolumes() {}

  /** Values in [0, 1], the largest 1, on a smooth ramp with noise. */
  static Volume windowed(int depth, int height, int width, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] voxels = new float[depth * height * width];
    for (int i = 0; i < voxels.length; i++) {
      double ramp = (double) (i % (height * width)) / (height * width);
      voxels[i] = (float) Math.max(0, Math.min(1, 0.9 * ramp + 0.1 * random.nextDouble()));
    }
    voxels[0] = 1;
    return new Volume(voxels, depth, height, width, OBLIQUE);
  }

  static ZarrOptions chunks(int depth, int height, int width) {
    return new ZarrOptions(ZarrOptions.Values.INT16, new Size3(depth, height, width), 3);
  }

  /** All files of a folder by name. */
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
      return java.util.HexFormat.of().formatHex(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
