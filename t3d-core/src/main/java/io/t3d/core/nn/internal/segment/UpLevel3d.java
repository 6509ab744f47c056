package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Chain;
import io.t3d.core.nn.internal.Steps;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One level of a decoder: the coarser map grows, is joined with a map of its new size, and both are
 * mixed by two convolutions. Inputs are the coarser map and the source of the skip.
 */
final class UpLevel3d extends TypedBlock {
  private final int channels;
  private final @Nullable Block up; // null where the size stays
  private final @Nullable Block skip; // null where the source is taken as it is
  private final Chain mix;

  /**
   * Builds a level.
   *
   * @param factor by how much the coarser map grows
   * @param channels of the result
   * @param skip brings the skip's source to the size of this level; null when it has it
   */
  UpLevel3d(Size3 factor, int channels, @Nullable Block skip) {
    this.channels = channels;
    boolean grows = !factor.equals(Size3.cube(1));
    up = grows ? addChildBlock("up", new Deconv3d(channels, factor)) : null;
    this.skip = skip == null ? null : addChildBlock("skip", skip);
    mix =
        addChildBlock(
            "mix", new Chain(List.of(new ConvUnit3d(channels), new ConvUnit3d(channels))));
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray coarse = inputs.get(0);
    NDArray source = inputs.get(1);
    NDArray grown = up == null ? coarse : Steps.run(up, parameters, coarse, training);
    NDArray fine = skip == null ? source : Steps.run(skip, parameters, source, training);
    NDArray joined = NDArrays.concat(new NDList(grown, fine), 1); // (B, C + C', D, H, W)
    if (up != null) {
      grown.close();
    }
    if (skip != null) {
      fine.close();
    }
    return mix.forwardAndFree(parameters, joined, training);
  }

  int channels() {
    return channels;
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape fine = fineShape(inputs);
    return new Shape(fine.get(0), channels).addAll(fine.slice(2));
  }

  private Shape fineShape(Shape[] inputs) {
    return skip == null ? inputs[1] : skip.getOutputShapes(new Shape[] {inputs[1]})[0];
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    long grown = inputs[0].get(1);
    if (up != null) {
      up.initialize(manager, dataType, inputs[0]);
      grown = channels;
    }
    if (skip != null) {
      skip.initialize(manager, dataType, inputs[1]);
    }
    Shape fine = fineShape(inputs);
    mix.initialize(
        manager, dataType, new Shape(fine.get(0), grown + fine.get(1)).addAll(fine.slice(2)));
  }
}
