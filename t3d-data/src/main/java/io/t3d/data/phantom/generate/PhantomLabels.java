package io.t3d.data.phantom.generate;

import com.google.common.base.Splitter;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Side;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A rule-based labeler for phantom reports, after the idea of NegEx: a finding is present when a
 * clause names it outside the reach of a negation. It also scores generated reports (clinical F1).
 *
 * <p>Source: Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases
 * in discharge summaries". Differs: only the words that {@link ReportWriter} and its like use.
 */
public final class PhantomLabels {
  private static final Splitter CLAUSES =
      Splitter.on(Pattern.compile("[.;:\\n]|\\bbut\\b|\\bhowever\\b|\\balthough\\b"));
  private static final Pattern NEGATION_BEFORE =
      Pattern.compile("\\b(no|not|without|free of|clear of|negative for|absence of|denies)\\b");
  private static final Pattern NEGATION_AFTER =
      Pattern.compile("\\b(absent|not (seen|present|identified|evident|enlarged)|resolved)\\b");
  private static final Map<Side, Pattern> SIDES =
      Map.of(
          Side.RIGHT, Pattern.compile("\\b(right|bilateral|both)\\b"),
          Side.LEFT, Pattern.compile("\\b(left|bilateral|both)\\b"));
  private static final Map<FindingKind, Pattern> NAMES = new EnumMap<>(FindingKind.class);

  static {
    name(FindingKind.NODULE, "nodules?|mass(es)?");
    name(FindingKind.PLEURAL_EFFUSION, "effusions?|pleural fluid");
    name(FindingKind.CONSOLIDATION, "consolidations?|consolidated|airspace opacit(y|ies)");
    name(
        FindingKind.CARDIOMEGALY,
        "cardiomegaly|cardiac enlargement|enlarged heart"
            + "|(heart|cardiac silhouette) is (not )?enlarged");
    name(FindingKind.EMPHYSEMA, "emphysema|emphysematous");
    name(FindingKind.CALCIFICATION, "calcifications?|calcified");
    name(FindingKind.PNEUMOTHORAX, "pneumothora(x|ces)");
    name(FindingKind.ATELECTASIS, "atelectas[ie]s|atelectatic");
  }

  private PhantomLabels() {}

  private static void name(FindingKind kind, String words) {
    NAMES.put(kind, Pattern.compile("\\b(" + words + ")\\b"));
  }

  /**
   * Reads the labels out of a report; what is not mentioned is absent.
   *
   * @return present or not, for each {@link FindingKind#label()}, in order
   */
  public static Map<String, Boolean> extract(String report) {
    Map<String, Boolean> labels = new LinkedHashMap<>();
    for (FindingKind kind : FindingKind.values()) {
      labels.put(kind.label(), false);
    }
    affirmed(report, (kind, clause) -> labels.put(kind.label(), true));
    return labels;
  }

  /**
   * Reads the sides of findings that are present: those that the clauses name which affirm them.
   *
   * @return label → sides, for present findings only; {@code bilateral} gives both sides, and the
   *     set is empty where none is named
   */
  public static Map<String, Set<Side>> sides(String report) {
    Map<String, Set<Side>> sides = new LinkedHashMap<>();
    affirmed(
        report,
        (kind, clause) -> {
          Set<Side> found =
              sides.computeIfAbsent(kind.label(), label -> EnumSet.noneOf(Side.class));
          SIDES.forEach(
              (side, words) -> {
                if (words.matcher(clause).find()) {
                  found.add(side);
                }
              });
        });
    return sides;
  }

  private static void affirmed(String report, BiConsumer<FindingKind, String> found) {
    for (String clause : CLAUSES.split(report.toLowerCase(Locale.ROOT))) {
      NAMES.forEach(
          (kind, name) -> {
            if (affirms(clause, name)) {
              found.accept(kind, clause);
            }
          });
    }
  }

  private static boolean affirms(String clause, Pattern name) {
    Matcher found = name.matcher(clause);
    while (found.find()) {
      boolean negated =
          NEGATION_BEFORE.matcher(clause.substring(0, found.end())).find()
              || NEGATION_AFTER.matcher(clause.substring(found.start())).find();
      if (!negated) {
        return true;
      }
    }
    return false;
  }
}
