package io.t3d.core.task.segment;

import ai.djl.ndarray.NDArray;

/** A loss between class scores and classes, e.g. {@code new DiceCrossEntropyLoss()::compute}. */
@FunctionalInterface
public interface SegmentationLoss {
  /**
   * Computes the loss.
   *
   * @param logits {@code (B, K, D, H, W)}, float32
   * @param target {@code (B, D, H, W)}, int64, classes 0..K-1; below 0 where a voxel says nothing
   * @return scalar, float32, differentiable in the logits
   */
  NDArray compute(NDArray logits, NDArray target);
}
