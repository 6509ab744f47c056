package io.t3d.core.internal.weights;

import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** What stands before the names of an encoder in a larger model's state dict. */
final class Prefixes {
  private static final int LISTED = 5; // names that a message shows

  private Prefixes() {}

  /** Whether some name ends with the anchor, as a whole or behind a dot. */
  static boolean has(Collection<String> names, String anchor) {
    return names.stream().anyMatch(n -> ends(n, anchor));
  }

  /**
   * Finds the prefix.
   *
   * @param names of all tensors
   * @param anchor a name that every such encoder has
   * @param source named in an error
   * @param what the encoder that was expected
   * @return empty, or ends with a dot; of several the shortest
   * @throws IOException when no name ends with the anchor
   */
  static String of(Collection<String> names, String anchor, String source, String what)
      throws IOException {
    return names.stream()
        .filter(n -> ends(n, anchor))
        .min(Comparator.comparingInt(String::length))
        .map(n -> n.substring(0, n.length() - anchor.length()))
        .orElseThrow(
            () -> {
              List<String> some = names.stream().limit(LISTED).toList();
              return new IOException(
                  source
                      + " holds no "
                      + what
                      + ": no tensor is named …"
                      + anchor
                      + ", but "
                      + some);
            });
  }

  private static boolean ends(String name, String anchor) {
    return name.equals(anchor) || name.endsWith("." + anchor);
  }
}
