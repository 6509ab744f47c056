package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.T3dException;
import io.t3d.core.internal.Shapes;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.distributed.SyncedBatchNorm;
import org.jspecify.annotations.Nullable;

/**
 * Encoder features to the shared space: one linear map without bias, as in CLIP (Radford et al.
 * 2021), and, on request, a batch norm after it, as in MGCA (Wang et al. 2022, "Multi-Granularity
 * Cross-modal Alignment for Generalized Medical Visual Representation Learning").
 *
 * <p>Means of rectified features all point about the same way, so that at the start every image is
 * like every other. The norm takes the common part out, which a model trained from scratch on few
 * pairs would need many steps to unlearn.
 *
 * <p>In inference both commute with the mean: the projected mean of tokens is the mean of projected
 * tokens.
 */
public final class ProjectionHead extends TypedBlock {
  private final int out;
  private final Parameter weight;
  private final @Nullable BatchNorm norm;

  /** Linear only. */
  public ProjectionHead(int in, int out) {
    this(in, out, false);
  }

  /**
   * Builds the head; weights start normal with standard deviation {@code in^-1/2}.
   *
   * @param in C, width of the features
   * @param out E, width of the embedding
   * @param batchNorm whether a norm over all rows of the batch follows
   */
  @SuppressWarnings("this-escape")
  public ProjectionHead(int in, int out, boolean batchNorm) {
    this.out = out;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(out, in))
                .optInitializer(new NormalInitializer((float) (1 / Math.sqrt(in))))
                .build());
    norm = batchNorm ? addChildBlock("norm", BatchNorm.builder().build()) : null;
  }

  /** {@code features (…, C)} to {@code (…, E)}, not L2-normalised. */
  public NDArray project(ParameterStore parameters, NDArray features, boolean training) {
    NDArray w = parameters.getValue(weight, features.getDevice(), training);
    NDArray projected = Linear.linear(features, w).singletonOrThrow(); // (…, E)
    if (norm == null) {
      return projected;
    }
    NDArray rows = Casts.toFloat32(projected).reshape(-1, out); // (rows, E)
    requireRows(rows, training);
    NDArray normed =
        SyncedBatchNorm.applies(norm, training)
            ? SyncedBatchNorm.run(norm, parameters, rows)
            : norm.forward(parameters, new NDList(rows), training).singletonOrThrow();
    return normed.reshape(projected.getShape()); // (…, E)
  }

  private static void requireRows(NDArray rows, boolean training) {
    if (training && rows.getShape().get(0) < 2) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The batch norm of a projection needs at least 2 rows to train on, got features "
              + Shapes.format(rows.getShape())
              + "; train with a batch of at least 2");
    }
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return project(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape in = inputs[0];
    return in.slice(0, in.dimension() - 1).add(out);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    if (norm != null) {
      norm.initialize(manager, DataType.FLOAT32, new Shape(1, out));
    }
  }
}
