package io.t3d.core.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * T sentences taken from the reports of B pairs, each with the other reports that contain it.
 *
 * @param texts T texts, none blank
 * @param owners T numbers of pairs, in ascending order: the pair whose report a text was taken from
 * @param standsIn for each text the numbers of all pairs whose report says the same, its owner
 *     among them
 * @param pairs B
 */
public record ReportSentences(
    List<String> texts, List<Integer> owners, List<Set<Integer>> standsIn, int pairs) {
  /** Copies and checks. */
  public ReportSentences {
    texts = List.copyOf(texts);
    owners = List.copyOf(owners);
    standsIn = standsIn.stream().map(Set::copyOf).toList();
    if (texts.isEmpty() || owners.size() != texts.size() || standsIn.size() != texts.size()) {
      throw new IllegalArgumentException(
          "ReportSentences needs an owner and the reports it stands in for each text, and at least"
              + " one text, got "
              + texts.size()
              + " texts, "
              + owners.size()
              + " owners and "
              + standsIn.size()
              + " sets");
    }
    for (int t = 0; t < texts.size(); t++) {
      int owner = owners.get(t);
      if (owner < 0 || owner >= pairs || (t > 0 && owner < owners.get(t - 1))) {
        throw new IllegalArgumentException(
            "ReportSentences.owners must be ascending numbers of pairs in [0, "
                + pairs
                + "), got "
                + owners);
      }
    }
  }

  /**
   * Draws sentences of each report, without putting them back.
   *
   * @param reports B whole reports
   * @param perReport drawn of each, &gt; 0; a report with fewer gives all it has
   * @param seed the same seed draws the same sentences
   * @throws IllegalArgumentException when perReport is less than 1
   */
  public static ReportSentences draw(List<String> reports, int perReport, long seed) {
    if (perReport < 1) {
      throw new IllegalArgumentException("perReport must be > 0, got " + perReport);
    }
    List<String> texts = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < reports.size(); i++) {
      List<String> left = new ArrayList<>(Sentences.of(reports.get(i)));
      for (int k = 0; k < perReport && !left.isEmpty(); k++) {
        texts.add(left.remove(random.nextInt(left.size())));
        owners.add(i);
      }
    }
    List<Set<String>> words =
        reports.stream()
            .map(r -> Sentences.of(r).stream().map(Sentences::words).collect(Collectors.toSet()))
            .toList();
    return new ReportSentences(texts, owners, standsIn(texts, words), reports.size());
  }

  /**
   * Each report as one text.
   *
   * @param reports B texts
   */
  public static ReportSentences whole(List<String> reports) {
    List<Integer> owners = IntStream.range(0, reports.size()).boxed().toList();
    List<Set<String>> words = reports.stream().map(Sentences::words).map(Set::of).toList();
    return new ReportSentences(reports, owners, standsIn(reports, words), reports.size());
  }

  private static List<Set<Integer>> standsIn(List<String> texts, List<Set<String>> words) {
    Map<String, Set<Integer>> where = new HashMap<>();
    for (int i = 0; i < words.size(); i++) {
      for (String w : words.get(i)) {
        where.computeIfAbsent(w, key -> new HashSet<>()).add(i);
      }
    }
    return texts.stream()
        .map(t -> where.getOrDefault(Sentences.words(t), Collections.emptySet()))
        .toList();
  }

  /** T, the number of texts. */
  public int size() {
    return texts.size();
  }

  /**
   * The texts of some pairs, which become pairs 0, 1, … of the result.
   *
   * @param from first pair
   * @param to end, exclusive
   * @throws IllegalArgumentException when none of them has a text
   */
  public ReportSentences ofPairs(int from, int to) {
    List<Integer> chosen =
        IntStream.range(0, size())
            .filter(t -> owners.get(t) >= from && owners.get(t) < to)
            .boxed()
            .toList();
    return new ReportSentences(
        chosen.stream().map(texts::get).toList(),
        chosen.stream().map(t -> owners.get(t) - from).toList(),
        chosen.stream()
            .map(
                t ->
                    standsIn.get(t).stream()
                        .filter(i -> i >= from && i < to)
                        .map(i -> i - from)
                        .collect(Collectors.toSet()))
            .toList(),
        to - from);
  }
}
