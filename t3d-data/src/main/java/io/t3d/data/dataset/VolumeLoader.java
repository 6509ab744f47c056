package io.t3d.data.dataset;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;

/** Reads and prepares a volume. */
@FunctionalInterface
interface VolumeLoader {
  Volume load(Path path) throws IOException;
}
