package io.t3d.data.io.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A sound volume as files in memory, from which mutants are made.
 *
 * @param format what the report counts it under, e.g. {@code nifti}
 * @param entry the file that is opened, or the empty string for the folder itself
 * @param files bytes by file name; the slices of a folder are named in the order of their positions
 * @param packing how the voxels are compressed, if a mutation can look inside
 * @param fields finds the header's fields
 */
record Sample(
    String format,
    String entry,
    SortedMap<String, byte[]> files,
    Packing packing,
    FieldFinder fields) {

  /** A sample of the named files of a folder, the first of which is opened. */
  static Sample of(
      String format, Path folder, Packing packing, FieldFinder fields, List<String> names)
      throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    for (String name : names) {
      files.put(name, Files.readAllBytes(folder.resolve(name)));
    }
    return new Sample(format, names.get(0), files, packing, fields);
  }

  /** A sample that is a whole folder. */
  static Sample folder(String format, Path folder, Packing packing, FieldFinder fields)
      throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      List<String> names = all.map(f -> f.getFileName().toString()).sorted().toList();
      return new Sample(
          format, "", of(format, folder, packing, fields, names).files, packing, fields);
    }
  }

  boolean isFolder() {
    return entry.isEmpty();
  }

  List<String> names() {
    return List.copyOf(files.keySet());
  }

  /** A mutant that differs in one file. */
  Mutant with(String name, byte[] bytes, Mutant.Expectation expectation, String what) {
    SortedMap<String, byte[]> changed = new TreeMap<>(files);
    changed.put(name, bytes);
    return new Mutant(this, changed, expectation, what + " in " + name);
  }

  @Override
  public String toString() {
    return format + ":" + (isFolder() ? names() : entry);
  }
}
