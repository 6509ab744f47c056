package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.page.part.Pages;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WholePagesTest {
  private static final String EVIL = "\"'></title></style></pre><script>alert(1)</script>`${x}";

  @ParameterizedTest
  @ValueSource(
      strings = {"results.jte", "evaluation.jte", "dataset.jte", "compare.jte", "benchmark.jte"})
  void noTextBreaksOutOfItsPlace(String template) {
    String html = Pages.html(template, PageModels.with(EVIL).get(template));
    assertThat(html)
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        .doesNotContain("<script", "\"'>", "@template", "NaN");
    assertThat(Pattern.compile("</(title|pre)>").matcher(html).results().map(r -> r.group(1)))
        .as("what closes is what the templates opened")
        .hasSize((int) Pattern.compile("<(title|pre)>").matcher(html).results().count());
    assertThat(html).startsWith("<!doctype html>").containsOnlyOnce("<h1>").contains("</html>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"results.jte", "evaluation.jte", "dataset.jte", "compare.jte", "benchmark.jte"})
  void allOfAModelIsShown(String template) {
    String html = Pages.html(template, PageModels.with("lorem").get(template));
    assertThat(html).contains("lorem", "<svg", "0.713 (0.650–0.771)");
    assertThat(PageModels.with("x").keySet())
        .isEqualTo(
            Set.of("results.jte", "evaluation.jte", "dataset.jte", "compare.jte", "benchmark.jte"));
  }
}
