package io.t3d.core.train;

import io.t3d.core.model.T3DOutput;
import io.t3d.core.volume.ViewBatch;
import java.util.List;

/**
 * A loss computed from the model's output. Implemented in t3d-losses; any loss of a {@link
 * T3DOutput} fits.
 */
@FunctionalInterface
public interface Objective extends BatchObjective {
  /**
   * Computes the loss of one batch inside the caller's gradient scope.
   *
   * @param output the forward pass of B pairs
   * @param patientIds B ids; pairs that share one are not negatives of each other
   * @return the scalar to minimise and its parts
   */
  LossTerms compute(T3DOutput output, List<String> patientIds);

  /** Of the batch's views as they are. */
  @Override
  default LossTerms compute(Forward model, ViewBatch views, List<String> patientIds) {
    return compute(model.run(views), patientIds);
  }
}
