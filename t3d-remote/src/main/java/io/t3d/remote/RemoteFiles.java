package io.t3d.remote;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The objects of a store through the cache. What a program has once seen of an object, its version,
 * stays as long as the program: it reads one content of each, and a later one is an error.
 *
 * <p>The first bytes of an object are read by a range request, which is all that a header or a
 * chunk of Zarr needs; who reads on gets the object whole, from the cache. A folder that ends in
 * {@code .zarr} is listed once, instead of asking for each of its chunks; any other folder when
 * some of what lies in it have been asked for, as by a manifest.
 */
final class RemoteFiles {
  static final int BEGINNING = 256 << 10;
  private static final int REMEMBERED = 1 << 20;
  private static final int LISTINGS = 4096;
  private static final int LIST_AFTER = 8; // questions
  private static final String ZARR = ".zarr";

  private final String name;
  private final RemoteStore store;
  private final LocalCache cache;
  private final Map<String, String> versions = remembering(REMEMBERED); // of what was seen
  private final Map<String, RemoteObject> seen = remembering(REMEMBERED);
  private final Map<String, Boolean> folders = remembering(REMEMBERED); // those that are there
  private final Map<String, Integer> questions = remembering(LISTINGS);
  private final Map<String, Map<String, RemoteObject>> listings = remembering(LISTINGS);

  /**
   * The objects of a store.
   *
   * @param name of the store, {@code s3://bucket}
   */
  RemoteFiles(String name, RemoteStore store, LocalCache cache) {
    this.name = name;
    this.store = store;
    this.cache = cache;
  }

  private static <T> Map<String, T> remembering(int entries) {
    return Collections.synchronizedMap(
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<String, T> eldest) {
            return size() > entries;
          }
        });
  }

  private String uri(String key) {
    return name + "/" + key;
  }

  /** An object; empty where there is none. */
  Optional<RemoteObject> find(String key) throws IOException {
    RemoteObject known = seen.get(key);
    if (known != null) {
      return Optional.of(known);
    }
    Optional<Map<String, RemoteObject>> listed = listed(key);
    Optional<RemoteObject> found =
        listed.isPresent() ? Optional.ofNullable(listed.get().get(key)) : ask(key);
    if (found.isPresent()) {
      note(found.get());
    }
    return found;
  }

  private Optional<RemoteObject> ask(String key) throws IOException {
    String parent = key.substring(0, Math.max(0, key.lastIndexOf('/')));
    if (!key.isEmpty() && questions.merge(parent, 1, Integer::sum) == LIST_AFTER) {
      list(parent);
    }
    RemoteObject known = seen.get(key);
    if (known != null) {
      return Optional.of(known);
    }
    return key.isEmpty() || folders.containsKey(key) ? Optional.empty() : store.find(key);
  }

  private void note(RemoteObject object) throws ObjectChangedException {
    String before = versions.putIfAbsent(object.key(), object.version());
    if (before != null && !before.equals(object.version())) {
      throw new ObjectChangedException(uri(object.key()));
    }
    seen.put(object.key(), object);
  }

  /** What lies beside an object of a Zarr folder. */
  private Optional<Map<String, RemoteObject>> listed(String key) throws IOException {
    int end = key.lastIndexOf('/');
    if (end < 0 || !key.substring(0, end).endsWith(ZARR)) {
      return Optional.empty();
    }
    String folder = key.substring(0, end);
    Map<String, RemoteObject> known = listings.get(folder);
    if (known == null) {
      known = new LinkedHashMap<>();
      for (RemoteObject object : store.list(folder).objects()) {
        known.put(object.key(), object);
      }
      if (known.isEmpty()) {
        return Optional.of(known); // may be written later
      }
      listings.put(folder, known);
    }
    return Optional.of(known);
  }

  boolean isFolder(String key) throws IOException {
    if (key.isEmpty() || folders.containsKey(key)) {
      return true;
    }
    boolean there = store.isFolder(key);
    if (there) {
      folders.put(key, true);
    }
    return there;
  }

  RemoteStore.Listing list(String folder) throws IOException {
    RemoteStore.Listing listing = store.list(folder);
    listing.folders().forEach(each -> folders.put(each, true));
    for (RemoteObject object : listing.objects()) {
      if (versions.putIfAbsent(object.key(), object.version()) == null) {
        seen.put(object.key(), object);
      }
    }
    return listing;
  }

  /**
   * Opens an object to read.
   *
   * @throws NoSuchFileException where there is none
   * @throws ObjectChangedException when it has changed since it was first seen
   * @throws io.t3d.core.T3dException when the store fails
   */
  FileChannel open(String key) throws IOException {
    if (!versions.containsKey(key) && listed(key).isPresent() && find(key).isEmpty()) {
      throw new NoSuchFileException(uri(key));
    }
    Optional<String> known = Optional.ofNullable(versions.get(key));
    if (known.isPresent()) {
      Optional<FileChannel> local = cache.open(uri(key), known.get());
      if (local.isPresent()) {
        return local.get();
      }
    }
    Optional<String> cached = known.isPresent() ? Optional.empty() : cache.version(uri(key));
    Optional<RemoteStore.Beginning> read = store.begin(key, BEGINNING, cached);
    if (read.isEmpty()) { // as it is in the cache
      Optional<FileChannel> local = cache.open(uri(key), cached.orElseThrow());
      if (local.isPresent()) {
        versions.put(key, cached.get());
        return local.get();
      }
      read = store.begin(key, BEGINNING, Optional.empty());
    }
    RemoteStore.Beginning beginning = read.orElseThrow();
    RemoteObject object = beginning.object();
    note(object);
    if (beginning.bytes().length == object.size()) {
      cache.put(uri(key), object.version(), beginning.bytes());
    }
    return new RemoteChannel(beginning.bytes(), object.size(), () -> whole(object));
  }

  /** The object in the cache. */
  private FileChannel whole(RemoteObject object) throws IOException {
    return cache.fetch(
        uri(object.key()), object.version(), object.size(), to -> store.fetch(object, to));
  }

  /** How an object gets into a file. */
  interface Fetch {
    void into(Path file) throws IOException;
  }
}
