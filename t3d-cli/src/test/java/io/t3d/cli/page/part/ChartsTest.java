package io.t3d.cli.page.part;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChartsTest {
  private static final boolean[] TRUTH = {true, false, true, false};

  @Test
  void aPerfectScoreIsSensitiveFromTheStartOn() {
    double[] score = {0.9, 0.1, 0.8, 0.2};
    double[] rates = Charts.rates(TRUTH, score, new int[] {0, 2, 3, 1}, new int[] {1, 1, 1, 1});
    // The curve rises at a false positive rate of 0, and its value there is that of its upper end.
    for (double rate : rates) {
      assertThat(rate).isEqualTo(1);
    }
  }

  @Test
  void tiesAreADiagonal() {
    double[] rates =
        Charts.rates(TRUTH, new double[4], new int[] {0, 1, 2, 3}, new int[] {1, 1, 1, 1});
    for (int i = 0; i < rates.length; i++) {
      assertThat(rates[i]).isCloseTo(i / 20.0, within(1e-12));
    }
  }

  @Test
  void volumesThatAreDrawnTwiceCountTwice() {
    double[] score = {0.9, 0.8, 0.7, 0.1}; // positive, negative, positive, negative
    double[] once = Charts.rates(TRUTH, score, new int[] {0, 1, 2, 3}, new int[] {1, 1, 1, 1});
    double[] twice = Charts.rates(TRUTH, score, new int[] {0, 1, 2, 3}, new int[] {3, 1, 1, 1});
    assertThat(once[5]).isEqualTo(0.5); // at a false positive rate of 0.25
    assertThat(twice[5]).isEqualTo(0.75);
  }

  @Test
  void aDrawOfOneClassHasNoRates() {
    double[] rates =
        Charts.rates(TRUTH, new double[4], new int[] {0, 1, 2, 3}, new int[] {1, 0, 1, 0});
    assertThat(rates).containsOnly(Double.NaN);
  }

  @Test
  void calibrationIsTheDistanceFromWhatCameTrue() {
    boolean[] truth = new boolean[20];
    double[] sure = new double[20];
    for (int i = 0; i < 20; i++) {
      truth[i] = i < 10;
      sure[i] = truth[i] ? 1 : 0;
    }
    assertThat(Charts.calibrationError(truth, sure)).isZero();
    double[] half = new double[20];
    java.util.Arrays.fill(half, 0.8);
    // All say 0.8, and half of them are positive.
    assertThat(Charts.calibrationError(truth, half)).isCloseTo(0.3, within(1e-12));
  }

  @Test
  void tenthsOfDifferentProbabilitiesHaveEqualCounts() {
    boolean[] truth = new boolean[30];
    double[] probability = new double[30];
    double expected = 0;
    for (int b = 0; b < 10; b++) {
      double difference = 0;
      for (int i = 3 * b; i < 3 * b + 3; i++) {
        truth[i] = i % 7 < 3;
        probability[i] = (i + 0.5) / 31;
        difference += probability[i] - (truth[i] ? 1 : 0);
      }
      expected += Math.abs(difference);
    }
    assertThat(Charts.calibrationError(truth, probability)).isEqualTo(expected / 30);
    String svg = Charts.calibration(truth, probability).markup();
    assertThat(svg.split("class=\"dot\"", -1)).hasSize(11);
  }

  @Test
  void calibrationIsTheSameInAnyOrderOfTheRows() {
    int n = 97;
    boolean[] truth = new boolean[n];
    double[] probability = new double[n];
    Random random = new Random(5);
    for (int i = 0; i < n; i++) {
      truth[i] = random.nextBoolean();
      probability[i] = random.nextInt(13) / 13.0; // many ties, across the edges of tenths too
    }
    double error = Charts.calibrationError(truth, probability);
    Svg chart = Charts.calibration(truth, probability);
    List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
    for (int shuffle = 0; shuffle < 20; shuffle++) {
      Collections.shuffle(order, random);
      boolean[] shuffledTruth = new boolean[n];
      double[] shuffled = new double[n];
      for (int i = 0; i < n; i++) {
        shuffledTruth[i] = truth[order.get(i)];
        shuffled[i] = probability[order.get(i)];
      }
      assertThat(Charts.calibrationError(shuffledTruth, shuffled)).isEqualTo(error);
      assertThat(Charts.calibration(shuffledTruth, shuffled)).isEqualTo(chart);
    }
  }

  @Test
  void wilsonsIntervalIsThePublishedOne() {
    // 15 of 20: 0.531 to 0.888 (Agresti and Coull 1998, by its formula).
    assertThat(Charts.wilson(15, 20)[0]).isCloseTo(0.531, within(5e-4));
    assertThat(Charts.wilson(15, 20)[1]).isCloseTo(0.888, within(5e-4));
  }

  @Test
  void whiskersNameEachValueEscaped() {
    String svg =
        Charts.whiskers(
                List.of(
                    new Charts.Whisker("<b>", 0.75, Optional.of(0.7), Optional.of(0.8)),
                    new Charts.Whisker("rare", 0.5, Optional.empty(), Optional.empty())),
                0.5)
            .markup();
    assertThat(svg).contains("&lt;b&gt;", "0.750", "rare", "class=\"mark\"").doesNotContain("<b>");
    assertThat(svg.split("class=\"dot\"", -1)).hasSize(3);
    assertThat(svg.split("class=\"mark\"", -1)).hasSize(2);
  }

  @Test
  void aRocChartHasALineAndABand() {
    String svg =
        Charts.roc(
                "nodule",
                new boolean[] {true, true, true, false, false, false},
                new double[] {.9, .8, .3, .4, .2, .1},
                List.of("a", "b", "c", "d", "e", "f"))
            .markup();
    assertThat(svg).contains("class=\"mark\"", "class=\"band\"", "nodule").doesNotContain("NaN");
  }

  @Test
  void aRocChartOfOneClassSaysSo() {
    String svg =
        Charts.roc("rare", new boolean[2], new double[] {.2, .1}, List.of("a", "b")).markup();
    assertThat(svg).contains("one class only").doesNotContain("NaN");
  }

  @Test
  void rangesReachFromTheLeastToTheMostOnOneAxis() {
    String svg =
        Charts.ranges(
                "spacing", List.of(new Charts.Range("<x>", List.of(0.0, 0.5, 1.0, 1.5, 2.0))), "mm")
            .markup();
    assertThat(svg)
        .contains("class=\"mark\" d=\"M150.0,16.0 H500.0\"")
        .contains("class=\"range\" d=\"M237.5,16.0 H412.5\"")
        .contains("cx=\"325.0\"", "2.0 mm", "&lt;x&gt;")
        .doesNotContain("<x>");
  }

  @Test
  void longNamesHaveRoomAndVeryLongOnesAreCut() {
    String svg =
        Charts.whiskers(
                List.of(
                    new Charts.Whisker("x".repeat(60), 0.5, Optional.empty(), Optional.empty())),
                0.5)
            .markup();
    assertThat(svg).contains("viewBox=\"0 0 714 ", ">" + "x".repeat(47) + "…<");
  }
}
