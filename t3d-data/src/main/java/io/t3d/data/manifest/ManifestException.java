package io.t3d.data.manifest;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.data.internal.Problems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A manifest is invalid; the message lists all of its problems. Row numbers, but no patient ids.
 */
public class ManifestException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  /**
   * Lists the first 20 problems in the message.
   *
   * @param file the manifest
   * @param problems at least one
   */
  public ManifestException(Path file, List<String> problems) {
    super(file + ": " + Problems.count(problems) + Problems.list(problems));
    this.problems = List.copyOf(problems);
  }

  /** All problems, also those beyond the message's first 20. */
  public List<String> problems() {
    return problems;
  }

  @Override
  public T3dException.Kind kind() {
    return T3dException.Kind.INPUT;
  }
}
