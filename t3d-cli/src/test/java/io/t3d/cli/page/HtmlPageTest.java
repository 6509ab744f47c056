package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HtmlPageTest {
  @Test
  void textIsEscapedEverywhere() {
    String html =
        new HtmlPage("<t>")
            .heading("<h>")
            .paragraph("<p>")
            .code("<c>")
            .table(List.of("<a>"), List.of(List.of("<b>")))
            .picture("<i>", new byte[] {1})
            .html();
    for (String tag : List.of("<t>", "<h>", "<c>", "<a>", "<i>")) {
      assertThat(html).doesNotContain(tag).contains("&lt;" + tag.charAt(1) + "&gt;");
    }
    assertThat(html).contains("<p>&lt;p&gt;</p>").contains("<td>&lt;b&gt;</td>");
  }

  @Test
  void curvesSpanTheChartAndLeaveOutWhatIsNotFinite() {
    List<double[]> points =
        List.of(new double[] {0, 4}, new double[] {1, Double.NaN}, new double[] {2, 2});
    String html =
        new HtmlPage("t").curves("steps", List.of(new HtmlPage.Curve("loss", points))).html();
    // The highest value lies at the top of the chart, the lowest on its axis.
    assertThat(html).contains("points=\"62.0,8.0 552.0,216.0\"");
    assertThat(html).contains("4.00").contains("2.00").contains("loss");
  }

  @Test
  void barsShowChanceAndTellWhatIsUndefined() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("nodule", 0.8);
    values.put("rare", Double.NaN);
    String html = new HtmlPage("t").bars(values, 0.5).html();
    assertThat(html).contains("width:80.0%", "left:50.0%", "0.800", "–");
  }

  @Test
  void aChartWithoutPointsSaysSo() {
    assertThat(new HtmlPage("t").curves("steps", List.of()).html()).contains("No points to draw.");
  }
}
