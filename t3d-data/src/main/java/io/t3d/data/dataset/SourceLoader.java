package io.t3d.data.dataset;

import io.t3d.data.io.VolumeSource;
import java.io.IOException;
import java.nio.file.Path;

/** Opens a prepared volume, from which views can be cut. */
@FunctionalInterface
interface SourceLoader {
  VolumeSource load(Path path) throws IOException;
}
