package io.t3d.data.published.merge;

import com.google.common.hash.HashCode;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Finds studies that others stand for. The dropped are told of with the reason. */
final class Duplicates {
  private final BiConsumer<SourcedStudy, String> dropped;

  Duplicates(BiConsumer<SourcedStudy, String> dropped) {
    this.dropped = dropped;
  }

  /** Of each scan the reconstruction whose name comes first. */
  List<SourcedStudy> firstReconstructions(List<SourcedStudy> studies) {
    Map<String, SourcedStudy> first = new HashMap<>();
    Comparator<SourcedStudy> byName =
        Comparator.<SourcedStudy>comparingInt(s -> s.study().id().length())
            .thenComparing(s -> s.study().id());
    studies.forEach(s -> first.merge(s.scan(), s, (a, b) -> byName.compare(a, b) <= 0 ? a : b));
    return keep(studies, s -> first.get(s.scan()).equals(s), LeftOut.RECONSTRUCTION);
  }

  /**
   * Of files with the same bytes the one in the strictest split, then the first. Only files of the
   * same length are read. The same voxels packed or described differently are not found.
   */
  List<SourcedStudy> oneOfEachFile(List<SourcedStudy> studies) throws IOException {
    Map<Long, List<SourcedStudy>> byLength = new HashMap<>();
    for (SourcedStudy s : studies) {
      if (Files.isRegularFile(s.study().volume())) {
        long length = Files.size(s.study().volume());
        byLength.computeIfAbsent(length, l -> new ArrayList<>()).add(s);
      }
    }
    Map<HashCode, SourcedStudy> best = new HashMap<>();
    Map<SourcedStudy, HashCode> hashes = new HashMap<>();
    for (Collection<SourcedStudy> same : byLength.values()) {
      for (SourcedStudy s : same.size() == 1 ? List.<SourcedStudy>of() : same) {
        HashCode hash =
            com.google.common.io.Files.asByteSource(s.study().volume().toFile())
                .hash(Hashing.sha256());
        hashes.put(s, hash);
        best.merge(hash, s, Duplicates::strictest);
      }
    }
    return keep(
        studies,
        s -> !hashes.containsKey(s) || best.get(hashes.get(s)).equals(s),
        LeftOut.SAME_FILE);
  }

  /** Of pairs of different scans with the same report the one in the strictest split. */
  List<SourcedStudy> oneOfEachReport(List<SourcedStudy> studies) {
    Map<HashCode, SourcedStudy> best = new HashMap<>();
    studies.forEach(s -> best.merge(report(s), s, Duplicates::strictest));
    return keep(
        studies,
        s -> s.study().report().isEmpty() || best.get(report(s)).scan().equals(s.scan()),
        LeftOut.SAME_REPORT);
  }

  /** How many distinct reports more than one scan has. */
  static int sharedReports(Collection<SourcedStudy> studies) {
    Map<HashCode, Set<String>> scans = new HashMap<>();
    studies.stream()
        .filter(s -> !s.study().report().isEmpty())
        .forEach(s -> scans.computeIfAbsent(report(s), r -> new HashSet<>()).add(s.scan()));
    return (int) scans.values().stream().filter(s -> s.size() > 1).count();
  }

  private static HashCode report(SourcedStudy s) {
    // White space apart: the sets differ in line breaks.
    String text = s.study().report().strip().replaceAll("\\s+", " ");
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8);
  }

  private static SourcedStudy strictest(SourcedStudy first, SourcedStudy second) {
    return Splitting.rank(second.split()) > Splitting.rank(first.split()) ? second : first;
  }

  private List<SourcedStudy> keep(
      List<SourcedStudy> studies, Function<SourcedStudy, Boolean> kept, String reason) {
    List<SourcedStudy> left = new ArrayList<>();
    for (SourcedStudy s : studies) {
      if (kept.apply(s)) {
        left.add(s);
      } else {
        dropped.accept(s, reason);
      }
    }
    return left;
  }
}
