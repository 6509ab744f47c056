package io.t3d.cli.page.part;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every part of a page with texts that would break out of it. */
class PagesTest {
  private static final String EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
  private static final Svg DRAWING = new Svg("<svg><path d=\"M0,0\"/></svg>");
  private static final Table TABLE =
      new Table(List.of(EVIL, "n"), List.of(List.of(EVIL, "0.713 ± 0.021")));
  private static final Picture PICTURE = new Picture(EVIL, new byte[] {1, 2, 3});

  static Stream<Arguments> parts() {
    Optional<Classification.Curves> curves =
        Optional.of(new Classification.Curves(DRAWING, DRAWING, EVIL));
    return Stream.of(
        Arguments.of("part/table.jte", TABLE),
        Arguments.of("part/picture.jte", PICTURE),
        Arguments.of("part/bars.jte", List.of(new Bar(EVIL, 0.5))),
        Arguments.of("part/chart.jte", new LineChart(Optional.of(DRAWING), List.of(EVIL))),
        Arguments.of(
            "part/classification.jte",
            new Classification(EVIL, DRAWING, List.of(EVIL), TABLE, curves)),
        Arguments.of("part/retrieval.jte", new Retrieval(3, EVIL, TABLE)),
        Arguments.of("part/example.jte", new Example(List.of(PICTURE), List.of(TABLE))),
        Arguments.of("part/made.jte", new Made(EVIL, EVIL, EVIL)));
  }

  @ParameterizedTest
  @MethodSource("parts")
  void textIsEscapedInEveryPart(String template, Object model) {
    assertEscaped(Pages.html(template, model));
  }

  static void assertEscaped(String html) {
    assertThat(html)
        .contains("&lt;script&gt;alert(1)")
        .doesNotContain("<script", "<img src=x", "\"'>");
  }

  @Test
  void aTextCannotLeaveItsAttribute() {
    assertThat(Pages.html("part/picture.jte", PICTURE))
        .startsWith("<figure><img alt=\"&#34;&#39;")
        .contains("src=\"data:image/png;base64,AQID\"");
  }

  @Test
  void drawingsAreTakenAsTheyAre() {
    assertThat(Pages.html("part/drawing.jte", DRAWING)).contains(DRAWING.markup());
  }

  @Test
  void noTemplateWritesTextUnescaped() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/jte"))) {
      List<Path> templates = files.filter(f -> f.toString().endsWith(".jte")).toList();
      assertThat(templates).hasSizeGreaterThan(10);
      for (Path template : templates) {
        assertThat(template).content().doesNotContain("$unsafe");
      }
    }
  }

  @Test
  void numbersAreNotBrokenOverLines() {
    assertThat(Pages.html("part/table.jte", TABLE))
        .contains("<td class=\"number\">0.713 ± 0.021</td>");
    assertThat(Table.isNumber("−0.5 (0.1–0.2)")).isTrue();
    assertThat(Table.isNumber("nodule")).isFalse();
    assertThat(Table.isNumber("")).isFalse();
  }

  @Test
  void barsHaveTheirLengthAndTellWhatIsUndefined() {
    assertThat(
            Pages.html(
                "part/bars.jte", List.of(new Bar("nodule", 0.8), new Bar("rare", Double.NaN))))
        .contains("width:80.0%", "0.800", "width:0%", "–");
  }

  @Test
  void aChartWithoutPointsSaysSo() {
    assertThat(Pages.html("part/chart.jte", new LineChart(Optional.empty(), List.of())))
        .contains("No points to draw.");
  }

  @Test
  void aPageIsWrittenAsAWhole(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("page.html");
    Pages.write(file, "part/made.jte", new Made("./t3d x", "t3d 1", "a: b\n"));
    assertThat(file).content().contains("<pre>./t3d x\nt3d 1</pre>");
  }
}
