package io.t3d.bench.step;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.torch.internal.OperationCounter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The operations of libtorch that a step is made of, see {@link OperationCounter}.
 *
 * @param total those that compute
 * @param calls all, views and parts of others included
 * @param parts part of the step, as in {@link StepProfile} → operation → how often
 */
record StepOperations(int total, int calls, Map<String, Map<String, Integer>> parts) {
  /** Counts a step, run on this thread. */
  static StepOperations of(Runnable step) {
    try (OperationCounter counter =
        OperationCounter.open(() -> StepProfile.part(Thread.currentThread().getStackTrace()))) {
      step.run();
      return new StepOperations(counter.total(), counter.calls(), counter.kernels());
    }
  }

  /** One line. */
  String json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("total", total);
    fields.put("calls", calls);
    fields.put("parts", parts);
    try {
      return new ObjectMapper().writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
