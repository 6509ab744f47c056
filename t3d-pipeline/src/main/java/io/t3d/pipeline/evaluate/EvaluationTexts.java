package io.t3d.pipeline.evaluate;

import io.t3d.core.task.classify.FindingPrompts;
import java.util.List;

/**
 * The prompts, and optionally the reports, that an evaluation compares volumes with. They must be
 * known when volumes are read, so that each volume is read and encoded once.
 *
 * @param prompts of zero-shot classification; empty: there is none
 * @param retrieval whether volumes and reports find each other
 */
public record EvaluationTexts(List<FindingPrompts> prompts, boolean retrieval) {
  /** Copies the list. */
  public EvaluationTexts {
    prompts = List.copyOf(prompts);
  }
}
