package io.t3d.cli.benchmark;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one task found for one pre-training.
 *
 * @param method the way to pre-train
 * @param steps of the optimizer
 * @param replicate from 1: which data and which seed
 * @param task name of the task
 * @param scores metric → value; one that is not defined is left out
 * @param roc true-positive rate at false-positive rates 0, 0.01, …, 1, averaged over labels; empty
 *     when the task has no such curve
 * @param seconds it took
 */
public record Cell(
    Method method,
    int steps,
    int replicate,
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
