package io.t3d.core.train;

import ai.djl.nn.Parameter;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.text.SentenceSampling;
import io.t3d.core.volume.ViewBatch;
import java.util.List;
import java.util.Map;

/**
 * The training objective of a whole batch. It runs the model itself, and so decides which views the
 * model sees: masked ones, for example. Nearly all are an {@link Objective}, a loss of what the
 * model makes of the batch's views as they are; that alone can be computed on parts of a batch
 * ({@link TrainingConfig#microBatch}).
 */
@FunctionalInterface
public interface BatchObjective {
  /** Runs the model on views, in the precision of the settings, with the batch's reports. */
  @FunctionalInterface
  interface Forward {
    /** The output for views of the batch's pairs; owned by the manager of the first slot. */
    T3DOutput run(ViewBatch views);

    /**
     * Which pairs of a batch that several workers share these are. What is drawn for each pair is
     * to be drawn for all and cut to these, so that it does not depend on the number of workers.
     *
     * @param pairs of the views
     */
    default Part part(int pairs) {
      return new Part(0, pairs);
    }
  }

  /**
   * Some pairs of a batch.
   *
   * @param first of them in the batch, from 0
   * @param all pairs of the batch
   */
  record Part(int first, int all) {}

  /**
   * Runs the model on a batch and computes the loss, inside the caller's gradient scope; the
   * engine's random state is seeded by the step.
   *
   * @param model the forward pass
   * @param views the batch's views of B pairs; stay as they are
   * @param patientIds B ids; pairs that share one are not negatives of each other
   * @return the scalar to minimise and its parts; means over the pairs, unless it is an {@link
   *     Objective}: then workers that share a batch take the mean of theirs
   */
  LossTerms compute(Forward model, ViewBatch views, List<String> patientIds);

  /**
   * Which texts of the reports the model is to encode beside the reports: they are then in {@link
   * T3DOutput#sentences}. None by default.
   */
  default SentenceSampling sentences() {
    return SentenceSampling.none();
  }

  /**
   * Parameters beside the model's, e.g. of a projector that nobody needs after pre-training: dotted
   * name → parameter. They are trained and saved for resuming, but are no part of the model.
   */
  default Map<String, Parameter> parameters() {
    return Map.of();
  }
}
