package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Encodes texts as embeddings, e.g. {@code T3DModel::encodeReports}. */
@FunctionalInterface
public interface ReportEncoder {
  /**
   * Encodes texts.
   *
   * @param reports n texts
   * @return {@code (n, E)}, float32; the caller closes it
   */
  NDArray encode(List<String> reports);
}
