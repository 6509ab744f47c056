package io.t3d.data.load;

import io.t3d.data.transform.VolumeSource;
import java.io.IOException;
import java.nio.file.Path;

/** Opens a prepared volume, from which views can be cut. */
@FunctionalInterface
interface SourceLoader {
  VolumeSource load(Path path) throws IOException;
}
