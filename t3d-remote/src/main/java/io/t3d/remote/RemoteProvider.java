package io.t3d.remote;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.spi.FileSystemProvider;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What Java's {@link Files} asks of a remote store: all that reads, nothing that writes. */
abstract class RemoteProvider extends FileSystemProvider {
  private final Map<String, RemoteFileSystem> systems = new ConcurrentHashMap<>();
  private @Nullable LocalCache cache; // guarded by this

  /**
   * Opens a store.
   *
   * @param authority a bucket, or a host with its port
   */
  abstract RemoteStore open(String authority);

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
    return getFileSystem(uri);
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return system(uri);
  }

  private RemoteFileSystem system(URI uri) {
    String authority = uri.getAuthority() == null ? "" : uri.getAuthority();
    if (authority.contains("@")) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "A path of "
              + getScheme()
              + ":// must hold no name and password; give them in the environment"
              + " (docs/remote.md)");
    }
    return systems.computeIfAbsent(
        authority,
        name ->
            new RemoteFileSystem(
                this, name, new RemoteFiles(getScheme() + "://" + name, open(name), cache())));
  }

  private synchronized LocalCache cache() {
    if (cache == null) {
      cache = RemoteSettings.cache();
    }
    return cache;
  }

  @Override
  public Path getPath(URI uri) {
    String path = uri.getPath();
    return RemotePath.of(system(uri), path == null || path.isEmpty() ? "/" : path);
  }

  private static RemoteFiles files(Path path) {
    return RemotePath.from(path).getFileSystem().files();
  }

  private static String key(Path path) {
    return RemotePath.from(path).key();
  }

  private static void requireReading(Set<? extends OpenOption> options) {
    for (OpenOption option : options) {
      if (option != StandardOpenOption.READ && !(option instanceof LinkOption)) {
        throw new ReadOnlyFileSystemException();
      }
    }
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    requireReading(options);
    return files(path).open(key(path));
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
    RemoteStore.Listing listing = files(folder).list(key(folder));
    if (listing.objects().isEmpty() && listing.folders().isEmpty()) {
      if (!readAttributes(folder, BasicFileAttributes.class).isDirectory()) {
        throw new NotDirectoryException(folder.toString());
      }
    }
    RemoteFileSystem system = RemotePath.from(folder).getFileSystem();
    List<Path> entries = new ArrayList<>();
    List<String> keys = new ArrayList<>(listing.folders());
    listing.objects().forEach(object -> keys.add(object.key()));
    for (String key : keys) {
      Path entry = RemotePath.of(system, "/" + key);
      if (filter.accept(entry)) {
        entries.add(entry);
      }
    }
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        return entries.iterator();
      }

      @Override
      public void close() {
        // nothing is held
      }
    };
  }

  @Override
  public void createDirectory(Path folder, FileAttribute<?>... attributes) {
    throw new ReadOnlyFileSystemException();
  }

  @Override
  public void delete(Path path) {
    throw new ReadOnlyFileSystemException();
  }

  @Override
  public void copy(Path from, Path to, CopyOption... options) {
    throw new ReadOnlyFileSystemException();
  }

  @Override
  public void move(Path from, Path to, CopyOption... options) {
    throw new ReadOnlyFileSystemException();
  }

  @Override
  public void setAttribute(Path path, String name, Object value, LinkOption... options) {
    throw new ReadOnlyFileSystemException();
  }

  @Override
  public boolean isSameFile(Path a, Path b) {
    return a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize());
  }

  @Override
  public boolean isHidden(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().startsWith(".");
  }

  @Override
  public FileStore getFileStore(Path path) {
    throw new UnsupportedOperationException("A remote store does not tell how much it holds");
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    for (AccessMode mode : modes) {
      if (mode != AccessMode.READ) {
        throw new ReadOnlyFileSystemException();
      }
    }
    readAttributes(path, BasicFileAttributes.class);
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return type.isAssignableFrom(View.class) ? type.cast(new View(this, path)) : null;
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    if (!type.isAssignableFrom(Attributes.class)) {
      throw new UnsupportedOperationException("A remote store has no " + type.getSimpleName());
    }
    Optional<RemoteObject> object = files(path).find(key(path));
    if (object.isEmpty() && !files(path).isFolder(key(path))) {
      throw new NoSuchFileException(path.toString());
    }
    return type.cast(new Attributes(path.toString(), object));
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String names, LinkOption... options)
      throws IOException {
    BasicFileAttributes all = readAttributes(path, BasicFileAttributes.class);
    return Map.of(
        "size",
        all.size(),
        "lastModifiedTime",
        all.lastModifiedTime(),
        "isDirectory",
        all.isDirectory(),
        "isRegularFile",
        all.isRegularFile());
  }

  private record View(RemoteProvider provider, Path path) implements BasicFileAttributeView {
    @Override
    public String name() {
      return "basic";
    }

    @Override
    public BasicFileAttributes readAttributes() throws IOException {
      return provider.readAttributes(path, BasicFileAttributes.class);
    }

    @Override
    public void setTimes(
        @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created) {
      throw new ReadOnlyFileSystemException();
    }
  }

  /**
   * An object, or a folder.
   *
   * @param object empty for a folder
   */
  private record Attributes(String uri, Optional<RemoteObject> object)
      implements BasicFileAttributes {
    @Override
    public FileTime lastModifiedTime() {
      return FileTime.from(object.map(RemoteObject::modified).orElse(Instant.EPOCH));
    }

    @Override
    public FileTime lastAccessTime() {
      return lastModifiedTime();
    }

    @Override
    public FileTime creationTime() {
      return lastModifiedTime();
    }

    @Override
    public boolean isRegularFile() {
      return object.isPresent();
    }

    @Override
    public boolean isDirectory() {
      return object.isEmpty();
    }

    @Override
    public boolean isSymbolicLink() {
      return false;
    }

    @Override
    public boolean isOther() {
      return false;
    }

    @Override
    public long size() {
      return object.map(RemoteObject::size).orElse(0L);
    }

    @Override
    public Object fileKey() {
      return uri;
    }
  }
}
