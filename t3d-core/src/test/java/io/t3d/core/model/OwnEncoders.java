package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.TokenBatch;

/** Encoders as a user of the library would write them. */
final class OwnEncoders {
  private OwnEncoders() {}

  static Block conv(int kernel, int filters) {
    return Conv3d.builder()
        .setKernelShape(new Shape(kernel, kernel, kernel))
        .optStride(new Shape(kernel, kernel, kernel))
        .setFilters(filters)
        .build();
  }

  /** Patches of 8³ voxels through two convolutions. */
  static class TwoConvolutions extends TypedBlock implements VisionEncoder {
    private final Block first = addChildBlock("first", conv(4, 8));
    private final Block second;
    private final int width;

    TwoConvolutions(int width) {
      this.width = width;
      second = addChildBlock("second", conv(2, width));
    }

    @Override
    public int channels() {
      return width;
    }

    @Override
    public Size3 exampleSize() {
      return Size3.cube(8);
    }

    @Override
    public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
      NDList x = Activation.relu(first.forward(parameters, new NDList(views), training));
      return VisualTokens.of(second.forward(parameters, x, training).singletonOrThrow());
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      return encode(parameters, inputs.singletonOrThrow(), training).tokens();
    }

    @Override
    protected Shape outputShape(Shape... inputs) {
      Shape map = second.getOutputShapes(first.getOutputShapes(inputs))[0];
      return new Shape(map.get(0), map.slice(2).size(), width);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      first.initialize(manager, dataType, inputs);
      second.initialize(manager, dataType, first.getOutputShapes(inputs));
    }
  }

  /** The mean of a report's word vectors. */
  static final class BagOfWords extends TypedBlock implements TextEncoder {
    private final int vocabulary;
    private final int width;
    private final Parameter words;

    BagOfWords(int vocabulary, int width) {
      this.vocabulary = vocabulary;
      this.width = width;
      words =
          addParameter(
              Parameter.builder()
                  .setName("words")
                  .setType(Parameter.Type.WEIGHT)
                  .optShape(new Shape(vocabulary, width))
                  .build());
    }

    @Override
    public int channels() {
      return width;
    }

    @Override
    public int vocabSize() {
      return vocabulary;
    }

    @Override
    public int layers() {
      return 1;
    }

    @Override
    public int layerOf(String parameter) {
      return 0;
    }

    @Override
    public TextFeatures encode(ParameterStore parameters, TokenBatch reports, boolean training) {
      NDArray rows = parameters.getValue(words, reports.tokenIds().getDevice(), training);
      NDArray tokens =
          Embedding.embedding(reports.tokenIds(), rows, SparseFormat.DENSE).singletonOrThrow();
      NDArray mask = reports.attentionMask().toType(DataType.FLOAT32, false).expandDims(2);
      NDArray count = Scalars.atLeast(mask.sum(new int[] {1}), 1); // (B, 1)
      return new TextFeatures(tokens, tokens.mul(mask).sum(new int[] {1}).div(count));
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      TokenBatch reports = new TokenBatch(inputs.get(0), inputs.get(1));
      return encode(parameters, reports, training).pooled();
    }

    @Override
    protected Shape outputShape(Shape... inputs) {
      return new Shape(inputs[0].get(0), width);
    }
  }
}
