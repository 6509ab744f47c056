package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The machine as the search for CUDA sees it; a test gives a folder in the place of {@code /}.
 *
 * @param root what absolute paths are below
 * @param environment variables
 * @param properties system properties by name
 * @param loaderCache what {@code ldconfig -p} prints: the libraries that the dynamic loader knows
 */
public record Host(
    Path root,
    Map<String, String> environment,
    Function<String, Optional<String>> properties,
    Supplier<String> loaderCache) {
  private static final long LDCONFIG_SECONDS = 10;

  /** This machine. */
  public static Host current() {
    return new Host(
        Path.of("/"),
        System.getenv(),
        name -> Optional.ofNullable(System.getProperty(name)),
        Host::ldconfig);
  }

  /** A file or folder of this machine by its absolute path. */
  Path path(String absolute) {
    return root.resolve(absolute.substring(1));
  }

  Optional<String> property(String name) {
    return properties.apply(name).filter(value -> !value.isBlank());
  }

  /** A variable, or the system property of that name where there is none: as DJL reads them. */
  Optional<String> setting(String name) {
    return variable(name).or(() -> property(name));
  }

  Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
  }

  /** The folders of a list as of {@code PATH}; relative ones are left out. */
  List<Path> folders(String list) {
    return Arrays.stream(list.split(":"))
        .filter(each -> each.startsWith("/"))
        .map(this::belowRoot)
        .toList();
  }

  /** A path that the user or a tool gave: below the root, unless it is there already. */
  Path belowRoot(String absolute) {
    Path given = Path.of(absolute);
    return given.startsWith(root) ? given : path(absolute);
  }

  /** The entries of a folder in the order of their names; none where it cannot be read. */
  static List<Path> entries(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static String ldconfig() {
    for (String command : List.of("/sbin/ldconfig", "/usr/sbin/ldconfig")) {
      if (Files.isExecutable(Path.of(command))) {
        return output(command, "-p");
      }
    }
    return "";
  }

  /** What a command prints; nothing when it fails: the other places are looked at all the same. */
  private static String output(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor(LDCONFIG_SECONDS, TimeUnit.SECONDS) ? text : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
