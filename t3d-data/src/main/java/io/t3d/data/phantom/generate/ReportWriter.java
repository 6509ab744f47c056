package io.t3d.data.phantom.generate;

import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Lobe;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Words a report for a study: technique, findings in random order, impression; sometimes only a
 * part of that. Every finding is named; findings that are absent are denied, covered by a normal
 * statement, or not mentioned. One writer per report.
 */
final class ReportWriter {
  private static final double DENIED = 0.45;
  private static final double NORMAL = 0.2;
  private static final double SHORT_STYLE = 0.15;
  private static final double FINDINGS_ONLY = 0.35;

  /**
   * Share of reports that state the technique, the breath or the habitus: easy to see, no finding.
   */
  private static final double ASIDE = 0.2;

  private static final List<String> COUNTS = List.of("no", "one", "two", "three", "four");
  private static final List<String> DENIAL =
      List.of(
          "No %s.",
          "There is no %s.", "No evidence of %s.", "Without evidence of %s.", "No %s is seen.");
  private static final List<String> ALL_WELL =
      List.of("No acute abnormality.", "Unremarkable chest CT.", "Normal examination.");

  private final RandomGenerator random;

  ReportWriter(RandomGenerator random) {
    this.random = random;
  }

  /** Writes the report. */
  String write(List<Finding> findings, Physique physique, Acquisition acquisition) {
    Map<FindingKind, List<Finding>> byKind = new EnumMap<>(FindingKind.class);
    findings.forEach(f -> byKind.computeIfAbsent(f.kind(), k -> new ArrayList<>()).add(f));
    double style = random.nextDouble();
    List<String> parts = new ArrayList<>();
    if (random.nextDouble() < ASIDE) {
      parts.add(technique(acquisition));
    }
    if (style >= SHORT_STYLE) {
      parts.addAll(findingSentences(byKind, physique, acquisition));
    }
    if (style < SHORT_STYLE || style >= FINDINGS_ONLY) {
      parts.add("Impression:");
      parts.addAll(impression(byKind));
    }
    return String.join(" ", parts);
  }

  private String technique(Acquisition acquisition) {
    return pick(
        acquisition.enhanced()
            ? List.of(
                "Contrast-enhanced CT of the chest.",
                "CT of the chest with intravenous contrast.",
                "Enhanced chest CT.")
            : List.of(
                "Non-contrast CT of the chest.", "Unenhanced chest CT.", "Non-contrast chest CT."));
  }

  private List<String> findingSentences(
      Map<FindingKind, List<Finding>> byKind, Physique physique, Acquisition acquisition) {
    List<String> sentences = new ArrayList<>();
    List<String> denied = new ArrayList<>();
    for (FindingKind kind : FindingKind.values()) {
      List<Finding> found = byKind.get(kind);
      if (found != null) {
        Phrases phrases = Phrases.of(kind, found.size());
        sentences.add(fill(pick(phrases.present()), found));
      } else {
        mentionAbsent(Phrases.of(kind, 1), sentences, denied);
      }
    }
    sentences.addAll(denials(denied));
    if (random.nextDouble() < ASIDE) {
      sentences.add(pick(lungVolumes(acquisition)));
    }
    if (random.nextDouble() < ASIDE) {
      sentences.add(pick(habitus(physique)));
    }
    shuffle(sentences);
    return sentences;
  }

  private void mentionAbsent(Phrases phrases, List<String> sentences, List<String> denied) {
    double draw = random.nextDouble();
    if (draw < DENIED) {
      denied.add(pick(phrases.negated()));
    } else if (draw < DENIED + NORMAL && !phrases.normal().isEmpty()) {
      sentences.add(pick(phrases.normal()));
    }
  }

  /** Denies one or two things per sentence. */
  private List<String> denials(List<String> denied) {
    shuffle(denied);
    List<String> sentences = new ArrayList<>();
    for (int n = 0; n < denied.size(); n++) {
      boolean joined = n + 1 < denied.size() && random.nextDouble() < 0.4;
      String what = joined ? denied.get(n) + " or " + denied.get(++n) : denied.get(n);
      sentences.add(String.format(Locale.ROOT, pick(DENIAL), what));
    }
    return sentences;
  }

  private List<String> impression(Map<FindingKind, List<Finding>> byKind) {
    List<String> sentences = new ArrayList<>();
    byKind.forEach(
        (kind, found) ->
            sentences.add(fill(pick(Phrases.of(kind, found.size()).impression()), found)));
    if (sentences.isEmpty()) {
      sentences.add(pick(ALL_WELL));
    }
    shuffle(sentences);
    return sentences;
  }

  private static List<String> lungVolumes(Acquisition acquisition) {
    return switch (acquisition.breath()) {
      case LOW -> List.of("Lung volumes are low.", "Shallow inspiration with low lung volumes.");
      case NORMAL -> List.of("Lung volumes are normal.", "Normal inspiration.");
      case DEEP -> List.of("Lung volumes are large.", "Deep inspiration with large lung volumes.");
    };
  }

  private static List<String> habitus(Physique physique) {
    return switch (physique.habitus()) {
      case SLENDER -> List.of("Slender body habitus.", "The patient is slender.");
      case AVERAGE -> List.of("Average body habitus.", "The patient is of average habitus.");
      case OBESE -> List.of("Obese body habitus.", "The patient is obese.");
    };
  }

  /** Fills the slots; where a kind has several lesions the largest one speaks. */
  private static String fill(String template, List<Finding> found) {
    Finding largest = Collections.max(found, Comparator.comparingDouble(Finding::sizeMm));
    boolean bothSides = found.stream().map(Finding::side).distinct().count() > 1;
    String text =
        template
            .replace("{severity}", severity(largest))
            .replace("{side}", bothSides ? "bilateral" : largest.side().word())
            .replace("{lobe}", largest.lobe().map(Lobe::words).orElse("lung"))
            .replace("{size}", Long.toString(Math.round(largest.sizeMm())))
            .replace("{count}", COUNTS.get(found.size()));
    if (bothSides && largest.kind() == FindingKind.PLEURAL_EFFUSION) {
      text = text.replace("There is a ", "There are ").replace("effusion", "effusions");
    }
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private static String severity(Finding finding) {
    boolean amount =
        finding.kind() == FindingKind.PLEURAL_EFFUSION
            || finding.kind() == FindingKind.PNEUMOTHORAX;
    return switch (finding.severity()) {
      case SMALL -> amount ? "small" : "mild";
      case MODERATE -> "moderate";
      case LARGE -> amount ? "large" : "severe";
    };
  }

  private String pick(List<String> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private void shuffle(List<String> list) {
    for (int n = list.size() - 1; n > 0; n--) {
      Collections.swap(list, n, random.nextInt(n + 1));
    }
  }
}
