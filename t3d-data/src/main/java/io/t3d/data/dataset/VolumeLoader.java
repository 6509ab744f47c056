package io.t3d.data.dataset;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;

/** Reads a volume file, as it is. */
@FunctionalInterface
interface VolumeLoader {
  Volume load(Path path) throws IOException;
}
