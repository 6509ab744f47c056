package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BootstrapTest {
  private static List<String> alone(int n) {
    return IntStream.range(0, n).mapToObj(Integer::toString).toList();
  }

  @Test
  void countingSamplesIsTheSameAsRepeatingThem() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 20; round++) {
      int n = 30;
      boolean[] targets = new boolean[n];
      double[] scores = new double[n];
      int[] times = new int[n];
      List<Integer> repeated = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        targets[i] = random.nextInt(3) == 0;
        scores[i] = random.nextInt(8); // ties
        times[i] = random.nextInt(4);
        repeated.addAll(Collections.nCopies(times[i], i));
      }
      boolean[] longTargets = new boolean[repeated.size()];
      double[] longScores = new double[repeated.size()];
      for (int i = 0; i < longScores.length; i++) {
        longTargets[i] = targets[repeated.get(i)];
        longScores[i] = scores[repeated.get(i)];
      }
      SortedScores sorted = new SortedScores(targets, scores);
      assertClose(sorted.auroc(times), BinaryMetrics.auroc(longTargets, longScores));
      assertClose(
          sorted.averagePrecision(times), BinaryMetrics.averagePrecision(longTargets, longScores));
      assertThat(sorted.confusion(times, 4))
          .isEqualTo(BinaryMetrics.confusion(longTargets, longScores, 4));
    }
  }

  private static void assertClose(OptionalDouble actual, OptionalDouble expected) {
    assertThat(actual.orElse(-1)).isCloseTo(expected.orElse(-1), within(1e-12));
  }

  @Test
  void theIntervalOfAMeanIsThatOfTheNormalApproximation() {
    int n = 400;
    double[] values = new double[n];
    SplittableRandom random = new SplittableRandom(2);
    Arrays.setAll(values, i -> random.nextDouble());
    double mean = Arrays.stream(values).average().orElseThrow();
    double variance = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / n;
    double half = 1.96 * Math.sqrt(variance / n);
    Interval found =
        new Bootstrap(4000, 0.95, 3)
            .intervals(alone(n), times -> new double[] {mean(values, times)})
            .get(0)
            .orElseThrow();
    assertThat(found.lower()).isCloseTo(mean - half, within(0.1 * half));
    assertThat(found.upper()).isCloseTo(mean + half, within(0.1 * half));
  }

  private static double mean(double[] values, int[] times) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      sum += times[i] * values[i];
      count += times[i];
    }
    return sum / count;
  }

  @Test
  void scansOfOnePatientAreNoIndependentEvidence() {
    // 25 patients with 16 equal scans each: as uncertain as 25 values, not as 400.
    double[] values = new double[400];
    List<String> patients = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(4);
    for (int p = 0; p < 25; p++) {
      double value = random.nextDouble();
      for (int s = 0; s < 16; s++) {
        values[p * 16 + s] = value;
        patients.add("p" + p);
      }
    }
    Bootstrap bootstrap = new Bootstrap(1000, 0.95, 5);
    double byPatient = width(bootstrap, patients, values);
    double byScan = width(bootstrap, alone(400), values);
    assertThat(byPatient / byScan).isBetween(3.2, 4.8); // √16 = 4
  }

  private static double width(Bootstrap bootstrap, List<String> units, double[] values) {
    Optional<Interval> found =
        bootstrap.intervals(units, times -> new double[] {mean(values, times)}).get(0);
    return found.orElseThrow().upper() - found.orElseThrow().lower();
  }

  @Test
  void intervalsOfAReportHoldItsValuesAndRepeat() {
    SplittableRandom random = new SplittableRandom(6);
    double[][] targets = new double[120][2];
    double[][] scores = new double[120][2];
    for (int i = 0; i < 120; i++) {
      targets[i] = new double[] {random.nextInt(2), 0};
      scores[i] = new double[] {random.nextDouble() + 0.5 * targets[i][0], random.nextDouble()};
    }
    LabelMatrix labels = new LabelMatrix(List.of("a", "healthy"), targets);
    double[] thresholds = {0.75, 0.5};
    ClassificationReport report = ClassificationReport.of(labels, scores, thresholds);
    Bootstrap bootstrap = new Bootstrap(300, 0.95, 7);
    ClassificationIntervals intervals =
        ClassificationIntervals.of(labels, scores, thresholds, alone(120), bootstrap);
    for (Metric metric : Metric.values()) {
      double value = report.perLabel().get("a").get(metric).orElseThrow();
      Interval interval = intervals.perLabel().get("a").get(metric);
      assertThat(interval.contains(value)).as("%s %s in %s", metric, value, interval).isTrue();
      assertThat(interval.upper() - interval.lower()).isBetween(0.01, 0.4);
    }
    assertThat(intervals.macro().get(Metric.AUROC))
        .isEqualTo(intervals.perLabel().get("a").get(Metric.AUROC));
    assertThat(intervals.perLabel().get("healthy")).doesNotContainKey(Metric.AUROC);
    assertThat(ClassificationIntervals.of(labels, scores, thresholds, alone(120), bootstrap))
        .isEqualTo(intervals);
  }

  @Test
  void percentilesEqualNumpys() {
    // numpy.percentile([1, 2, 4, 8], [0, 2.5, 50, 97.5, 100])
    double[] sorted = {1, 2, 4, 8};
    double[] expected = {1, 1.075, 3, 7.7, 8};
    double[] shares = {0, 0.025, 0.5, 0.975, 1};
    for (int i = 0; i < shares.length; i++) {
      assertThat(Bootstrap.percentile(sorted, shares[i])).isCloseTo(expected[i], within(1e-12));
    }
  }

  @Test
  void wrongInputsAreNamed() {
    LabelMatrix one = new LabelMatrix(List.of("a"), new double[][] {{1}});
    assertThatThrownBy(
            () ->
                ClassificationIntervals.of(
                    one, new double[][] {{1}}, new double[1], alone(2), Bootstrap.defaults()))
        .hasMessage("units must name one unit per sample (1), got 2");
    assertThatThrownBy(() -> new Bootstrap(0, 0.95, 1))
        .hasMessage("Bootstrap.resamples must be > 0, got 0.0");
  }
}
