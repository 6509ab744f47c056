package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.nn.Encoder;
import io.t3d.core.nn.LogitScale;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.internal.ProjectionHead;

/** All parts of the model under one roof, so that every parameter has one full name. */
final class T3DNetwork extends TypedBlock {
  final VisionEncoder vision;
  final TextEncoder text;
  final ProjectionHead visionProjection;
  final ProjectionHead textProjection;
  final LogitScale logitScale;
  private final int embedDim;

  @SuppressWarnings("this-escape")
  T3DNetwork(T3DConfig config, VisionEncoder vision, TextEncoder text) {
    embedDim = config.embedDim();
    this.vision = addChildBlock("vision", vision);
    this.text = addChildBlock("text", text);
    int places = config.vision().places();
    visionProjection =
        addChildBlock(
            "vision_projection",
            new ProjectionHead(vision.channels(), embedDim, config.projectionOfVision(), places));
    textProjection =
        addChildBlock(
            "text_projection",
            new ProjectionHead(text.channels(), embedDim, config.projectionOfText(), 0));
    logitScale = addChildBlock("logit_scale", new LogitScale(config.temperature()));
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    throw new UnsupportedOperationException("Call T3DModel.forward, which is typed");
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return new Shape(inputs[0].get(0), embedDim);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Size3 size = vision.exampleSize();
    Shape tokens = new Shape(1, 1);
    initialize(
        vision, manager, dataType, new Shape(1, 1, size.depth(), size.height(), size.width()));
    initialize(text, manager, dataType, tokens, tokens);
    visionProjection.initialize(manager, dataType, new Shape(1, 1, vision.channels()));
    textProjection.initialize(manager, dataType, new Shape(1, 1, text.channels()));
    logitScale.initialize(manager, dataType, tokens);
  }

  /** Weights that an encoder of the caller's has already are kept; they move to the manager. */
  private static void initialize(
      Encoder encoder, NDManager manager, DataType dataType, Shape... inputs) {
    if (!encoder.isInitialized()) {
      encoder.initialize(manager, dataType, inputs);
    }
    StateDict.of(encoder).values().forEach(parameter -> parameter.getArray().attach(manager));
  }
}
