package io.t3d.data.io;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.io.spi.VolumeWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the writer for a file name: NIfTI in plain Java, and what {@link ServiceLoader} finds,
 * among them {@code .nrrd} and {@code .mha} through ITK.
 */
public final class VolumeWriters {
  private static final List<VolumeWriter> WRITERS = loadAll();

  private VolumeWriters() {}

  /**
   * Writes a volume; the ending of the name picks the format.
   *
   * @param file {@code .nii}, {@code .nii.gz}, {@code .nrrd} or {@code .mha}; its folder exists
   * @throws IllegalArgumentException when no writer knows the ending, or a voxel does not fit the
   *     type
   */
  public static void write(Path file, Volume volume, PixelType type) throws IOException {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    for (VolumeWriter writer : WRITERS) {
      if (writer.suffixes().stream().anyMatch(name::endsWith)) {
        writer.write(file, volume, type);
        return;
      }
    }
    throw new IllegalArgumentException(
        "No writer knows the ending of " + file + "; known endings: " + suffixes());
  }

  private static Set<String> suffixes() {
    Set<String> all = new TreeSet<>();
    WRITERS.forEach(w -> all.addAll(w.suffixes()));
    return all;
  }

  private static List<VolumeWriter> loadAll() {
    List<VolumeWriter> writers = new ArrayList<>();
    writers.add(new Nifti());
    ServiceLoader.load(VolumeWriter.class, VolumeWriters.class.getClassLoader())
        .forEach(writers::add);
    return List.copyOf(writers);
  }

  private static final class Nifti implements VolumeWriter {
    @Override
    public List<String> suffixes() {
      return List.of(".nii", ".nii.gz");
    }

    @Override
    public void write(Path file, Volume volume, PixelType type) throws IOException {
      NiftiWriter.write(file, volume, type);
    }
  }
}
