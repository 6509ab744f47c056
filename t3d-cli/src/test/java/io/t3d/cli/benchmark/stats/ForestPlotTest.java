package io.t3d.cli.benchmark.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

class ForestPlotTest {
  private static ForestPlot plot() {
    ForestPlot plot = new ForestPlot("What <T3D> gains", List.of("T3D − CLIP", "T3D − a&b"), 0.02);
    plot.group(
        "1,120 steps",
        List.of(
            new ForestPlot.Row(
                "zero-shot: AUROC",
                List.of(
                    Optional.of(new Estimate(0.03, 0.02, 0.01, 10)),
                    Optional.of(new Estimate(-0.01, 0.015, 0.2, 10))),
                false),
            new ForestPlot.Row(
                "R@5",
                List.of(Optional.of(new Estimate(-0.01, 0.9, 0.9, 2)), Optional.empty()),
                true)));
    plot.group("none", List.of());
    return plot;
  }

  @Test
  void isWellFormedWithAnIntervalAndANumberPerEstimate() throws Exception {
    String svg = plot().svg();
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
    assertThat(svg)
        .contains("What &lt;T3D&gt; gains", "T3D − a&amp;b", "+0.03 ± 0.02", "−0.01 ± 0.02")
        .contains("class=\"zero\"", "class=\"margin\"", "prefers-color-scheme:dark")
        .doesNotContain("NaN", ">none<", "http://www.w3.org/1999/xlink");
    assertThat(document.getElementsByTagName("circle").getLength()).isEqualTo(2 + 3);
  }

  @Test
  void aWideIntervalIsCutAtTheFrameWithArrows() {
    assertThat(plot().svg()).contains("l-5,-4", "l5,-4");
  }

  @Test
  void moreComparisonsThanColoursAreRefused() {
    assertThatThrownBy(() -> new ForestPlot("t", List.of("1", "2", "3", "4", "5"), 0.02))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 to 4 comparisons, got 5");
    assertThat(new ForestPlot("t", List.of("1"), 0.02).isEmpty()).isTrue();
  }
}
