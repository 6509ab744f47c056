package io.t3d.core.task;

import java.util.List;

/**
 * Ways to say that a finding is there, and that it is not.
 *
 * @param finding name of the label
 * @param positive texts that state the finding
 * @param negative texts that deny it
 */
public record FindingPrompts(String finding, List<String> positive, List<String> negative) {
  /** Copies the lists, checks that neither side is empty. */
  public FindingPrompts {
    positive = List.copyOf(positive);
    negative = List.copyOf(negative);
    if (finding.isBlank()) {
      throw new IllegalArgumentException("A finding needs a name, got \"" + finding + "\"");
    }
    if (positive.isEmpty() || negative.isEmpty()) {
      throw new IllegalArgumentException(
          "The prompts of "
              + finding
              + " need a text for and a text against it, got "
              + positive.size()
              + " and "
              + negative.size());
    }
  }

  /**
   * The usual phrases of radiology reports around a finding's name.
   *
   * @param finding as in a sentence, e.g. {@code pleural effusion}
   */
  public static FindingPrompts of(String finding) {
    return new FindingPrompts(
        finding,
        List.of(
            "There is " + finding + ".", finding + " is present.", "Findings: " + finding + "."),
        List.of("There is no " + finding + ".", finding + " is absent.", "No " + finding + "."));
  }
}
