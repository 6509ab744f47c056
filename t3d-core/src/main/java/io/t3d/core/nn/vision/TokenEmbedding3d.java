package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.FeedForward;
import io.t3d.core.nn.internal.SinCosPosition3d;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.conv.PatchEmbedding3d;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.Interpolate;
import org.jspecify.annotations.Nullable;

/** Patches as tokens that know where they are: MONAI's {@code patch_embedding}. */
final class TokenEmbedding3d extends TypedBlock {
  private final Vit3dConfig config;
  private final PatchEmbedding3d patches;
  private final @Nullable Parameter learned;

  TokenEmbedding3d(Vit3dConfig config) {
    this.config = config;
    patches =
        addChildBlock(
            "patch_embeddings", new PatchEmbedding3d(config.patch(), config.hiddenSize()));
    boolean table =
        config.position() == Vit3dConfig.Position.LEARNED
            || config.position() == Vit3dConfig.Position.LEARNED_RESIZED;
    learned = table ? addTable() : null;
  }

  private Parameter addTable() {
    Size3 g = config.gridSize();
    long tokens = (long) g.depth() * g.height() * g.width();
    return addParameter(
        Parameter.builder()
            .setName("position_embeddings")
            .setType(Parameter.Type.WEIGHT)
            .optShape(new Shape(1, tokens, config.hiddenSize()))
            .optInitializer(new NormalInitializer(Vit3d.INIT_STD))
            .build());
  }

  /** The number of tokens along z, y and x that views of a shape give. */
  Size3 grid(Shape views) {
    Size3 grid = patches.grid(views);
    Size3 table = config.gridSize();
    if (config.position() == Vit3dConfig.Position.LEARNED
        && (grid.depth() > table.depth()
            || grid.height() > table.height()
            || grid.width() > table.width())) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The view's token grid must fit into the learned position table "
              + format(table)
              + ", got "
              + format(grid)
              + "; make Vit3dConfig.gridSize larger, or use position SINCOS, which takes any grid");
    }
    return grid;
  }

  private static String format(Size3 s) {
    return "(" + s.depth() + ", " + s.height() + ", " + s.width() + ")";
  }

  NDArray forward(ParameterStore parameters, NDArray views, boolean training) {
    Size3 grid = grid(views.getShape());
    NDArray tokens = patches.forward(parameters, views, training);
    if (config.position() == Vit3dConfig.Position.NONE) {
      // What the layers add up stays float32, as a sum with positions is.
      NDArray whole = Steps.thenFree(tokens, Casts::toFloat32);
      return FeedForward.dropout(whole, config.dropout(), training);
    }
    NDArray sum = Steps.addAndFree(tokens, position(parameters, views, grid, training));
    return FeedForward.dropout(sum, config.dropout(), training);
  }

  /** {@code (1, N, C)}, owned by the caller. */
  private NDArray position(ParameterStore parameters, NDArray views, Size3 grid, boolean training) {
    if (learned == null) {
      return SinCosPosition3d.table(views.getManager(), grid, config.hiddenSize());
    }
    NDArray table = parameters.getValue(learned, views.getDevice(), training);
    Size3 full = config.gridSize();
    NDArray cube =
        table.reshape(
            full.depth(), full.height(), full.width(), config.hiddenSize()); // (d, h, w, C)
    if (config.position() == Vit3dConfig.Position.LEARNED_RESIZED) {
      return Steps.thenFree(cube, c -> resized(c, grid));
    }
    NDIndex centre =
        new NDIndex()
            .addSliceDim((full.depth() - grid.depth()) / 2, (full.depth() + grid.depth()) / 2)
            .addSliceDim((full.height() - grid.height()) / 2, (full.height() + grid.height()) / 2)
            .addSliceDim((full.width() - grid.width()) / 2, (full.width() + grid.width()) / 2)
            .addAllDim();
    NDArray cropped = Steps.thenFree(cube, c -> c.get(centre)); // (d', h', w', C)
    return Steps.thenFree(cropped, c -> c.reshape(1, -1, config.hiddenSize())); // (1, N, C)
  }

  /** {@code (d, h, w, C)} to {@code (1, N, C)} of a grid; the input stays open. */
  private NDArray resized(NDArray cube, Size3 grid) {
    if (grid.equals(config.gridSize())) {
      return cube.reshape(1, -1, config.hiddenSize());
    }
    return Scopes.within(
        cube,
        c ->
            Interpolate.trilinear(c.transpose(3, 0, 1, 2).expandDims(0), grid)
                .reshape(1, config.hiddenSize(), -1)
                .transpose(0, 2, 1));
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    grid(inputs[0]);
    return patches.getOutputShapes(inputs)[0];
  }
}
