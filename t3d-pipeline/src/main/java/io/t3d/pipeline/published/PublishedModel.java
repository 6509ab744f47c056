package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.Augmentation;
import io.t3d.data.view.ScaleRange;
import io.t3d.data.view.ViewConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link PublishedKind} makes of a file.
 *
 * @param config networks, projections, and the temperature of the file
 * @param tokenizer a HuggingFace folder; {@link #NO_TOKENIZER} for a vision encoder
 * @param weights the name map
 * @param preprocessing the model's own; with a size, which is that of its views, unless it reads
 *     whole scans
 * @param prompts of zero-shot classification as published; empty where there are none
 * @param note licence and source
 * @param views of a model that reads whole scans
 */
record PublishedModel(
    T3DConfig config,
    Path tokenizer,
    NameMap weights,
    Preprocessing preprocessing,
    List<FindingPrompts> prompts,
    PublishedNote note,
    Optional<ViewConfig> views) {
  /** A model whose views have one size. */
  PublishedModel(
      T3DConfig config,
      Path tokenizer,
      NameMap weights,
      Preprocessing preprocessing,
      List<FindingPrompts> prompts,
      PublishedNote note) {
    this(config, tokenizer, weights, preprocessing, prompts, note, Optional.empty());
  }

  /** Of models without a text encoder. */
  static final Path NO_TOKENIZER = Path.of("");

  /** The whole volume as one view, as it is. */
  static ViewConfig oneView(Size3 size) {
    return ViewConfig.global(size)
        .withGlobalViews(1, size, new ScaleRange(1, 1))
        .withAugmentation(Augmentation.none());
  }

  /** The scale of a model that has none: 1. */
  static NDArray noScale(NDManager owner) {
    return owner.zeros(new Shape());
  }

  /** Finds the arrays of a T3D model in a file. */
  interface NameMap {
    /**
     * The array of a parameter: {@code file.take(NAME)}, often under another name only; also joined
     * of several, cut or reshaped.
     *
     * @param parameter name in the T3D model, e.g. {@code vision.patch_embedding.linear.weight}
     * @param file notes what is taken and what is missing
     * @return of the parameter's shape; anything where {@code take} noted a tensor as missing
     */
    NDArray find(String parameter, PublishedTensors file);

    /**
     * Whether a tensor of the file has no part in embeddings: decoders, heads, buffers. Others that
     * nothing takes are errors.
     */
    boolean leavesOut(String tensor);
  }
}
