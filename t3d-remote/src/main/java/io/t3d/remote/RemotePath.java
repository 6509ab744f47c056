package io.t3d.remote;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The path of a remote object: {@code s3://bucket/folder/name}, or names relative to another. */
final class RemotePath implements Path {
  private final RemoteFileSystem system;
  private final boolean absolute;
  private final List<String> names;

  private RemotePath(RemoteFileSystem system, boolean absolute, List<String> names) {
    this.system = system;
    this.absolute = absolute;
    this.names = List.copyOf(names);
  }

  /** Of names between slashes; one in front makes it absolute. */
  static RemotePath of(RemoteFileSystem system, String text) {
    List<String> names = new ArrayList<>();
    for (String name : text.split("/", -1)) {
      if (!name.isEmpty()) {
        names.add(name);
      }
    }
    return new RemotePath(system, text.startsWith("/"), names);
  }

  static RemotePath from(Path path) {
    if (path instanceof RemotePath remote) {
      return remote;
    }
    throw new ProviderMismatchException();
  }

  /** The path in the store, without a slash in front. */
  String key() {
    return String.join("/", ((RemotePath) normalize()).names);
  }

  private RemotePath with(List<String> others) {
    return new RemotePath(system, absolute, others);
  }

  private RemotePath relative(List<String> others) {
    return new RemotePath(system, false, others);
  }

  @Override
  public RemoteFileSystem getFileSystem() {
    return system;
  }

  @Override
  public boolean isAbsolute() {
    return absolute;
  }

  @Override
  public @Nullable Path getRoot() {
    return absolute ? with(List.of()) : null;
  }

  @Override
  public @Nullable Path getFileName() {
    return names.isEmpty() ? null : relative(names.subList(names.size() - 1, names.size()));
  }

  @Override
  public @Nullable Path getParent() {
    boolean none = names.isEmpty() || (names.size() == 1 && !absolute);
    return none ? null : with(names.subList(0, names.size() - 1));
  }

  @Override
  public int getNameCount() {
    return names.size();
  }

  @Override
  public Path getName(int index) {
    return subpath(index, index + 1);
  }

  @Override
  public Path subpath(int from, int to) {
    if (from < 0 || to > names.size() || from >= to) {
      throw new IllegalArgumentException(
          "A part of " + this + " must lie in [0, " + names.size() + "), got " + from + ".." + to);
    }
    return relative(names.subList(from, to));
  }

  private boolean isOther(Path other) {
    return !(other instanceof RemotePath path)
        || path.system != system
        || path.absolute != absolute;
  }

  @Override
  public boolean startsWith(Path other) {
    if (isOther(other)) {
      return false;
    }
    List<String> first = ((RemotePath) other).names;
    return first.size() <= names.size() && names.subList(0, first.size()).equals(first);
  }

  @Override
  public boolean endsWith(Path other) {
    if (!(other instanceof RemotePath path) || path.system != system) {
      return false;
    }
    if (path.absolute) {
      return equals(path);
    }
    int from = names.size() - path.names.size();
    return from >= 0 && names.subList(from, names.size()).equals(path.names);
  }

  @Override
  public Path normalize() {
    List<String> out = new ArrayList<>();
    for (String name : names) {
      boolean back = name.equals("..");
      if (back && !out.isEmpty() && !out.get(out.size() - 1).equals("..")) {
        out.remove(out.size() - 1);
      } else if (!name.equals(".") && !(back && absolute)) {
        out.add(name);
      }
    }
    return with(out);
  }

  @Override
  public Path resolve(Path other) {
    RemotePath path = from(other);
    if (path.absolute) {
      return path;
    }
    List<String> all = new ArrayList<>(names);
    all.addAll(path.names);
    return with(all);
  }

  @Override
  public Path relativize(Path other) {
    RemotePath path = from(other);
    if (isOther(path)) {
      throw new IllegalArgumentException(other + " is not on the same store as " + this);
    }
    int same = 0;
    while (same < names.size()
        && same < path.names.size()
        && names.get(same).equals(path.names.get(same))) {
      same++;
    }
    List<String> out = new ArrayList<>();
    for (int i = same; i < names.size(); i++) {
      out.add("..");
    }
    out.addAll(path.names.subList(same, path.names.size()));
    return relative(out);
  }

  @Override
  public URI toUri() {
    RemotePath full = (RemotePath) toAbsolutePath();
    try {
      return new URI(
          system.provider().getScheme(),
          system.authority(),
          "/" + String.join("/", full.names),
          null,
          null);
    } catch (URISyntaxException e) {
      throw new InvalidPathException(toString(), e.getReason());
    }
  }

  @Override
  public Path toAbsolutePath() {
    return absolute ? this : new RemotePath(system, true, names);
  }

  @Override
  public Path toRealPath(LinkOption... options) throws java.io.IOException {
    Path real = toAbsolutePath().normalize();
    system.provider().checkAccess(real);
    return real;
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
    throw new UnsupportedOperationException("A remote store tells of no changes");
  }

  @Override
  public int compareTo(Path other) {
    RemotePath path = from(other);
    int byStore = system.toString().compareTo(path.system.toString());
    for (int i = 0; byStore == 0 && i < Math.min(names.size(), path.names.size()); i++) {
      byStore = names.get(i).compareTo(path.names.get(i));
    }
    return byStore != 0 ? byStore : Integer.compare(names.size(), path.names.size());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemotePath path
        && path.system == system
        && path.absolute == absolute
        && path.names.equals(names);
  }

  @Override
  public int hashCode() {
    return Objects.hash(system.toString(), absolute, names);
  }

  @Override
  public String toString() {
    return (absolute ? system + "/" : "") + String.join("/", names);
  }
}
