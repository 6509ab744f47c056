package io.t3d.core.model;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.LogitScale;
import io.t3d.core.nn.ProjectionHead;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.text.TransformerTextEncoder;
import io.t3d.core.nn.vision.VisionEncoders;

/** All parts of the model under one roof, so that every parameter has one full name. */
final class T3DNetwork extends AbstractBlock {
  final VisionEncoder vision;
  final TransformerTextEncoder text;
  final ProjectionHead visionProjection;
  final ProjectionHead textProjection;
  final LogitScale logitScale;
  private final int embedDim;
  private final Size3 side; // of a view that fits the encoder; no weight depends on its size

  @SuppressWarnings("this-escape")
  T3DNetwork(T3DConfig config) {
    embedDim = config.embedDim();
    side = config.vision() instanceof Vit3dConfig vit ? vit.patch() : Size3.cube(64);
    int textDim = config.text().hiddenSize();
    vision = addChildBlock("vision", VisionEncoders.create(config.vision()));
    text = addChildBlock("text", new TransformerTextEncoder(config.text()));
    boolean norm = config.projection() == T3DConfig.Projection.BATCH_NORM;
    visionProjection =
        addChildBlock("vision_projection", new ProjectionHead(vision.channels(), embedDim, norm));
    textProjection = addChildBlock("text_projection", new ProjectionHead(textDim, embedDim, norm));
    logitScale = addChildBlock("logit_scale", new LogitScale(config.temperature()));
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    throw new UnsupportedOperationException("Call T3DModel.forward, which is typed");
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {new Shape(inputs[0].get(0), embedDim)};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape views = new Shape(1, 1, side.depth(), side.height(), side.width());
    Shape tokens = new Shape(1, 1);
    vision.initialize(manager, dataType, views);
    text.initialize(manager, dataType, tokens, tokens);
    visionProjection.initialize(manager, dataType, new Shape(1, 1, vision.channels()));
    textProjection.initialize(manager, dataType, new Shape(1, 1, text.channels()));
    logitScale.initialize(manager, dataType, tokens);
  }
}
