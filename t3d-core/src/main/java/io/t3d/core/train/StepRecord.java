package io.t3d.core.train;

import io.t3d.core.torch.distributed.ProcessGroup;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The log record of one training step.
 *
 * @param step from 1
 * @param epoch from 0
 * @param learningRate of this step
 * @param loss mean over the step's batches; NaN or infinite in a skipped step
 * @param parts the objective's named parts, means over the step's batches
 * @param gradNorm global norm before clipping; NaN when the loss was not finite
 * @param volumesPerSecond pairs of this step over its time, loading included
 * @param traffic with other workers in this step; nothing where there are none
 * @param skipped whether the step was left out for want of a finite loss and gradient
 */
public record StepRecord(
    int step,
    int epoch,
    double learningRate,
    double loss,
    Map<String, Double> parts,
    double gradNorm,
    double volumesPerSecond,
    ProcessGroup.Traffic traffic,
    boolean skipped) {
  /** Copies the map, keeping its order. */
  public StepRecord {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
  }
}
