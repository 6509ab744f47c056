package io.t3d.data.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A manifest has problems: all of them, found in one go. Row numbers, but no patient ids. */
public class ManifestException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 20;

  private final transient List<String> problems;

  /**
   * Lists the first 20 problems in the message.
   *
   * @param file the manifest
   * @param problems at least one
   */
  public ManifestException(Path file, List<String> problems) {
    super(message(file, problems));
    this.problems = List.copyOf(problems);
  }

  /** All problems, also those beyond the message's first 20. */
  public List<String> problems() {
    return problems;
  }

  private static String message(Path file, List<String> problems) {
    int count = problems.size();
    StringBuilder text = new StringBuilder();
    text.append(file).append(": ").append(count).append(count == 1 ? " problem" : " problems");
    problems.stream().limit(SHOWN).forEach(p -> text.append("\n  ").append(p));
    if (count > SHOWN) {
      text.append("\n  … and ").append(count - SHOWN).append(" more");
    }
    return text.toString();
  }
}
