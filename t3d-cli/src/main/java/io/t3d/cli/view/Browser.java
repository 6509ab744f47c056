package io.t3d.cli.view;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.util.List;
import java.util.Locale;

/** The user's browser. {@code ./t3d} runs without a display of its own, so a program opens it. */
final class Browser {
  private Browser() {}

  /** Opens an address; where there is no browser nothing happens, as the address was printed. */
  static void open(URI address) {
    try {
      new ProcessBuilder(command(System.getProperty("os.name"), address))
          .redirectOutput(Redirect.DISCARD)
          .redirectError(Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      // No such program: a server without a desktop.
    }
  }

  static List<String> command(String system, URI address) {
    String name = system.toLowerCase(Locale.ROOT);
    if (name.startsWith("mac")) {
      return List.of("open", address.toString());
    }
    return name.startsWith("windows")
        ? List.of("rundll32", "url.dll,FileProtocolHandler", address.toString())
        : List.of("xdg-open", address.toString());
  }
}
