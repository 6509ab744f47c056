package io.t3d.data.io.spi;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Reader for one or more volume formats. */
public interface VolumeReader {
  /** A short name for logs and reports, e.g. {@code nifti-java}. */
  String name();

  /** The file endings it takes, with the dot, for error messages; none when it reads folders. */
  default List<String> suffixes() {
    return List.of();
  }

  /**
   * Whether this reader takes the path, told by its name, its kind or its first bytes. This default
   * takes what is no folder and ends with one of {@link #suffixes}, in upper or lower case.
   */
  default boolean canRead(Path path) {
    Path file = path.getFileName();
    String lower = file == null ? "" : file.toString().toLowerCase(Locale.ROOT);
    return suffixes().stream().anyMatch(lower::endsWith) && !Files.isDirectory(path);
  }

  /**
   * The volumes of a folder that this reader takes: this default says that the folder is one.
   *
   * @return the folder itself, or files in it that each are a volume
   * @throws VolumeFormatException when a file in it is damaged
   */
  default List<Path> volumesIn(Path folder) throws IOException {
    return List.of(folder);
  }

  /**
   * Whether a volume must lie on this machine's disks, as where another process or library opens
   * its files. A remote one is copied there before this reader sees it.
   */
  default boolean needsLocalFiles() {
    return false;
  }

  /**
   * Reads geometry and pixel type, but no voxels.
   *
   * @throws VolumeFormatException when the file is corrupt or not a 3D volume
   */
  VolumeInfo info(Path path) throws IOException;

  /**
   * Reads a volume, rescaled to real values (HU for CT).
   *
   * @throws VolumeFormatException when the file is corrupt, truncated or not a 3D volume
   */
  Volume read(Path path) throws IOException;

  /**
   * Reads a volume slice by slice. Slices may have been handed over before damage shows; errors as
   * in {@link #read(Path)}. This default reads the whole volume first.
   */
  default void read(Path path, SliceSink sink) throws IOException {
    Volume v = read(path);
    sink.begin(v.depth(), v.height(), v.width(), v.affine());
    for (int z = 0; z < v.depth(); z++) {
      sink.slice(z, v.voxels(), v.index(z, 0, 0));
    }
  }
}
