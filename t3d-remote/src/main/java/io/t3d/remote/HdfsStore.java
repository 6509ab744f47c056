package io.t3d.remote;

import io.t3d.core.T3dException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.security.AccessControlException;

/** A file system of HDFS. The client tries again by itself, as its settings say. */
final class HdfsStore implements RemoteStore {
  private final FileSystem system;
  private final String name;

  /**
   * A file system.
   *
   * @param name {@code hdfs://host:port}
   */
  HdfsStore(FileSystem system, String name) {
    this.system = system;
    this.name = name;
  }

  /** What Hadoop is asked. */
  private interface Call<T> {
    T run(org.apache.hadoop.fs.Path path) throws IOException;
  }

  private <T> T call(String key, Call<T> call) throws IOException {
    try {
      return call.run(new org.apache.hadoop.fs.Path(name + "/" + key));
    } catch (FileNotFoundException e) {
      throw new NoSuchFileException(name + "/" + key);
    } catch (AccessControlException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          name
              + "/"
              + key
              + " may not be read by you; look at its permissions, HADOOP_USER_NAME or kinit",
          e);
    } catch (ObjectChangedException | java.nio.file.FileSystemException e) {
      throw e; // of a local file
    } catch (IOException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The store "
              + name
              + " does not answer ("
              + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
              + "); is the address right (HADOOP_CONF_DIR), and the network there?",
          e);
    }
  }

  private static RemoteObject object(String key, FileStatus status) {
    return new RemoteObject(
        key,
        status.getLen(),
        Instant.ofEpochMilli(status.getModificationTime()),
        status.getModificationTime() + "-" + status.getLen());
  }

  private Optional<FileStatus> status(String key) throws IOException {
    try {
      return Optional.of(call(key, system::getFileStatus));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public Optional<RemoteObject> find(String key) throws IOException {
    return status(key).filter(FileStatus::isFile).map(status -> object(key, status));
  }

  @Override
  public boolean isFolder(String key) throws IOException {
    return status(key).filter(FileStatus::isDirectory).isPresent();
  }

  @Override
  public Listing list(String folder) throws IOException {
    List<RemoteObject> objects = new ArrayList<>();
    List<String> folders = new ArrayList<>();
    try {
      for (FileStatus status : call(folder, system::listStatus)) {
        String key = (folder.isEmpty() ? "" : folder + "/") + status.getPath().getName();
        if (status.isDirectory()) {
          folders.add(key);
        } else {
          objects.add(object(key, status));
        }
      }
    } catch (NoSuchFileException e) {
      return new Listing(List.of(), List.of());
    }
    return new Listing(objects, folders);
  }

  @Override
  public Optional<Beginning> begin(String key, int bytes, Optional<String> known)
      throws IOException {
    RemoteObject object = find(key).orElseThrow(() -> new NoSuchFileException(name + "/" + key));
    if (known.filter(object.version()::equals).isPresent()) {
      return Optional.empty();
    }
    byte[] read =
        call(
            key,
            path -> {
              try (FSDataInputStream in = system.open(path)) {
                return in.readNBytes(bytes);
              }
            });
    requireSame(object);
    return Optional.of(new Beginning(object, read));
  }

  @Override
  public void fetch(RemoteObject object, Path to) throws IOException {
    call(
        object.key(),
        path -> {
          try (InputStream in = system.open(path)) {
            return Files.copy(in, to);
          }
        });
    requireSame(object);
  }

  private void requireSame(RemoteObject object) throws IOException {
    Optional<RemoteObject> now = find(object.key());
    if (now.filter(n -> n.version().equals(object.version())).isEmpty()) {
      throw new ObjectChangedException(name + "/" + object.key());
    }
  }
}
