package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import io.t3d.cli.command.CommandRun;
import io.t3d.cli.page.part.Pages;
import io.t3d.core.train.TrainingListener;
import io.t3d.serve.view.Chromium;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages in Chromium: they fit, can be read in both schemes, load nothing. */
@Tag("browser")
class PagesInChromiumTest {
  /** WCAG 2.1's contrast of each text with the first opaque ground below it; the lowest ones. */
  private static final String LOW_CONTRAST =
      """
      least => {
        const parse = c => c.match(/[\\d.]+/g).map(Number);
        const part = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
        const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
        const ground = e => {
          for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c;
          }
          return [255, 255, 255];
        };
        const low = [];
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        let seen = 0;
        while (walk.nextNode()) {
          const e = walk.currentNode.parentElement;
          if (!walk.currentNode.data.trim() || e.closest('style, title')) continue;
          seen++;
          const style = getComputedStyle(e);
          const text = light(parse(e.closest('svg') ? style.fill : style.color));
          const below = light(ground(e));
          const ratio = (Math.max(text, below) + 0.05) / (Math.min(text, below) + 0.05);
          if (ratio < 4.5) low.push(ratio.toFixed(2) + ' ' + walk.currentNode.data.trim().slice(0, 40));
        }
        return seen >= least ? low : ['only ' + seen + ' texts'];
      }
      """;

  @TempDir static Path dir;
  private static final Map<String, Path> pages = new LinkedHashMap<>();
  private static Chromium chromium;

  @BeforeAll
  static void open() throws IOException {
    Path out = dir.resolve("out");
    Quickstart quickstart = new Quickstart(out, 60, 1, 7);
    quickstart.writeData();
    quickstart.run(new TrainingListener() {});
    pages.put("report", out.resolve("report.html"));
    pages.put("evaluate", dir.resolve("evaluate.html"));
    CommandRun run =
        CommandRun.of(
            "evaluate",
            "--checkpoint",
            out,
            "--manifest",
            quickstart.data().resolve("manifest.csv"),
            "--page",
            pages.get("evaluate"));
    assertThat(run.exitCode()).as(run.err()).isZero();
    // Long words and every part, of pages that take hours to make.
    String text = "pericardial_effusion_and_cardiomegaly <script>alert(1)</script> “a sentence”";
    PageModels.with(text)
        .forEach(
            (template, model) -> {
              Path file = dir.resolve(template + ".html");
              try {
                Pages.write(file, template, model);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
              pages.put(template, file);
            });
    chromium = Chromium.start("--disable-gpu");
  }

  @AfterAll
  static void close() {
    chromium.close();
  }

  @ParameterizedTest
  @CsvSource({"1280, LIGHT", "1280, DARK", "400, LIGHT", "400, DARK"})
  void pagesFitAndCanBeRead(int width, ColorScheme scheme) {
    pages.forEach((name, file) -> fits(name, file, width, scheme));
    try (Chromium.Tab tab = chromium.open(width, 900, scheme)) {
      tab.page().navigate(pages.get("report").toUri().toString());
      assertThat(tab.page().title()).isEqualTo("T3D quickstart on phantom CT");
      assertThat(tab.page().evaluate("document.images.length")).as("pictures").isNotEqualTo(0);
    }
  }

  private static void fits(String name, Path file, int width, ColorScheme scheme) {
    try (Chromium.Tab tab = chromium.open(width, 900, scheme)) {
      Page page = tab.page();
      page.navigate(file.toUri().toString());
      page.screenshot(
          new Page.ScreenshotOptions()
              .setPath(Chromium.screenshot(name + "-" + width + "-" + scheme + ".png"))
              .setFullPage(true));

      assertThat(tab.complaints()).as(name).isEmpty();
      // Pictures are part of the page.
      assertThat(tab.requests())
          .as(name)
          .allMatch(url -> url.equals(file.toUri().toString()) || url.startsWith("data:"));
      assertThat(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
          .as(name + ": what sticks out to the right, in pixels")
          .isEqualTo(0);
      assertThat((List<?>) page.evaluate(LOW_CONTRAST, name.contains("jte") ? 20 : 100))
          .as(name + ": texts of low contrast")
          .isEmpty();
      Object narrow =
          page.evaluate(
              "[...document.images].filter(i => !i.complete || i.naturalWidth < 900).length");
      assertThat(narrow).as(name + ": pictures of fewer than 300 pixels a plane").isEqualTo(0);
    }
  }
}
