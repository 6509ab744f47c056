package io.t3d.data.dataset;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps prepared volumes in memory up to a limit. Nothing is thrown out again: every epoch needs
 * each volume once, and an LRU cache smaller than the data would then never hit.
 */
final class VolumeCache implements VolumeLoader {
  private final VolumeLoader loader;
  private final long maxBytes;
  private final ConcurrentMap<Path, Volume> volumes = new ConcurrentHashMap<>();
  private final AtomicLong bytes = new AtomicLong();

  VolumeCache(VolumeLoader loader, long maxBytes) {
    this.loader = loader;
    this.maxBytes = maxBytes;
  }

  @Override
  public Volume load(Path path) throws IOException {
    Volume cached = volumes.get(path);
    if (cached != null) {
      return cached;
    }
    Volume loaded = loader.load(path);
    long size = (long) Float.BYTES * loaded.voxels().length;
    if (bytes.addAndGet(size) > maxBytes || volumes.putIfAbsent(path, loaded) != null) {
      bytes.addAndGet(-size);
    }
    return loaded;
  }

  /** Bytes of voxels held. */
  long bytes() {
    return bytes.get();
  }
}
