package io.t3d.data.io.fuzz;

import io.t3d.data.io.fuzz.Mutant.Expectation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.zip.GZIPOutputStream;

/** The ways to damage a folder that holds one file per slice. */
final class FolderMutations {
  static final List<Mutation> ALL =
      List.of(
          FolderMutations::removeInnerSlice,
          FolderMutations::removeOuterSlice,
          FolderMutations::duplicateSlice,
          FolderMutations::shuffleNames,
          FolderMutations::addText,
          FolderMutations::addEmptyFile,
          FolderMutations::addForeignSlice,
          FolderMutations::cutUnderAnotherName,
          FolderMutations::hideSlice,
          FolderMutations::packSlice,
          FolderMutations::moveSliceBelow,
          FolderMutations::emptyFolder);

  private FolderMutations() {}

  private static Mutant removeInnerSlice(Sample s, RandomGenerator r) {
    return remove(s, 1 + r.nextInt(s.names().size() - 2), Expectation.REFUSED);
  }

  /** Nothing in a series tells how many slices it should have: this cannot be noticed. */
  private static Mutant removeOuterSlice(Sample s, RandomGenerator r) {
    return remove(s, r.nextBoolean() ? 0 : s.names().size() - 1, Expectation.ANYTHING);
  }

  /** Half an outer slice, as a copy or a download leaves it: the scan must not lack it silently. */
  private static Mutant cutUnderAnotherName(Sample s, RandomGenerator r) {
    String name = outer(s, r);
    String other =
        Mutations.anyOf(
            List.of(
                name + ".part",
                name + ".crdownload",
                "." + name,
                "." + name + ".a1B2c3",
                "slice.ct",
                "slice",
                "slice.tmp",
                name + "~",
                name),
            r);
    byte[] bytes = s.files().get(name);
    byte[] cut = Arrays.copyOf(bytes, r.nextInt(bytes.length));
    return aside(s, name, other, cut, Expectation.SAME_OR_REFUSED);
  }

  private static Mutant hideSlice(Sample s, RandomGenerator r) {
    String name = outer(s, r);
    return aside(s, name, "." + name, s.files().get(name), Expectation.REFUSED);
  }

  private static Mutant packSlice(Sample s, RandomGenerator r) {
    String name = outer(s, r);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(s.files().get(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return aside(s, name, name + ".gz", packed.toByteArray(), Expectation.REFUSED);
  }

  private static Mutant moveSliceBelow(Sample s, RandomGenerator r) {
    String name = outer(s, r);
    return aside(s, name, "more/" + name, s.files().get(name), Expectation.REFUSED);
  }

  private static String outer(Sample s, RandomGenerator r) {
    return s.names().get(r.nextBoolean() ? 0 : s.names().size() - 1);
  }

  private static Mutant aside(
      Sample s, String name, String other, byte[] bytes, Expectation expectation) {
    SortedMap<String, byte[]> files = new TreeMap<>(s.files());
    files.remove(name);
    files.put(other, bytes);
    return new Mutant(
        s, files, expectation, name + " as " + other + " of " + bytes.length + " bytes");
  }

  private static Mutant remove(Sample s, int slice, Expectation expectation) {
    SortedMap<String, byte[]> files = new TreeMap<>(s.files());
    files.remove(s.names().get(slice));
    return new Mutant(s, files, expectation, "without slice " + slice);
  }

  private static Mutant duplicateSlice(Sample s, RandomGenerator r) {
    String name = Mutations.anyOf(s.names(), r);
    return add(s, "copy.dcm", s.files().get(name), Expectation.REFUSED, name + " twice");
  }

  private static Mutant shuffleNames(Sample s, RandomGenerator r) {
    SortedMap<String, byte[]> files = new TreeMap<>();
    for (String name : s.names()) {
      files.put(Integer.toHexString(r.nextInt()) + name, s.files().get(name));
    }
    return new Mutant(s, files, Expectation.SAME, "names shuffled");
  }

  private static Mutant addText(Sample s, RandomGenerator r) {
    byte[] text = "scanned by the front desk\n".getBytes(StandardCharsets.US_ASCII);
    return add(s, "notes.txt", text, Expectation.SAME_OR_REFUSED, "a text file more");
  }

  private static Mutant addEmptyFile(Sample s, RandomGenerator r) {
    return add(s, "0", new byte[0], Expectation.SAME_OR_REFUSED, "an empty file more");
  }

  private static Mutant emptyFolder(Sample s, RandomGenerator r) {
    return new Mutant(s, new TreeMap<>(), Expectation.REFUSED, "no file");
  }

  private static Mutant addForeignSlice(Sample s, RandomGenerator r) {
    byte[] slice = Corpus.sliceOfAnotherSeries();
    return add(s, "zz.dcm", slice, Expectation.REFUSED, "a slice of another series");
  }

  private static Mutant add(
      Sample s, String name, byte[] bytes, Expectation expectation, String what) {
    SortedMap<String, byte[]> files = new TreeMap<>(s.files());
    files.put(name, bytes);
    return new Mutant(s, files, expectation, what);
  }
}
