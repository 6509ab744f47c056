package io.t3d.serve.view;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Debian's Chromium for tests tagged {@code browser}, which fail where it is missing. The tests of
 * {@code t3d-cli} use this file, too.
 */
public final class Chromium implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/bin/chromium");
  private static final Path SCREENSHOTS = Path.of("target/screenshots");
  private static final List<String> QUIET =
      List.of(
          "--no-sandbox",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync");

  private final Playwright playwright;
  private final Browser browser;

  private Chromium(Playwright playwright, Browser browser) {
    this.playwright = playwright;
    this.browser = browser;
  }

  /** Starts it with further arguments, for pages that need no WebGL {@code --disable-gpu}. */
  public static Chromium start(String... further) throws IOException {
    assertThat(PROGRAM).as("apt-get install chromium").isExecutable();
    Playwright playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    Browser browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(PROGRAM)
                    .setArgs(Stream.concat(QUIET.stream(), Stream.of(further)).toList()));
    Files.createDirectories(SCREENSHOTS);
    return new Chromium(playwright, browser);
  }

  /** An empty page and what happens in it. */
  public Tab open(int width, int height, ColorScheme scheme) {
    return new Tab(
        browser.newPage(
            new Browser.NewPageOptions().setViewportSize(width, height).setColorScheme(scheme)));
  }

  /** Where a screenshot goes. */
  public static Path screenshot(String name) {
    return SCREENSHOTS.resolve(name);
  }

  @Override
  public void close() {
    playwright.close();
  }

  /** A page with the addresses it asked for, and the errors and warnings of its console. */
  public static final class Tab implements AutoCloseable {
    private final Page page;
    private final List<String> requests = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();

    private Tab(Page page) {
      this.page = page;
      page.onRequest(request -> requests.add(request.url()));
      page.onConsoleMessage(
          message -> {
            if (message.type().equals("error") || message.type().equals("warning")) {
              complaints.add(message.text());
            }
          });
      page.onPageError(complaints::add);
    }

    /** The page. */
    public Page page() {
      return page;
    }

    /** Addresses that were asked for, in order. */
    public List<String> requests() {
      return requests;
    }

    /** Errors and warnings. */
    public List<String> complaints() {
      return complaints;
    }

    @Override
    public void close() {
      page.close();
    }
  }
}
