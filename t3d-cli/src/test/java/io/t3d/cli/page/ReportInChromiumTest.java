package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import io.t3d.core.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The quickstart's page in Chromium: fits, can be read in both schemes, loads nothing. */
@Tag("browser")
class ReportInChromiumTest {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path SCREENSHOTS = Path.of("target/screenshots");

  /** WCAG 2.1's contrast of each text with the first opaque ground below it; the lowest ones. */
  private static final String LOW_CONTRAST =
      """
      () => {
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
          if (!walk.currentNode.data.trim() || e.closest('style')) continue;
          seen++;
          const style = getComputedStyle(e);
          const text = light(parse(e.closest('svg') ? style.fill : style.color));
          const below = light(ground(e));
          const ratio = (Math.max(text, below) + 0.05) / (Math.min(text, below) + 0.05);
          if (ratio < 4.5) low.push(ratio.toFixed(2) + ' ' + walk.currentNode.data.trim().slice(0, 40));
        }
        return seen > 100 ? low : ['only ' + seen + ' texts'];
      }
      """;

  @TempDir static Path dir;
  private static Path report;
  private static Playwright playwright;
  private static Browser browser;

  @BeforeAll
  static void open() throws IOException {
    Quickstart quickstart = new Quickstart(dir.resolve("out"), 60, 1, 7);
    quickstart.writeData();
    quickstart.run(new TrainingListener() {});
    report = dir.resolve("out/report.html");
    assertThat(CHROMIUM).as("apt-get install chromium").isExecutable();
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(CHROMIUM)
                    .setArgs(
                        List.of(
                            "--no-sandbox",
                            "--disable-gpu",
                            "--disable-quic",
                            "--no-first-run",
                            "--disable-background-networking",
                            "--disable-component-update",
                            "--disable-sync")));
    Files.createDirectories(SCREENSHOTS);
  }

  @AfterAll
  static void close() {
    playwright.close();
  }

  @ParameterizedTest
  @CsvSource({"1280, LIGHT", "1280, DARK", "400, LIGHT", "400, DARK"})
  void theReportFitsAndCanBeRead(int width, ColorScheme scheme) {
    List<String> requests = new ArrayList<>();
    List<String> complaints = new ArrayList<>();
    Page page =
        browser.newPage(
            new Browser.NewPageOptions().setViewportSize(width, 900).setColorScheme(scheme));
    page.onRequest(request -> requests.add(request.url()));
    page.onConsoleMessage(message -> complaints.add(message.text()));
    page.onPageError(complaints::add);

    page.navigate(report.toUri().toString());
    page.screenshot(
        new Page.ScreenshotOptions()
            .setPath(SCREENSHOTS.resolve("report-" + width + "-" + scheme + ".png"))
            .setFullPage(true));

    assertThat(complaints).isEmpty();
    // Pictures are part of the page.
    assertThat(requests)
        .allMatch(url -> url.equals(report.toUri().toString()) || url.startsWith("data:"));
    assertThat(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        .as("what sticks out to the right, in pixels")
        .isEqualTo(0);
    assertThat((List<?>) page.evaluate(LOW_CONTRAST)).as("texts of low contrast").isEmpty();
    Object narrow =
        page.evaluate(
            "[...document.images].filter(i => !i.complete || i.naturalWidth < 900).length");
    assertThat(narrow).as("pictures of fewer than 300 pixels a plane").isEqualTo(0);
    assertThat(page.evaluate("document.images.length")).as("pictures").isNotEqualTo(0);
    assertThat(page.title()).isEqualTo("T3D quickstart on phantom CT");
    page.close();
  }
}
