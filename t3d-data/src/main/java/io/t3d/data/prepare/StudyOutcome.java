package io.t3d.data.prepare;

import java.util.Objects;
import java.util.Optional;

/**
 * What became of a study that was to be prepared.
 *
 * @param name the {@link StudyPreparation}'s
 * @param written whether this run wrote it; false when it was there already, or is bad
 * @param bytes of its prepared volume and mask; 0 when it is bad
 * @param problem what is wrong and the likely fix; empty when it is prepared
 * @param ofMachine whether the problem is not the study's but that of the machine, which lacks
 *     natives, memory or a device
 */
public record StudyOutcome(
    String name, boolean written, long bytes, Optional<String> problem, boolean ofMachine) {
  /** Checks that nothing is missing. */
  public StudyOutcome {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(problem, "problem");
  }
}
