package io.t3d.remote;

import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Set;

/** One store as Java sees it: a file system that can only be read. */
final class RemoteFileSystem extends FileSystem {
  private final RemoteProvider provider;
  private final String authority;
  private final RemoteFiles files;

  /**
   * A store.
   *
   * @param authority what its paths have between the second and the third slash
   */
  RemoteFileSystem(RemoteProvider provider, String authority, RemoteFiles files) {
    this.provider = provider;
    this.authority = authority;
    this.files = files;
  }

  String authority() {
    return authority;
  }

  RemoteFiles files() {
    return files;
  }

  @Override
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("A remote store stays open as long as the program");
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public boolean isReadOnly() {
    return true;
  }

  @Override
  public String getSeparator() {
    return "/";
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return List.of(RemotePath.of(this, "/"));
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return List.of();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return Set.of("basic");
  }

  @Override
  public Path getPath(String first, String... more) {
    return RemotePath.of(this, more.length == 0 ? first : first + "/" + String.join("/", more));
  }

  @Override
  public PathMatcher getPathMatcher(String syntaxAndPattern) {
    throw new UnsupportedOperationException("A remote store has no patterns of paths");
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    throw new UnsupportedOperationException("A remote store tells of no users");
  }

  @Override
  public WatchService newWatchService() {
    throw new UnsupportedOperationException("A remote store tells of no changes");
  }

  @Override
  public String toString() {
    return provider.getScheme() + "://" + authority;
  }
}
