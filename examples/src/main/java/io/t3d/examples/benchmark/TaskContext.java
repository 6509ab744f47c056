package io.t3d.examples.benchmark;

import ai.djl.engine.Engine;
import io.t3d.examples.run.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What a task works on.
 *
 * @param method how the model was pre-trained
 * @param seed of heads, orders and label subsets
 * @param settings budgets
 * @param data the suite's volumes, prepared
 * @param run folder of the pre-training run
 */
record TaskContext(Method method, long seed, TaskSettings settings, SuiteData data, Path run) {
  /** The pre-trained model, read anew: a task may change its weights. */
  TrainedModel open() throws IOException {
    return TrainedModel.open(run, Engine.getInstance().defaultDevice());
  }
}
