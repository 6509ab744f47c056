package io.t3d.data.io.fuzz;

import io.t3d.data.io.fuzz.FieldFinder.Field;
import io.t3d.data.io.fuzz.Mutant.Expectation;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** The ways to damage a single file; those of folders are in {@link FolderMutations}. */
final class Mutations {
  private Mutations() {}

  /** All mutations that suit a sample. */
  static List<Mutation> of(Sample sample) {
    List<Mutation> all = new ArrayList<>();
    for (Bytes edit : Bytes.values()) {
      all.add((s, r) -> edit(s, r, edit));
    }
    all.add(Mutations::truncate);
    all.add(Mutations::truncate);
    // Headers are small and what readers trust most: half of all mutants change a field.
    for (int i = 0; i < 8; i++) {
      all.add(Mutations::damageField);
    }
    if (sample.packing() != Packing.NONE) {
      all.add(Mutations::truncatePacked);
      for (Bytes edit : Bytes.values()) {
        all.add((s, r) -> editPacked(s, r, edit));
      }
    }
    if (!sample.isFolder()) {
      all.add(Mutations::pointer);
    }
    if (sample.packing() == Packing.WHOLE_GZIP) {
      all.add(Mutations::notPacked);
    }
    if (sample.isFolder()) {
      all.addAll(FolderMutations.ALL);
    } else if (sample.files().size() > 1) {
      all.add(Mutations::removeDataFile);
    }
    return all;
  }

  /** Every way to cut the opened file short. */
  static List<Mutant> allTruncations(Sample sample) {
    byte[] file = sample.files().get(sample.entry());
    List<Mutant> all = new ArrayList<>();
    for (int length = 0; length < file.length; length++) {
      all.add(cut(sample, sample.entry(), length));
    }
    return all;
  }

  private static Mutant edit(Sample s, RandomGenerator r, Bytes edit) {
    String name = anyOf(s.names(), r);
    byte[] before = s.files().get(name);
    byte[] after = edit.edit(before, r);
    int firstChange = Arrays.mismatch(before, after);
    boolean sealed =
        s.packing().isSealed() && (firstChange < 0 || firstChange >= s.packing().start(before));
    return s.with(
        name,
        after,
        sealed ? Expectation.SAME_OR_REFUSED : Expectation.ANYTHING,
        edit + " from byte " + firstChange);
  }

  private static Mutant truncate(Sample s, RandomGenerator r) {
    String name = anyOf(s.names(), r);
    int length = s.files().get(name).length;
    // The last bytes are where a sloppy reader is found out.
    int keep = r.nextBoolean() ? r.nextInt(length) : length - 1 - r.nextInt(Math.min(length, 24));
    return cut(s, name, keep);
  }

  private static Mutant cut(Sample s, String name, int keep) {
    byte[] shorter = Arrays.copyOf(s.files().get(name), keep);
    return s.with(name, shorter, Expectation.SAME_OR_REFUSED, "cut to " + keep + " bytes");
  }

  private static Mutant damageField(Sample s, RandomGenerator r) {
    String name = s.isFolder() ? anyOf(s.names(), r) : s.entry();
    byte[] file = s.files().get(name);
    byte[] content = s.packing().packsHeader() ? s.packing().unpack(file) : file;
    StringBuilder what = new StringBuilder("fields");
    for (int n = r.nextInt(4) == 0 ? 2 : 1; n > 0; n--) {
      List<Field> fields = s.fields().find(content);
      if (fields.isEmpty()) {
        break;
      }
      Field field = anyOf(fields, r);
      content = field.damage(content, r);
      what.append(' ').append(field.name());
    }
    byte[] after = s.packing().packsHeader() ? s.packing().repack(file, content) : content;
    return s.with(name, after, Expectation.ANYTHING, what.toString());
  }

  private static Mutant truncatePacked(Sample s, RandomGenerator r) {
    String name = packedFile(s, r);
    byte[] file = s.files().get(name);
    byte[] content = s.packing().unpack(file);
    int keep =
        r.nextBoolean()
            ? r.nextInt(content.length)
            : content.length - 1 - r.nextInt(Math.min(content.length, 24));
    byte[] after = s.packing().repack(file, Arrays.copyOf(content, keep));
    return s.with(
        name, after, Expectation.SAME_OR_REFUSED, "packed bytes cut to " + keep + " and repacked");
  }

  private static Mutant editPacked(Sample s, RandomGenerator r, Bytes edit) {
    String name = packedFile(s, r);
    byte[] file = s.files().get(name);
    byte[] after = s.packing().repack(file, edit.edit(s.packing().unpack(file), r));
    return s.with(name, after, Expectation.ANYTHING, edit + " within the packed bytes");
  }

  /** What a clone without Git LFS holds. */
  private static Mutant pointer(Sample s, RandomGenerator r) {
    String text =
        "version https://git-lfs.github.com/spec/v1\noid sha256:46\nsize " + r.nextInt(1 << 20);
    byte[] bytes = (text + "\n").getBytes(StandardCharsets.US_ASCII);
    return s.with(anyOf(s.names(), r), bytes, Expectation.REFUSED, "a Git LFS pointer");
  }

  /** A plain file under a name of gzip. */
  private static Mutant notPacked(Sample s, RandomGenerator r) {
    String name = packedFile(s, r);
    byte[] plain = s.packing().unpack(s.files().get(name));
    return s.with(name, plain, Expectation.REFUSED, "unpacked, its name unchanged");
  }

  private static Mutant removeDataFile(Sample s, RandomGenerator r) {
    SortedMap<String, byte[]> files = new TreeMap<>(s.files());
    List<String> others = s.names().stream().filter(n -> !n.equals(s.entry())).toList();
    String gone = anyOf(others, r);
    files.remove(gone);
    return new Mutant(s, files, Expectation.REFUSED, "without " + gone);
  }

  private static String packedFile(Sample s, RandomGenerator r) {
    return anyOf(
        s.names().stream()
            .filter(n -> s.packing().start(s.files().get(n)) < s.files().get(n).length)
            .toList(),
        r);
  }

  static <T> T anyOf(List<T> list, RandomGenerator random) {
    return list.get(random.nextInt(list.size()));
  }
}
