package io.t3d.data.io;

import com.google.common.collect.ImmutableList;
import io.t3d.core.T3dException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes paths of what users write: a path of this machine, or one like {@code s3://bucket/ct/1.nii}
 * that a {@link FileSystemProvider} on the class path knows, as those of module {@code t3d-remote}.
 * A path's own text leads back to it.
 */
public final class Locations {
  private static final Pattern REMOTE =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(/.*)?", Pattern.DOTALL);

  private Locations() {}

  /**
   * The path that a text names.
   *
   * @throws T3dException when nothing on the class path knows such a place
   * @throws java.nio.file.InvalidPathException when it is no path
   */
  public static Path path(String text) {
    return remote(text).orElseGet(() -> Path.of(text));
  }

  /** The path that a text names as seen from a folder: remote, absolute, or below the folder. */
  public static Path resolve(Path folder, String text) {
    return remote(text).orElseGet(() -> folder.resolve(text));
  }

  /** Whether a path is one of this machine's files, which programs in other languages can open. */
  public static boolean isLocal(Path path) {
    return path.getFileSystem().provider().getScheme().equals("file");
  }

  private static Optional<Path> remote(String text) {
    Matcher parts = REMOTE.matcher(text);
    if (!parts.matches()) {
      return Optional.empty();
    }
    String scheme = parts.group(1);
    String key = parts.group(3) == null ? "/" : parts.group(3);
    try {
      URI uri = new URI(scheme, parts.group(2), key, null, null); // quotes what it must
      return Optional.of(provider(scheme).getPath(uri));
    } catch (URISyntaxException e) {
      throw new T3dException(
          T3dException.Kind.USAGE, "'" + text + "' is no place: " + e.getReason(), e);
    }
  }

  private static FileSystemProvider provider(String scheme) {
    for (FileSystemProvider provider : FileSystemProvider.installedProviders()) {
      if (provider.getScheme().equalsIgnoreCase(scheme)) {
        return provider;
      }
    }
    return Services.ALL.stream()
        .filter(provider -> provider.getScheme().equalsIgnoreCase(scheme))
        .findFirst()
        .orElseThrow(
            () ->
                new T3dException(
                    T3dException.Kind.USAGE,
                    "Nothing on the class path reads "
                        + scheme
                        + "://; add io.t3d:t3d-remote for s3:// and hdfs:// (docs/remote.md)"));
  }

  /** Java itself looks on the class path of the JVM's start alone, where a job of Spark is not. */
  private static final class Services {
    private static final List<FileSystemProvider> ALL =
        ImmutableList.copyOf(
            ServiceLoader.load(FileSystemProvider.class, Locations.class.getClassLoader()));

    private Services() {}
  }
}
