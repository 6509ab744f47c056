package io.t3d.cli.benchmark.task;

import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What a task works on.
 *
 * @param seed of heads, orders and label subsets
 * @param settings budgets
 * @param data the replicate's volumes, prepared
 * @param run folder of the pre-training run
 * @param frozen what the pre-trained model makes of the data, shared by tasks that do not change it
 */
public record TaskContext(
    long seed, TaskSettings settings, SuiteData data, Path run, Frozen frozen) {
  /** The pre-trained model, read anew: a task may change its weights. */
  TrainedModel open() throws IOException {
    return TrainedModel.open(run);
  }
}
