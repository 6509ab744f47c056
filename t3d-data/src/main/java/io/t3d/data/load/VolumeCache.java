package io.t3d.data.load;

import io.t3d.core.config.Size3;
import io.t3d.data.internal.BoundedCache;
import io.t3d.data.transform.VolumeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Keeps prepared volumes in memory up to a limit; those beyond it are read again, or stay on disk
 * when they can be read in parts.
 */
final class VolumeCache implements SourceLoader {
  private final SourceLoader loader;
  private final BoundedCache<Path, VolumeSource> volumes;

  VolumeCache(SourceLoader loader, long maxBytes) {
    this.loader = loader;
    this.volumes = new BoundedCache<>(maxBytes);
  }

  @Override
  public VolumeSource load(Path path) throws IOException {
    Optional<VolumeSource> kept = volumes.get(path);
    if (kept.isPresent()) {
      return kept.get();
    }
    VolumeSource loaded = loader.load(path);
    Size3 s = loaded.size();
    long bytes = (long) Float.BYTES * s.depth() * s.height() * s.width();
    return volumes.keep(path, bytes, () -> VolumeSource.of(loaded.readAll())).orElse(loaded);
  }
}
