package io.t3d.serve.view;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.Cookie;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.pipeline.TrainedModel;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in Chromium, which draws with its software WebGL. */
@Tag("browser")
class ViewerPageTest {
  private static final double PATIENCE = 60_000;

  @TempDir static Path dir;
  private static TrainedModel model;
  private static Viewer viewer;
  private static Chromium chromium;

  private Chromium.Tab tab;
  private Page page;

  @BeforeAll
  static void open() throws IOException {
    Map<FindingKind, Double> all = new EnumMap<>(FindingKind.class);
    for (FindingKind kind : FindingKind.values()) {
      all.put(kind, kind == FindingKind.PNEUMOTHORAX ? 0.0 : 1.0);
    }
    PhantomConfig fine = new PhantomConfig(3, 3.2, 20, 0, List.of("LPS"), all);
    PhantomScan phantom = PhantomScan.write(dir, fine, 3);
    model = PhantomScan.untrained();
    viewer = Viewer.start(phantom.settings(), Optional.of(model));
    chromium =
        Chromium.start(
            "--use-gl=angle",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--ignore-gpu-blocklist");
  }

  @AfterAll
  static void close() {
    chromium.close();
    viewer.close();
    model.close();
  }

  @BeforeEach
  void listen() {
    page(1280, 860, ColorScheme.LIGHT);
  }

  private void page(int width, int height, ColorScheme scheme) {
    tab = chromium.open(width, height, scheme);
    page = tab.page();
    page.setDefaultTimeout(PATIENCE);
  }

  @AfterEach
  void nothingLeftTheMachineAndNothingWentWrong() {
    List<Cookie> cookies = page.context().cookies();
    page.close();
    assertThat(tab.requests())
        .isNotEmpty()
        .allSatisfy(
            url ->
                assertThat(url)
                    .satisfiesAnyOf(
                        u -> assertThat(u).startsWith(viewer.address().toString()),
                        u -> assertThat(u).startsWith("data:image/")));
    assertThat(cookies).isEmpty();
    assertThat(tab.complaints().stream().filter(c -> !isOfSoftwareDrawing(c))).isEmpty();
  }

  /** Chromium's remark that reading pixels back from its software renderer is slow. */
  private static boolean isOfSoftwareDrawing(String complaint) {
    return complaint.contains("GPU stall due to ReadPixels");
  }

  private void load() {
    page.navigate(viewer.address().toString());
    page.waitForSelector("body[data-ready=true]");
  }

  @Test
  void aScanWithItsMaskIsDrawnAndASentenceChangesTheOverlay() throws IOException {
    load();
    BufferedImage bare = canvas();
    assertThat(colours(bare)).as("different pixels").isGreaterThan(100);
    assertThat(page.locator("#labels li").count()).isGreaterThan(8);
    assertThat(page.locator("#labels").innerText()).contains("right upper lobe", "ml");

    page.getByLabel("Sentence", exact()).fill("Large left pleural effusion.");
    page.getByText("Show", new Page.GetByTextOptions().setExact(true)).click();
    page.waitForSelector("#heat:not([hidden])");
    BufferedImage heated = canvas();
    assertThat(differing(bare, heated)).as("share of pixels that changed").isGreaterThan(0.02);
    assertThat(page.locator("#heat-text").innerText()).contains("Large left pleural effusion.");
    assertThat(page.locator("#heat-facts").innerText()).contains("2 × 2 × 2 tokens", "mm");
    assertThat(page.locator("#label").innerText()).contains("weight");

    page.waitForSelector("#found li");
    assertThat(page.locator("#found li").count()).isEqualTo(model.prompts().size());
    assertThat(page.locator("#found").innerText()).contains("%", "effusion");
    page.screenshot(new Page.ScreenshotOptions().setPath(Chromium.screenshot("viewer.png")));

    page.getByText("Take away").click();
    assertThat(page.locator("#heat").isVisible()).isFalse();
    assertThat(page.locator("#label").innerText()).doesNotContain("weight");
  }

  private static Page.GetByLabelOptions exact() {
    return new Page.GetByLabelOptions().setExact(true);
  }

  @Test
  void windowsPlanesLabelsAndSlidersWorkFromTheKeyboard() throws IOException {
    load();
    assertThat(page.locator("#level").inputValue()).isEqualTo("40");
    assertThat(page.locator("#width").inputValue()).isEqualTo("400");
    BufferedImage mediastinum = canvas();

    page.locator("input[name=window][value=soft-tissue]").focus();
    page.keyboard().press("ArrowLeft");
    assertThat(page.locator("#level").inputValue()).isEqualTo("-600");
    assertThat(page.locator("#width").inputValue()).isEqualTo("1500");
    BufferedImage lung = canvas();
    assertThat(differing(mediastinum, lung)).isGreaterThan(0.02);

    String before = page.locator("#position").innerText();
    page.getByLabel("Axial", exact()).first().focus();
    for (int i = 0; i < 5; i++) {
      page.keyboard().press("ArrowRight");
    }
    String after = page.locator("#position").innerText();
    assertThat(after).matches("[RL] [\\d.]+ · [AP] [\\d.]+ · [SI] [\\d.]+ mm").isNotEqualTo(before);
    assertThat(page.locator("#value").innerText()).endsWith(" HU");
    BufferedImage moved = canvas();
    assertThat(differing(lung, moved)).isGreaterThan(0.001);

    page.getByText("Hide all").focus();
    page.keyboard().press("Enter");
    BufferedImage noMask = canvas();
    assertThat(differing(moved, noMask)).isGreaterThan(0.01);
    assertThat(coloured(noMask)).isLessThan(coloured(moved) / 3);

    page.locator("input[name=plane]").first().focus();
    page.keyboard().press("ArrowRight");
    assertThat(differing(noMask, canvas())).isGreaterThan(0.05);
    page.screenshot(new Page.ScreenshotOptions().setPath(Chromium.screenshot("viewer-axial.png")));
  }

  @Test
  void allFieldsHaveNamesAndNothingIsCutOffAt400Pixels() throws IOException {
    page.close();
    page(400, 800, ColorScheme.DARK);
    load();
    page.waitForSelector("#found li");
    assertThat(page.evaluate("document.documentElement.scrollWidth")).isEqualTo(400);
    assertThat(colours(canvas())).isGreaterThan(100);
    assertThat(
            page.evaluate(
                "[...document.querySelectorAll('input, button')].filter(e =>"
                    + " !(e.labels && e.labels.length) && !e.textContent.trim()).map(e => e.id)"))
        .isEqualTo(List.of());
    page.screenshot(
        new Page.ScreenshotOptions()
            .setFullPage(true)
            .setPath(Chromium.screenshot("viewer-narrow.png")));
  }

  @Test
  void aProblemOfTheServerIsShownAsText() {
    load();
    page.route(
        "**/relevance",
        route ->
            route.fulfill(
                new com.microsoft.playwright.Route.FulfillOptions()
                    .setStatus(422)
                    .setContentType("application/problem+json")
                    .setBody("{\"detail\": \"the text <b>is</b> too long\"}")));
    page.getByLabel("Sentence", exact()).fill("Any.");
    page.keyboard().press("Enter");
    page.waitForSelector("#error:not([hidden])");
    assertThat(page.locator("#error").innerText()).isEqualTo("the text <b>is</b> too long");
    assertThat(page.locator("#heat").isVisible()).isFalse();
    tab.complaints().removeIf(c -> c.contains("422")); // the browser's own line on the status
  }

  private BufferedImage canvas() throws IOException {
    Locator drawn = page.locator("#canvas");
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    return ImageIO.read(new ByteArrayInputStream(drawn.screenshot()));
  }

  private static long colours(BufferedImage image) {
    return pixels(image).distinct().count();
  }

  private static java.util.stream.IntStream pixels(BufferedImage image) {
    int[] rgb = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    return java.util.Arrays.stream(rgb);
  }

  /** How many pixels are far from grey. */
  private static long coloured(BufferedImage image) {
    return pixels(image)
        .filter(
            p -> {
              int r = p >> 16 & 0xff;
              int g = p >> 8 & 0xff;
              int b = p & 0xff;
              return Math.max(r, Math.max(g, b)) - Math.min(r, Math.min(g, b)) > 40;
            })
        .count();
  }

  private static double differing(BufferedImage a, BufferedImage b) {
    int[] one = pixels(a).toArray();
    int[] other = pixels(b).toArray();
    assertThat(one).hasSameSizeAs(other);
    int count = 0;
    for (int i = 0; i < one.length; i++) {
      count += one[i] == other[i] ? 0 : 1;
    }
    return (double) count / one.length;
  }
}
