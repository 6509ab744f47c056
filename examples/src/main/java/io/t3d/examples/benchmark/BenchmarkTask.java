package io.t3d.examples.benchmark;

import java.io.IOException;

/** One way to judge a pre-trained model. */
interface BenchmarkTask {
  /** Name in tables and of its files. */
  String name();

  /** Whether a method can do it. */
  default boolean applies(Method method) {
    return true;
  }

  /** Whether it trains for long: such tasks come after all methods have done the others. */
  default boolean slow() {
    return false;
  }

  /** Does it. */
  TaskResult run(TaskContext context) throws IOException;
}
