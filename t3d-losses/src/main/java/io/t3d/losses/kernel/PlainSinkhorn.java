package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import io.t3d.losses.internal.BatchArrays;

/** In the log domain: for any epsilon and on every platform. */
record PlainSinkhorn(double epsilon, int iterations) implements Sinkhorn {
  PlainSinkhorn {
    Checks.positive("Sinkhorn.epsilon", epsilon);
    Checks.positive("Sinkhorn.iterations", iterations);
  }

  static void check(NDArray similarities) {
    Shapes.check("similarities", similarities, "N, K", "one row per sample", -1, -1);
    BatchArrays.requireFloat32("similarities", similarities);
  }

  @Override
  public NDArray assign(NDArray similarities) {
    check(similarities);
    NDManager manager = similarities.getManager();
    // Of 2 · iterations arrays as large as the input, only the last outlives this call.
    try (NDManager scope = manager.newSubManager()) {
      NDArray detached = similarities.stopGradient();
      detached.attach(scope);
      NDArray logQ = Scalars.divide(detached, epsilon);
      for (int i = 0; i < iterations; i++) {
        logQ = logQ.logSoftmax(0).logSoftmax(1); // (N, K)
      }
      NDArray assignments = logQ.exp();
      assignments.attach(manager);
      return assignments;
    }
  }
}
