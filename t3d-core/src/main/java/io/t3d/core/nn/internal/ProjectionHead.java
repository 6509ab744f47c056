package io.t3d.core.nn.internal;

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
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.distributed.internal.SyncedBatchNorm;
import org.jspecify.annotations.Nullable;

/**
 * Projects encoder features into the shared space: one linear map without bias, as in CLIP (Radford
 * et al. 2021), optionally followed by batch norm, as in MGCA (Wang et al. 2022, "Multi-Granularity
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
  private final int places; // 0: one map for all
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;
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
  public ProjectionHead(int in, int out, boolean batchNorm) {
    this(in, out, batchNorm ? Projection.BATCH_NORM : Projection.LINEAR, 0);
  }

  /**
   * Builds the head that a setting names.
   *
   * @param in C, width of the features
   * @param out E, width of the embedding
   * @param kind what it does
   * @param places with {@code LINEAR_PER_PLACE} the tokens of a slab; else ignored
   */
  @SuppressWarnings("this-escape")
  public ProjectionHead(int in, int out, Projection kind, int places) {
    this.out = out;
    this.places = kind == Projection.LINEAR_PER_PLACE ? places : 0;
    int inputs = in * Math.max(1, this.places);
    weight =
        kind == Projection.NONE
            ? null
            : addParameter(
                Parameter.builder()
                    .setName("weight")
                    .setType(Parameter.Type.WEIGHT)
                    .optShape(new Shape(out, inputs))
                    .optInitializer(new NormalInitializer((float) (1 / Math.sqrt(inputs))))
                    .build());
    bias =
        kind == Projection.LINEAR_BIAS
            ? addParameter(
                Parameter.builder()
                    .setName("bias")
                    .setType(Parameter.Type.BIAS)
                    .optShape(new Shape(out))
                    .build())
            : null;
    norm =
        kind == Projection.BATCH_NORM ? addChildBlock("norm", BatchNorm.builder().build()) : null;
  }

  /**
   * {@code features (…, C)} to {@code (…, E)}, not L2-normalised. With {@code LINEAR_PER_PLACE} the
   * features are tokens {@code (B, N, C)} of whole slabs.
   */
  public NDArray project(ParameterStore parameters, NDArray features, boolean training) {
    if (weight == null) {
      return features.reshape(features.getShape()); // a second handle: callers free what they get
    }
    NDArray w = parameters.getValue(weight, features.getDevice(), training);
    if (places > 0) {
      return perPlace(features, w);
    }
    if (bias != null) {
      NDArray b = parameters.getValue(bias, features.getDevice(), training);
      return Linear.linear(features, w, b).singletonOrThrow(); // (…, E)
    }
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

  /**
   * Each token through the map of its place. The file's one map takes the flattened mean slab; its
   * columns of a place, times the number of places, are the map here, so that the mean over all
   * tokens is what that one gives.
   */
  private NDArray perPlace(NDArray tokens, NDArray w) {
    Shape s = tokens.getShape();
    if (s.dimension() != 3 || s.get(1) % places != 0) {
      throw new IllegalArgumentException(
          "tokens must be (B, N, C) with N a multiple of the "
              + places
              + " places of a slab, got "
              + Shapes.format(s)
              + "; the view must have the size that the model was trained with");
    }
    long b = s.get(0);
    long slabs = s.get(1) / places;
    long c = s.get(2);
    try (NDManager scope = tokens.getManager().newSubManager()) {
      NDArray rows = Scopes.handle(Casts.toFloat32(tokens), scope);
      NDArray byPlace =
          rows.reshape(b, slabs, places, c)
              .transpose(2, 0, 1, 3)
              .reshape(places, b * slabs, c); // (P, B·d, C)
      NDArray maps =
          Scopes.handle(w, scope).reshape(out, places, c).transpose(1, 2, 0); // (P, C, E)
      NDArray mapped =
          Scalars.multiply(byPlace.matMul(maps), places)
              .reshape(places, b, slabs, out)
              .transpose(1, 2, 0, 3)
              .reshape(b, slabs * places, out); // (B, N, E)
      mapped.attach(tokens.getManager());
      return mapped;
    }
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
