package io.t3d.cli.page.part;

import io.t3d.core.train.Provenance;
import java.util.stream.Collectors;

/**
 * How a page was made.
 *
 * @param command that made it
 * @param versions of the program and of what it stands on
 * @param settings as YAML
 */
public record Made(String command, String versions, String settings) {
  /** By this program. */
  public static Made by(String command, String settings) {
    String versions =
        Provenance.findVersions().entrySet().stream()
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    return new Made(command, versions, settings);
  }
}
