package io.t3d.core.torch.distributed.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Scopes;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.internal.NoGrad;
import java.util.Arrays;

/**
 * A batch norm whose mean and variance are those of the batches of all workers, as {@code
 * torch.nn.SyncBatchNorm}.
 *
 * <pre>{@code
 * w(r) = n(r) / Σ n       mean = Σ w(r) mean(r)       var = Σ w(r) (var(r) + (mean(r) - mean)²)
 * }</pre>
 *
 * <p>The variance is put together from those about each worker's own mean (Chan, Golub, LeVeque
 * 1979), so that nothing cancels.
 */
public final class SyncedBatchNorm {
  // What DJL's BatchNorm has where nothing else is asked for, as here throughout.
  private static final double EPSILON = 1e-5;
  private static final double KEPT = 0.9;

  private SyncedBatchNorm() {}

  /** Whether a block is to run so. */
  public static boolean applies(Block block, boolean training) {
    return training && block instanceof BatchNorm && SyncedNorms.group().isPresent();
  }

  /**
   * Runs it.
   *
   * @param block a {@link BatchNorm} over axis 1
   * @param x {@code (B, C, …)}, float32 or bfloat16
   */
  public static NDArray run(Block block, ParameterStore parameters, NDArray x) {
    return Scopes.within(x, within -> compute(block, parameters, within)); // frees what is between
  }

  private static NDArray compute(Block block, ParameterStore parameters, NDArray x) {
    ProcessGroup group = SyncedNorms.group().orElseThrow();
    boolean half = Casts.isBfloat16(x);
    NDArray xf = Casts.toFloat32(x);
    Shape shape = x.getShape();
    long c = shape.get(1);
    int[] axes = axes(shape);
    double n = (double) shape.size() / c;
    NDArray ownMean = Scalars.divide(xf.sum(axes, true), n); // (1, C, 1, …)
    NDArray ownVariance = Scalars.divide(xf.sub(ownMean).square().sum(axes), n); // (C)
    NDArray count = number(x, n); // that of others may differ, as their reports' sentences do
    NDArray statistics =
        NDArrays.concat(new NDList(ownMean.reshape(c), ownVariance, count)); // (2C + 1)
    NDArray all = SyncedNorms.allGather(group, statistics); // (R, 2C + 1)
    NDArray counts = all.get(":, " + 2 * c + ":").stopGradient(); // (R, 1)
    NDArray total = counts.sum(); // ()
    NDArray weights = counts.div(total); // (R, 1)
    NDArray means = all.get(":, 0:" + c); // (R, C)
    NDArray mean = means.mul(weights).sum(new int[] {0}); // (C)
    NDArray variances = all.get(":, " + c + ":" + 2 * c).add(means.sub(mean).square()); // (R, C)
    NDArray variance = variances.mul(weights).sum(new int[] {0}); // (C)
    track(block, mean, variance.mul(total.div(total.sub(1f))));

    Shape row = shapeOfRow(shape, c);
    NDArray gamma = parameter(block, parameters, "gamma", x).reshape(row);
    NDArray beta = parameter(block, parameters, "beta", x).reshape(row);
    NDArray deviation = variance.add((float) EPSILON).sqrt().reshape(row);
    NDArray y = xf.sub(mean.reshape(row)).div(deviation).mul(gamma).add(beta); // (B, C, …)
    return half ? Casts.toBfloat16(y) : y;
  }

  private static int[] axes(Shape shape) {
    int[] axes = new int[shape.dimension() - 1];
    for (int i = 1; i < axes.length; i++) {
      axes[i] = i + 1;
    }
    return axes; // 0, 2, 3, …
  }

  private static Shape shapeOfRow(Shape shape, long c) {
    long[] row = new long[shape.dimension()];
    Arrays.fill(row, 1);
    row[1] = c;
    return new Shape(row);
  }

  /** {@code (1)}: a number on the device of an array. */
  private static NDArray number(NDArray like, double value) {
    NDManager manager = like.getManager();
    // DJL's array borrows a Java buffer, which autograd does not keep alive: a copy does not.
    try (NDArray borrowed = manager.create(new float[] {(float) value})) {
      return borrowed.duplicate().toDevice(like.getDevice(), false);
    }
  }

  private static NDArray parameter(Block block, ParameterStore parameters, String name, NDArray x) {
    NDArray value = parameters.getValue(block.getDirectParameters().get(name), x.getDevice(), true);
    NDArray view = value.reshape(value.getShape());
    view.attach(x.getManager()); // not to the model's
    return view;
  }

  private static void track(Block block, NDArray mean, NDArray variance) {
    try (NoGrad constant = new NoGrad()) {
      move(block.getDirectParameters().get("runningMean").getArray(), mean);
      move(block.getDirectParameters().get("runningVar").getArray(), variance);
    }
  }

  private static void move(NDArray running, NDArray batch) {
    try (NDArray now = batch.stopGradient();
        NDArray way = now.sub(running);
        NDArray part = Scalars.multiply(way, 1 - KEPT)) {
      running.addi(part);
    }
  }
}
