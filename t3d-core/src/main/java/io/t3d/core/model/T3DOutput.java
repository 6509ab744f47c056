package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The output of one forward pass over B pairs: everything an objective may need. The arrays belong
 * to the manager of the batch that was fed in.
 *
 * @param views one entry per view slot of the batch
 * @param textEmbeddings {@code (B, E)}, float32, L2-normalised
 * @param sentences texts of the reports that were encoded alone; none unless the objective {@link
 *     io.t3d.core.train.Objective#sentences asked for them}
 * @param logitScale scalar, the learned log inverse temperature; {@code exp()} at use
 */
public record T3DOutput(
    List<ViewFeatures> views,
    NDArray textEmbeddings,
    Optional<SentenceFeatures> sentences,
    NDArray logitScale) {
  /** Copies the list. */
  public T3DOutput {
    views = List.copyOf(views);
    Objects.requireNonNull(sentences, "sentences");
  }
}
