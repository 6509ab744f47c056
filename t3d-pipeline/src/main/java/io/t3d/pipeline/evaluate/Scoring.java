package io.t3d.pipeline.evaluate;

import io.t3d.core.T3dException;
import io.t3d.core.eval.ClassificationIntervals;
import io.t3d.core.eval.ClassificationReport;
import io.t3d.core.eval.ClassificationReport.LabelMetrics;
import io.t3d.core.eval.Interval;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.eval.Metric;
import io.t3d.core.task.internal.Logistic;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.internal.LabelledRows;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * From logits to {@link Evaluation.Classified}: thresholds from the validation split, metrics and
 * intervals on the evaluated one. By logits and not by probabilities: above 37 those are 1 in
 * double precision, and volumes that a confident model ranks well would be tied. Thresholds are
 * told as probabilities.
 */
final class Scoring {
  /** Logit of a threshold that nothing chose: as likely as not. */
  private static final double EVEN = 0;

  private final EvaluationSettings settings;
  private final List<ManifestRow> validation;
  private final List<ManifestRow> test;

  /** Logits of rows, {@code [n][labels]}. */
  record Scores(double[][] validation, double[][] test) {}

  Scoring(EvaluationSettings settings, List<ManifestRow> validation, List<ManifestRow> test) {
    this.settings = settings;
    this.validation = validation;
    this.test = test;
  }

  /**
   * Measures.
   *
   * @param labels the columns of the scores
   * @param scores of both splits; a label whose threshold the validation split cannot tell gets
   *     that of probability 0.5
   */
  Evaluation.Classified classified(List<String> labels, Scores scores) {
    LabelMatrix targets = LabelledRows.matrix(test, labels);
    double[] thresholds = new double[labels.size()];
    Arrays.fill(thresholds, EVEN);
    String source = Logistic.of(EVEN) + ", there is no validation split";
    if (!validation.isEmpty()) {
      LabelMatrix held = LabelledRows.matrix(validation, labels);
      thresholds = settings.operatingPoint().thresholds(held, scores.validation(), EVEN);
      source = chosen(held);
    }
    ClassificationReport report = ClassificationReport.of(targets, scores.test(), thresholds);
    ClassificationIntervals intervals =
        ClassificationIntervals.of(
            targets, scores.test(), thresholds, LabelledRows.patients(test), settings.bootstrap());
    return summary(report, intervals, source);
  }

  /** Which rule chose thresholds, and for how many labels it could not. */
  private String chosen(LabelMatrix held) {
    long without =
        IntStream.range(0, held.names().size())
            .filter(label -> held.positives(label) == 0 || held.negatives(label) == 0)
            .count();
    if (without == held.names().size()) {
      return Logistic.of(EVEN) + ", no validation label has both classes";
    }
    String rule = settings.operatingPoint().name().toLowerCase(Locale.ROOT).replace('_', '-');
    String source = rule + " on " + validation.size() + " validation volumes";
    return without == 0
        ? source
        : String.format(
            Locale.ROOT,
            "%s; %s for %d label%s without both classes there",
            source,
            Logistic.of(EVEN),
            without,
            without == 1 ? "" : "s");
  }

  /** The same of a model that was trained on a share of the labels, that of so many volumes. */
  Evaluation.Supervised supervised(
      List<String> labels, double fraction, int trainVolumes, Scores scores) {
    return new Evaluation.Supervised(fraction, trainVolumes, classified(labels, scores));
  }

  private Evaluation.Classified summary(
      ClassificationReport report, ClassificationIntervals intervals, String source) {
    double macroAuroc = report.macroAuroc().orElseThrow(Scoring::oneClass);
    Map<String, Double> aurocs = new LinkedHashMap<>();
    Map<String, Evaluation.LabelScores> labels = new LinkedHashMap<>();
    report
        .perLabel()
        .forEach(
            (name, m) -> {
              m.auroc().ifPresent(auroc -> aurocs.put(name, auroc));
              labels.put(name, label(m, intervals.perLabel().get(name)));
            });
    Map<String, Evaluation.Estimate> macro = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      put(macro, metric, report.macro(metric), intervals.macro());
    }
    return new Evaluation.Classified(macroAuroc, aurocs, test.size(), source, macro, labels);
  }

  /** Before hours are spent: fails when {@link #classified} will find no AUROC. */
  static void requireBothClasses(List<String> labels, List<ManifestRow> rows) {
    boolean any =
        labels.stream()
            .anyMatch(
                name ->
                    rows.stream().map(row -> row.labels().get(name)).anyMatch(Boolean.TRUE::equals)
                        && rows.stream()
                            .map(row -> row.labels().get(name))
                            .anyMatch(Boolean.FALSE::equals));
    if (!any) {
      throw oneClass();
    }
  }

  /**
   * Fails when a patient is in two of the splits: a classifier that was trained on a patient knows
   * that patient, and what is measured on another scan of the same is too good.
   */
  static void requireOtherPatients(
      List<ManifestRow> train, List<ManifestRow> validation, List<ManifestRow> test) {
    requireOthers("trained on", train, "chosen by", validation);
    requireOthers("trained on", train, "measured", test);
    requireOthers("chosen by", validation, "measured", test);
  }

  private static void requireOthers(
      String oneUse, List<ManifestRow> some, String otherUse, List<ManifestRow> others) {
    Map<String, Integer> first = new HashMap<>();
    some.forEach(row -> first.putIfAbsent(row.patient(), row.row()));
    for (ManifestRow row : others) {
      Integer before = first.get(row.patient());
      if (before != null) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            "A patient must have one use only; the same patient is in row "
                + before
                + ", which is "
                + oneUse
                + ", and in row "
                + row.row()
                + ", which is "
                + otherUse
                + "; correct the column split, or measure rows of another split");
      }
    }
  }

  private static T3dException oneClass() {
    return new T3dException(
        T3dException.Kind.INPUT,
        "AUROC needs positive and negative volumes, but every label has one class only; evaluate"
            + " more rows");
  }

  private static Evaluation.LabelScores label(LabelMetrics m, Map<Metric, Interval> intervals) {
    Map<String, Evaluation.Estimate> metrics = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      put(metrics, metric, m.get(metric), intervals);
    }
    return new Evaluation.LabelScores(
        m.positives(), m.negatives(), Logistic.of(m.threshold()), metrics);
  }

  private static void put(
      Map<String, Evaluation.Estimate> to,
      Metric metric,
      OptionalDouble value,
      Map<Metric, Interval> intervals) {
    Optional<Interval> interval = Optional.ofNullable(intervals.get(metric));
    value.ifPresent(v -> to.put(metric.key(), Evaluation.Estimate.of(v, interval)));
  }
}
