package io.t3d.data.published;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.data.internal.Problems;
import java.io.IOException;
import java.util.List;

/** Published datasets cannot be merged; the message lists all problems found. */
public class LayoutException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  /**
   * Lists the first 20 problems in the message.
   *
   * @param problems at least one
   * @param advice what can be done about them; may be empty
   */
  public LayoutException(List<String> problems, String advice) {
    super(
        "the data sets have "
            + Problems.count(problems)
            + (advice.isEmpty() ? "" : "; " + advice)
            + ":"
            + Problems.list(problems));
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
