package io.t3d.cli.page;

import com.google.common.primitives.Booleans;
import com.google.common.primitives.Doubles;
import io.t3d.cli.page.part.Charts;
import io.t3d.cli.page.part.Classification;
import io.t3d.cli.page.part.Example;
import io.t3d.cli.page.part.Picture;
import io.t3d.cli.page.part.Retrieval;
import io.t3d.cli.page.part.Svg;
import io.t3d.cli.page.part.Table;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the pages of the quickstart and of an evaluation have in common. */
final class EvaluationParts {
  private static final String NOTHING = "–";
  private static final int RETRIEVED = 3;

  private final EvaluationRun run;
  private final List<ManifestRow> rows;

  /** Of a run that has classified, and ranked where reports are asked for. */
  EvaluationParts(EvaluationRun run, List<ManifestRow> rows) {
    this.run = run;
    this.rows = List.copyOf(rows);
  }

  /** Pairs of each split, and how many of those whose label is known have the finding. */
  static Table dataset(Map<String, List<ManifestRow>> splits, Collection<String> findings) {
    List<String> header = new ArrayList<>(List.of("split", "volumes", "patients"));
    findings.forEach(f -> header.add(words(f)));
    List<List<String>> table = new ArrayList<>();
    splits.forEach(
        (name, some) -> {
          long patients = some.stream().map(ManifestRow::patient).distinct().count();
          List<String> cells =
              new ArrayList<>(
                  List.of(name, Integer.toString(some.size()), Long.toString(patients)));
          findings.forEach(f -> cells.add(prevalence(some, f)));
          table.add(cells);
        });
    return new Table(header, table);
  }

  private static String prevalence(List<ManifestRow> some, String finding) {
    List<Boolean> known =
        some.stream()
            .filter(row -> row.labels().containsKey(finding))
            .map(row -> row.labels().get(finding))
            .toList();
    long positive = known.stream().filter(present -> present).count();
    if (known.isEmpty()) {
      return NOTHING;
    }
    String share = String.format(Locale.ROOT, "%.0f %%", 100.0 * positive / known.size());
    return known.size() == some.size()
        ? positive + " (" + share + ")"
        : positive + " of " + known.size() + " (" + share + ")";
  }

  static Classification classification(
      String title, Evaluation.Classified found, Optional<Classification.Curves> curves) {
    List<String> notes = new ArrayList<>();
    found
        .score()
        .ifPresent(
            score ->
                notes.add(
                    score(score, found.scoreReason().orElseThrow(), Optional.empty())
                        + " Macro AUROC here by each score: "
                        + found.scores().entrySet().stream()
                            .map(e -> e.getKey() + " " + number(e.getValue()))
                            .collect(Collectors.joining(", "))
                        + "."));
    notes.add("Thresholds: " + found.thresholds() + ". 95 % intervals by patient.");
    return new Classification(
        title + ": macro AUROC " + number(found.macroAuroc()),
        Charts.whiskers(
            found.labels().entrySet().stream()
                .filter(e -> e.getValue().metrics().containsKey("auroc"))
                .map(e -> whisker(e.getKey(), e.getValue().metrics().get("auroc")))
                .toList(),
            0.5),
        notes,
        new Table(
            List.of("", "AUROC", "average precision", "F1", "precision", "recall"),
            found.labels().entrySet().stream()
                .map(e -> label(e.getKey(), e.getValue().metrics()))
                .toList()),
        curves);
  }

  private static Charts.Whisker whisker(String name, Evaluation.Estimate e) {
    return new Charts.Whisker(words(name), e.value(), e.lower(), e.upper());
  }

  private static List<String> label(String name, Map<String, Evaluation.Estimate> metrics) {
    List<String> row = new ArrayList<>(List.of(words(name)));
    for (String metric : List.of("auroc", "averagePrecision", "f1", "precision", "recall")) {
      row.add(
          Optional.ofNullable(metrics.get(metric)).map(EvaluationParts::estimate).orElse(NOTHING));
    }
    return row;
  }

  private static String estimate(Evaluation.Estimate e) {
    return e.lower().isEmpty()
        ? number(e.value())
        : number(e.value())
            + " ("
            + number(e.lower().get())
            + "–"
            + number(e.upper().orElseThrow())
            + ")";
  }

  /** Findings that one class only is known of. */
  static List<String> oneClass(Evaluation.Classified found) {
    return found.labels().entrySet().stream()
        .filter(e -> e.getValue().positives() == 0 || e.getValue().negatives() == 0)
        .map(e -> words(e.getKey()) + " has one class only among the test volumes: no AUROC.")
        .toList();
  }

  /** ROC and calibration of the volumes whose label is known. */
  Classification.Curves curves() {
    StringBuilder rocs = new StringBuilder();
    List<Boolean> truths = new ArrayList<>();
    List<Double> probabilities = new ArrayList<>();
    Map<String, double[]> logits = run.logits();
    run.predictions()
        .forEach(
            (finding, p) -> {
              int[] known =
                  IntStream.range(0, rows.size())
                      .filter(i -> truth(i, finding).isPresent())
                      .toArray();
              boolean[] truth = new boolean[known.length];
              double[] score = new double[known.length]; // as in AUROC
              List<String> patients = new ArrayList<>();
              for (int i = 0; i < known.length; i++) {
                truth[i] = rows.get(known[i]).labels().get(finding);
                score[i] = logits.get(finding)[known[i]];
                patients.add(rows.get(known[i]).patient());
                truths.add(truth[i]);
                probabilities.add(p[known[i]]);
              }
              rocs.append(Charts.roc(words(finding), truth, score, patients).markup());
            });
    boolean[] truth = Booleans.toArray(truths);
    double[] probability = Doubles.toArray(probabilities);
    return new Classification.Curves(
        new Svg(rocs.toString()),
        Charts.calibration(truth, probability),
        number(Charts.calibrationError(truth, probability)));
  }

  private Optional<Boolean> truth(int row, String finding) {
    return Optional.ofNullable(rows.get(row).labels().get(finding));
  }

  /**
   * Rows from the one whose findings the model gives the most likelihood to the one with least;
   * means over the findings that are known. Rows that know none are left out.
   */
  List<Integer> byLikelihood() {
    Map<String, double[]> predicted = run.predictions();
    double[] means = new double[rows.size()];
    for (int i = 0; i < means.length; i++) {
      double sum = 0;
      int known = 0;
      for (Map.Entry<String, double[]> e : predicted.entrySet()) {
        Optional<Boolean> truth = truth(i, e.getKey());
        if (truth.isPresent()) {
          double p = e.getValue()[i];
          sum += Math.log(Math.max(1e-6, truth.get() ? p : 1 - p));
          known++;
        }
      }
      means[i] = known == 0 ? Double.NaN : sum / known;
    }
    return IntStream.range(0, means.length)
        .boxed()
        .filter(i -> !Double.isNaN(means[i]))
        .sorted(Comparator.comparingDouble((Integer i) -> -means[i]))
        .toList();
  }

  /**
   * A case.
   *
   * @param picture of the volume
   * @param index of its row
   * @param reports whether its report and those retrieved are shown
   */
  Example example(Picture picture, int index, boolean reports) {
    List<Table> tables = new ArrayList<>();
    tables.add(
        new Table(
            List.of("finding", "truth", "probability"),
            run.predictions().entrySet().stream()
                .map(
                    e ->
                        List.of(
                            words(e.getKey()),
                            truth(index, e.getKey())
                                .map(present -> present ? "present" : "absent")
                                .orElse("not known"),
                            number(e.getValue()[index])))
                .toList()));
    if (reports) {
      List<List<String>> lines = new ArrayList<>();
      lines.add(List.of("its report", rows.get(index).report()));
      int rank = 1;
      for (int other : run.nearestReports(index, RETRIEVED)) {
        lines.add(
            List.of(
                "retrieved " + rank++ + (other == index ? " (its own)" : ""),
                rows.get(other).report()));
      }
      tables.add(new Table(List.of("", "report"), lines));
    }
    return new Example(List.of(picture), tables);
  }

  static Retrieval retrieval(Evaluation.Retrieved r) {
    return new Retrieval(
        r.gallery(),
        score(r.score(), r.scoreReason(), r.sentenceWeight())
            + " R@5 here by each score, both ways: "
            + r.scores().entrySet().stream()
                .map(
                    e ->
                        e.getKey()
                            + " "
                            + number(e.getValue().imageToText())
                            + " / "
                            + number(e.getValue().textToImage()))
                .collect(Collectors.joining(", "))
            + ".",
        new Table(
            List.of("", "R@1", "R@5", "R@10", "R@50", "median rank"),
            List.of(
                ranks("image → report", r.imageToText()),
                ranks("report → image", r.textToImage()),
                List.of(
                    "chance",
                    number(Math.min(1, 1.0 / r.gallery())),
                    number(Math.min(1, 5.0 / r.gallery())),
                    number(r.chanceR10()),
                    number(Math.min(1, 50.0 / r.gallery())),
                    number((r.gallery() + 1) / 2.0)))));
  }

  /** Says what texts and volumes were compared by; {@code global} sees the volume as a whole. */
  private static String score(String score, String reason, Optional<Double> weight) {
    return "Score: "
        + score
        + weight.map(w -> " with weight " + w + " of the sentences").orElse("")
        + ", "
        + reason
        + ". Global compares the whole volume, pooled the tokens gathered around a text, sum both.";
  }

  private static List<String> ranks(String name, Evaluation.Recall r) {
    return List.of(
        name,
        interval(r, "r1", r.r1()),
        interval(r, "r5", r.r5()),
        interval(r, "r10", r.r10()),
        interval(r, "r50", r.r50()),
        interval(r, "medianRank", r.medianRank()));
  }

  private static String interval(Evaluation.Recall r, String name, double value) {
    return Optional.ofNullable(r.intervals().get(name))
        .map(i -> number(value) + " (" + number(i.lower()) + "–" + number(i.upper()) + ")")
        .orElse(number(value));
  }

  private static String words(String finding) {
    return finding.replace('_', ' ');
  }

  private static String number(double v) {
    return String.format(Locale.ROOT, "%.3f", v);
  }
}
