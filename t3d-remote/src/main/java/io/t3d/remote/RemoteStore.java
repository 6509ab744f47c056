package io.t3d.remote;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A bucket of an S3-compatible store, or a file system of HDFS; for reading, for many threads. What
 * is wrong with the store itself, no answer or no permission, is a {@link
 * io.t3d.core.T3dException}, which no question whether a file exists takes for a no.
 */
interface RemoteStore {
  /**
   * What lies in a folder.
   *
   * @param objects files
   * @param folders their keys, without a slash at the end
   */
  record Listing(List<RemoteObject> objects, List<String> folders) {}

  /**
   * The beginning of an object.
   *
   * @param object as the store has it
   * @param bytes at most as many as were asked for
   */
  record Beginning(RemoteObject object, byte[] bytes) {}

  /** An object; empty where there is none. */
  Optional<RemoteObject> find(String key) throws IOException;

  /** Whether something lies below a key. */
  boolean isFolder(String key) throws IOException;

  /** What lies directly below a key; nothing where there is no such folder. */
  Listing list(String folder) throws IOException;

  /**
   * Reads the beginning of an object.
   *
   * @param known a version; where the object still has it, nothing is read
   * @return empty where the object has the known version
   * @throws java.nio.file.NoSuchFileException where there is no object
   */
  Optional<Beginning> begin(String key, int bytes, Optional<String> known) throws IOException;

  /**
   * Copies an object.
   *
   * @param to an absent file
   * @throws ObjectChangedException when the object has another version by now
   */
  void fetch(RemoteObject object, Path to) throws IOException;
}
