package io.t3d.core.task.classify;

import io.t3d.core.task.internal.CtRateFindings;
import java.util.List;

/**
 * Prompts that state a finding, and prompts that deny it.
 *
 * @param finding name of the label
 * @param positive texts that state the finding
 * @param negative texts that deny it
 */
public record FindingPrompts(String finding, List<String> positive, List<String> negative) {
  private static final String PLACE = "{finding}";

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
    return ofTemplates(
        finding,
        List.of("There is {finding}.", "{finding} is present.", "Findings: {finding}."),
        List.of("There is no {finding}.", "{finding} is absent.", "No {finding}."));
  }

  /**
   * CT-CLIP's pair: {@code "NAME is present."} and {@code "NAME is not present."}; the softmax over
   * the two is the probability (Hamamci et al., 2024, and {@code scripts/zero_shot.py} of their
   * code).
   *
   * @param finding as CT-RATE names it, e.g. {@code Pleural effusion}
   */
  public static FindingPrompts ctClip(String finding) {
    return new FindingPrompts(
        finding, List.of(finding + " is present."), List.of(finding + " is not present."));
  }

  /** CT-CLIP's protocol: its pair for each of CT-RATE's 18 findings, in CT-RATE's order. */
  public static List<FindingPrompts> ctRate() {
    return CtRateFindings.names().stream().map(FindingPrompts::ctClip).toList();
  }

  /**
   * Texts from templates: every template around the name, as an ensemble.
   *
   * @param finding fills {@code {finding}}
   * @param positive e.g. {@code "There is {finding}."}
   * @param negative e.g. {@code "No {finding}."}
   * @throws IllegalArgumentException when a template has no {@code {finding}}
   */
  public static FindingPrompts ofTemplates(
      String finding, List<String> positive, List<String> negative) {
    return new FindingPrompts(finding, fill(finding, positive), fill(finding, negative));
  }

  private static List<String> fill(String finding, List<String> templates) {
    for (String template : templates) {
      if (!template.contains(PLACE)) {
        throw new IllegalArgumentException(
            "A prompt template needs " + PLACE + " where the name goes, got \"" + template + "\"");
      }
    }
    return templates.stream().map(t -> t.replace(PLACE, finding)).toList();
  }
}
