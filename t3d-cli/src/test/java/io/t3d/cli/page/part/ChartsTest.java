package io.t3d.cli.page.part;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
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
    // Every tenth says 0.8 and has 2 positives, or none.
    assertThat(Charts.calibrationError(truth, half)).isCloseTo(0.5, within(1e-12));
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
