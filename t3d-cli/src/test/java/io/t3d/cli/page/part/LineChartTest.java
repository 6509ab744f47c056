package io.t3d.cli.page.part;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LineChartTest {
  private static final List<double[]> POINTS =
      List.of(new double[] {0, 4}, new double[] {1, Double.NaN}, new double[] {2, 2});

  @Test
  void curvesSpanTheChartAndLeaveOutWhatIsNotFinite() {
    LineChart chart = LineChart.of("steps", "loss", List.of(new LineChart.Curve("a", POINTS)));
    // The highest value lies at the top of the chart, the lowest on its axis.
    assertThat(chart.drawing().orElseThrow().markup())
        .contains("points=\"62.0,8.0 552.0,216.0\"")
        .contains("4.00", "2.00", "aria-label=\"loss over steps\"");
    assertThat(chart.legend()).containsExactly("a");
  }

  @Test
  void labelsOfAxesAreEscaped() {
    LineChart chart =
        LineChart.of(
            "<script>x</script>",
            "\"><script>y</script>",
            List.of(new LineChart.Curve("a", POINTS)));
    assertThat(chart.drawing().orElseThrow().markup())
        .contains("&lt;script&gt;x", "&quot;&gt;&lt;script&gt;y")
        .doesNotContain("<script");
  }

  @Test
  void aChartWithoutPointsHasNoDrawing() {
    LineChart.Curve nothing = new LineChart.Curve("a", List.of(new double[] {0, Double.NaN}));
    assertThat(LineChart.of("steps", "loss", List.of(nothing)).drawing()).isEmpty();
  }

  private static List<String> ticks(double low, double high) {
    LineChart.Curve curve =
        new LineChart.Curve("a", List.of(new double[] {0, low}, new double[] {100, high}));
    String svg = LineChart.of("steps", "loss", List.of(curve)).drawing().orElseThrow().markup();
    return Pattern.compile("text-anchor=\"end\">([^<]+)<")
        .matcher(svg)
        .results()
        .map(found -> found.group(1))
        .filter(text -> !text.equals("100")) // the last of the other axis
        .toList();
  }

  @Test
  void ticksTellNarrowRangesApart() {
    assertThat(ticks(5.12, 5.13)).doesNotHaveDuplicates().hasSize(5).contains("5.120", "5.130");
    assertThat(ticks(0.91, 0.925)).doesNotHaveDuplicates().hasSize(5).contains("0.910", "0.925");
    assertThat(ticks(0, 1e-4))
        .containsExactly("0.0e+00", "2.5e-05", "5.0e-05", "7.5e-05", "1.0e-04");
    assertThat(ticks(1e-4, 1.01e-4)).doesNotHaveDuplicates().hasSize(5).startsWith("1.000e-04");
    assertThat(ticks(0, 800)).containsExactly("0", "200", "400", "600", "800");
  }

  @Test
  void aConstantLearningRateIsNotShownAsZero() {
    assertThat(ticks(1.5e-4, 1.5e-4)).hasSize(5).containsOnly("1.50e-04");
    assertThat(ticks(3, 3)).containsOnly("3.00");
    assertThat(ticks(0, 0)).containsOnly("0.00");
  }

  @Test
  void smoothingIsAnExponentialMeanThatStartsAtTheFirstFiniteValue() {
    List<double[]> smooth =
        new LineChart.Curve(
                "a",
                List.of(
                    new double[] {1, Double.NaN},
                    new double[] {2, 10},
                    new double[] {3, 0},
                    new double[] {4, Double.POSITIVE_INFINITY},
                    new double[] {5, 9}))
            .smoothed()
            .points();
    assertThat(smooth.stream().map(p -> p[0])).containsExactly(2.0, 3.0, 5.0);
    assertThat(smooth.get(0)[1]).isEqualTo(10);
    assertThat(smooth.get(1)[1]).isCloseTo(9, within(1e-12));
    assertThat(smooth.get(2)[1]).isCloseTo(9, within(1e-12));
  }
}
