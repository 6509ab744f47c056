package io.t3d.examples.benchmark;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one task found for one method and seed.
 *
 * @param method the way to pre-train
 * @param seed of weights, order and heads
 * @param task name of the task
 * @param scores metric → value; one that is not defined is left out
 * @param roc true-positive rate at false-positive rates 0, 0.01, …, 1, averaged over labels; empty
 *     when the task has no such curve
 * @param seconds it took
 */
public record Cell(
    Method method,
    long seed,
    String task,
    Map<String, Double> scores,
    List<Double> roc,
    double seconds) {
  /** Copies. */
  public Cell {
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
    roc = List.copyOf(roc);
  }
}
