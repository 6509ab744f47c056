package io.t3d.data.internal;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps values in memory up to a limit. Nothing is thrown out again: every epoch needs each volume
 * once, and an LRU cache smaller than the data would then never hit. May be used by several
 * threads; when two bring the same value at once, one of them is kept.
 */
public final class BoundedCache<K, V> {
  private final long maxBytes;
  private final ConcurrentMap<K, V> values = new ConcurrentHashMap<>();
  private final AtomicLong bytes = new AtomicLong();

  /** Makes a value that is to be kept. */
  @FunctionalInterface
  public interface Source<V> {
    /** The value, not null. */
    V load() throws IOException;
  }

  /** A cache that may hold so much; 0 keeps nothing. */
  public BoundedCache(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** A cache that may hold so many MiB. */
  public static <K, V> BoundedCache<K, V> ofMegabytes(int megabytes) {
    return new BoundedCache<>(megabytes * (1L << 20));
  }

  /** The value that is kept. */
  public Optional<V> get(K key) {
    return Optional.ofNullable(values.get(key));
  }

  /**
   * Keeps a value when there is room.
   *
   * @param size of the value in bytes
   * @param source called only when there is room
   * @return what the source gave; empty when there was no room
   * @throws IOException of the source; nothing is kept then
   */
  public Optional<V> keep(K key, long size, Source<? extends V> source) throws IOException {
    boolean kept = false;
    try {
      if (bytes.addAndGet(size) > maxBytes) {
        return Optional.empty();
      }
      V value = source.load();
      kept = values.putIfAbsent(key, value) == null;
      return Optional.of(value);
    } finally {
      bytes.addAndGet(kept ? 0 : -size);
    }
  }

  /** Bytes of the values held. */
  public long bytes() {
    return bytes.get();
  }
}
