package io.t3d.remote;

import io.t3d.core.T3dException;
import java.nio.file.Path;
import java.util.Optional;

/** Settings of the cache, of variables of the environment or properties of the JVM. */
final class RemoteSettings {
  /** Folder of the cache. */
  static final String CACHE_DIR = "T3D_CACHE_DIR";

  /** Its bound in gigabytes. */
  static final String CACHE_GB = "T3D_CACHE_GB";

  private static final double CACHE_GB_DEFAULT = 20;
  private static final double GIGABYTE = 1e9;

  private RemoteSettings() {}

  static LocalCache cache() {
    Path folder =
        value(CACHE_DIR)
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "t3d", "remote"));
    String text = value(CACHE_GB).orElse(Double.toString(CACHE_GB_DEFAULT));
    try {
      double gigabytes = Double.parseDouble(text);
      if (gigabytes > 0 && gigabytes < 1e9) {
        return new LocalCache(folder.toAbsolutePath(), (long) (gigabytes * GIGABYTE));
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new T3dException(
        T3dException.Kind.USAGE,
        CACHE_GB + " must be a number of gigabytes > 0, got '" + text + "'");
  }

  /** A property {@code t3d.cache.dir} goes before the variable {@code T3D_CACHE_DIR}. */
  static Optional<String> value(String variable) {
    String property = variable.toLowerCase(java.util.Locale.ROOT).replace('_', '.');
    return Optional.ofNullable(System.getProperty(property))
        .or(() -> Optional.ofNullable(System.getenv(variable)))
        .filter(text -> !text.isEmpty());
  }
}
