package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * All that an objective may need of one forward pass over B pairs. The arrays belong to the manager
 * of the batch that was fed in.
 *
 * @param views one entry per view slot of the batch
 * @param textEmbeddings {@code (B, E)}, float32, L2-normalised
 * @param logitScale scalar, the learned log inverse temperature; {@code exp()} at use
 * @param prototypes {@code (K, E)}, float32, L2-normalised rows
 */
public record T3DOutput(
    List<ViewFeatures> views, NDArray textEmbeddings, NDArray logitScale, NDArray prototypes) {
  /** Copies the list. */
  public T3DOutput {
    views = List.copyOf(views);
  }
}
