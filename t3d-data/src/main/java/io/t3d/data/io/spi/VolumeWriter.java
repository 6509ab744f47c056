package io.t3d.data.io.spi;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Writer for one or more volume formats. */
public interface VolumeWriter {
  /** The file endings it takes, with the dot. */
  List<String> suffixes();

  /**
   * Writes a volume whole or not at all; a file of that name is replaced.
   *
   * @throws IllegalArgumentException when a voxel does not fit the type
   */
  void write(Path file, Volume volume, PixelType type) throws IOException;
}
