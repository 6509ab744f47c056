package io.t3d.data.internal;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;

/** Reads a volume file, as it is. */
@FunctionalInterface
public interface VolumeLoader {
  Volume load(Path path) throws IOException;
}
