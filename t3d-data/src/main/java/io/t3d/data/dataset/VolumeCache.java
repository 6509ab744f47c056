package io.t3d.data.dataset;

import io.t3d.core.config.Size3;
import io.t3d.data.io.VolumeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps prepared volumes in memory up to a limit; those beyond it are read again, or stay on disk
 * when they can be read in parts. Nothing is thrown out again: every epoch needs each volume once,
 * and an LRU cache smaller than the data would then never hit.
 */
final class VolumeCache implements SourceLoader {
  private final SourceLoader loader;
  private final long maxBytes;
  private final ConcurrentMap<Path, VolumeSource> volumes = new ConcurrentHashMap<>();
  private final AtomicLong bytes = new AtomicLong();

  VolumeCache(SourceLoader loader, long maxBytes) {
    this.loader = loader;
    this.maxBytes = maxBytes;
  }

  @Override
  public VolumeSource load(Path path) throws IOException {
    VolumeSource cached = volumes.get(path);
    if (cached != null) {
      return cached;
    }
    VolumeSource loaded = loader.load(path);
    Size3 s = loaded.size();
    long size = (long) Float.BYTES * s.depth() * s.height() * s.width();
    boolean kept = false;
    if (bytes.addAndGet(size) <= maxBytes) {
      try {
        loaded = VolumeSource.of(loaded.readAll());
        kept = volumes.putIfAbsent(path, loaded) == null;
      } finally {
        bytes.addAndGet(kept ? 0 : -size);
      }
    } else {
      bytes.addAndGet(-size);
    }
    return loaded;
  }

  /** Bytes of voxels held. */
  long bytes() {
    return bytes.get();
  }
}
