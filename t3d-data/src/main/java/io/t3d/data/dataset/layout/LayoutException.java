package io.t3d.data.dataset.layout;

import java.io.IOException;
import java.util.List;

/** Data sets cannot be merged as they are: all that is wrong, found in one go. */
public class LayoutException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 20;

  private final transient List<String> problems;

  /**
   * Lists the first 20 problems in the message.
   *
   * @param problems at least one
   * @param advice what can be done about them; may be empty
   */
  public LayoutException(List<String> problems, String advice) {
    super(message(problems, advice));
    this.problems = List.copyOf(problems);
  }

  /** All problems, also those beyond the message's first 20. */
  public List<String> problems() {
    return problems;
  }

  private static String message(List<String> problems, String advice) {
    int count = problems.size();
    StringBuilder text = new StringBuilder("the data sets have ");
    text.append(count).append(count == 1 ? " problem" : " problems");
    text.append(advice.isEmpty() ? "" : "; " + advice).append(':');
    problems.stream().limit(SHOWN).forEach(p -> text.append("\n  ").append(p));
    if (count > SHOWN) {
      text.append("\n  … and ").append(count - SHOWN).append(" more");
    }
    return text.toString();
  }
}
