package io.t3d.cli.view;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The user's browser, sent to an address through a file that nobody else can read: on most systems
 * the command lines of programs can be seen by all users, and with them the token in the address.
 *
 * <p>{@code ./t3d} runs without a display of its own, so the system's program opens the file.
 */
final class Browser implements AutoCloseable {
  private final Path page;

  private Browser(Path page) {
    this.page = page;
  }

  /** Writes the file, in a folder of its own that only this user can enter. */
  static Browser at(URI address) throws IOException {
    Path page = Files.createTempDirectory("t3d-view").resolve("open.html");
    Files.writeString(
        page,
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">"
            + "<meta http-equiv=\"refresh\" content=\"0;url="
            + address
            + "\"><title>t3d view</title>\n");
    return new Browser(page);
  }

  /** The file that leads to the address. */
  Path page() {
    return page;
  }

  /** Opens the browser; where there is none nothing happens, as the address was printed. */
  void open() {
    try {
      new ProcessBuilder(command(System.getProperty("os.name"), page))
          .redirectOutput(Redirect.DISCARD)
          .redirectError(Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      // No such program: a server without a desktop.
    }
  }

  static List<String> command(String system, Path page) {
    String name = system.toLowerCase(Locale.ROOT);
    if (name.startsWith("mac")) {
      return List.of("open", page.toString());
    }
    return name.startsWith("windows")
        ? List.of("rundll32", "url.dll,FileProtocolHandler", page.toString())
        : List.of("xdg-open", page.toString());
  }

  /** Deletes the file. */
  @Override
  public void close() throws IOException {
    Files.deleteIfExists(page);
    Files.deleteIfExists(page.getParent());
  }
}
