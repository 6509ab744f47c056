package io.t3d.spark;

import io.t3d.core.task.classify.FindingPrompts;
import java.io.Serializable;
import java.util.List;

/** A finding's prompts as they go to an executor. */
record PromptLine(String finding, List<String> positive, List<String> negative)
    implements Serializable {
  static PromptLine of(FindingPrompts prompts) {
    return new PromptLine(prompts.finding(), prompts.positive(), prompts.negative());
  }

  FindingPrompts back() {
    return new FindingPrompts(finding, positive, negative);
  }
}
