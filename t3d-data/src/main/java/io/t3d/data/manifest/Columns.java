package io.t3d.data.manifest;

import io.t3d.core.internal.DidYouMean;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The columns of a manifest: which are known, required, and what a misspelt one may mean. */
final class Columns {
  static final String VOLUME = "volume";
  static final String REPORT = "report";
  static final String SPLIT = "split";
  static final String PATIENT = "patient";
  static final String MASK = "mask";
  static final String SLOPE = "slope";
  static final String INTERCEPT = "intercept";
  static final String SPACING = "spacing";
  static final String SOURCE = "source";
  static final String ID = "id";
  static final String LABEL_PREFIX = "label:";

  private static final List<String> KNOWN =
      List.of(VOLUME, REPORT, SPLIT, PATIENT, MASK, SLOPE, INTERCEPT, SPACING, SOURCE, ID);

  private Columns() {}

  /** Everything wrong with a header. */
  static List<String> problems(List<String> header) {
    List<String> problems = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String name : header) {
      if (!seen.add(name)) {
        problems.add("row 1: column \"" + name + "\" appears twice; rename or remove one");
      } else if (name.equals(LABEL_PREFIX)) {
        problems.add("row 1: column \"label:\" has no name; write e.g. label:nodule");
      } else if (!KNOWN.contains(name) && !name.startsWith(LABEL_PREFIX)) {
        problems.add(unknown(name));
      }
    }
    boolean labelled = header.stream().anyMatch(name -> name.startsWith(LABEL_PREFIX));
    for (String required : List.of(VOLUME, REPORT)) {
      if (!seen.contains(required) && !(required.equals(REPORT) && labelled)) {
        problems.add(
            "row 1: required column \""
                + required
                + "\" is missing; got "
                + String.join(", ", header));
      }
    }
    return problems;
  }

  private static String unknown(String name) {
    String text =
        "row 1: unknown column \""
            + name
            + "\"; known are "
            + String.join(", ", KNOWN)
            + ", label:NAME";
    if (name.contains(";") || name.contains("\t")) {
      return text + "; separate columns by commas, not by semicolons or tabs";
    }
    return text + closest(name).map(known -> "; did you mean \"" + known + "\"?").orElse("");
  }

  private static Optional<String> closest(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.startsWith("label")) {
      return Optional.of(LABEL_PREFIX + lower.replaceFirst("^labels?[^a-z0-9]*", ""));
    }
    return DidYouMean.suggest(lower, KNOWN);
  }
}
