package io.t3d.data.io.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;

/** A damaged sample and what a reader may make of it. */
record Mutant(
    Sample origin, SortedMap<String, byte[]> files, Expectation expectation, String what) {

  /** What a reader may do, besides never crashing, hanging or leaking another exception. */
  enum Expectation {
    /** Refuse it, or read whatever it now says. */
    ANYTHING,
    /** Refuse it, or read the voxels of the undamaged sample. */
    SAME_OR_REFUSED,
    /** Nothing that matters has changed: read the voxels of the undamaged sample. */
    SAME,
    /** Refuse it. */
    REFUSED
  }

  /** Writes the files into an empty folder and gives the path to open. */
  Path write(Path folder) throws IOException {
    for (Map.Entry<String, byte[]> e : files.entrySet()) {
      Path file = folder.resolve(e.getKey());
      Files.createDirectories(file.getParent());
      Files.write(file, e.getValue());
    }
    return origin.isFolder() ? folder : folder.resolve(origin.entry());
  }

  @Override
  public String toString() {
    return origin + ", " + what;
  }
}
