package io.t3d.cli.benchmark.task;

import java.io.IOException;

/** One way to judge a pre-trained model. */
public interface BenchmarkTask {
  /** Name in tables and of its files. */
  String name();

  /** Whether volumes and reports must share a space. */
  default boolean needsText() {
    return false;
  }

  /** Whether it trains for long: such tasks come last, on fewer replicates. */
  default boolean slow() {
    return false;
  }

  /** Does it. */
  TaskResult run(TaskContext context) throws IOException;
}
