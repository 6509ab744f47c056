package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.nn.LogitScale;
import io.t3d.core.nn.internal.Prototypes;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.TmaLoss;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What {@link TmaLoss} and SwAV learn beside the model; needed by no task after pre-training. */
final class TmaParameters extends AbstractBlock {
  private final @Nullable LogitScale sentenceScale; // null: not wanted
  private final @Nullable Prototypes prototypes; // null: not wanted

  @SuppressWarnings("this-escape")
  private TmaParameters(@Nullable LogitScale sentenceScale, @Nullable Prototypes prototypes) {
    this.sentenceScale =
        sentenceScale == null ? null : addChildBlock("sentence_scale", sentenceScale);
    this.prototypes = prototypes == null ? null : addChildBlock("prototypes", prototypes);
  }

  /** Just those that the settings give a gradient. */
  static TmaParameters of(TmaConfig config, int embedDim) {
    return new TmaParameters(
        config.alignsSentences() ? new LogitScale(config.sentenceTemperature()) : null,
        config.prototypeWeight() > 0
            ? new Prototypes(config.prototypes().count(), embedDim)
            : null);
  }

  /** K prototypes alone. */
  static TmaParameters prototypes(int count, int embedDim) {
    return new TmaParameters(null, new Prototypes(count, embedDim));
  }

  /** What the loss learns, owned by the manager of {@code like}. */
  TmaLoss.Learned arrays(NDArray like) {
    NDManager manager = like.getManager();
    return new TmaLoss.Learned(
        Optional.ofNullable(sentenceScale)
            .map(s -> s.value(new ParameterStore(manager, false), manager, true)),
        Optional.ofNullable(prototypes).map(p -> prototypes(like)));
  }

  /** {@code (K, E)}, L2-normalised, owned by the manager of {@code like}. */
  NDArray prototypes(NDArray like) {
    NDManager manager = like.getManager();
    return prototypes.rows(new ParameterStore(manager, false), manager, true);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    throw new UnsupportedOperationException("These parameters are read one by one");
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {new Shape()};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    getChildren().forEach(child -> child.getValue().initialize(manager, dataType, inputs));
  }
}
