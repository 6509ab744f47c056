package io.t3d.bench.step;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.torch.internal.OperationCounter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The operations of libtorch that a step is made of, see {@link OperationCounter}.
 *
 * @param total those that compute
 * @param calls all, views and parts of others included
 * @param parts part of the step, as in {@link StepProfile} → operation → how often
 * @param nanos operation → nanoseconds in itself
 */
record StepOperations(
    int total, int calls, Map<String, Map<String, Integer>> parts, Map<String, Long> nanos) {
  private static final int SLOWEST = 25; // as step_reference.py prints

  /** Counts a step, run on this thread. */
  static StepOperations of(Runnable step) {
    try (OperationCounter counter =
        OperationCounter.open(() -> StepProfile.part(Thread.currentThread().getStackTrace()))) {
      step.run();
      return new StepOperations(
          counter.total(), counter.calls(), counter.kernels(), counter.nanos());
    }
  }

  /** A line for each of the slowest: its share of the time of all, milliseconds, name. */
  List<String> slowest() {
    double all = nanos.values().stream().mapToLong(Long::longValue).sum();
    return nanos.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(SLOWEST)
        .map(
            e ->
                String.format(
                    Locale.ROOT,
                    "%5.1f %%  %8.1f ms  %s",
                    100 * e.getValue() / all,
                    e.getValue() / 1e6,
                    e.getKey()))
        .toList();
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
