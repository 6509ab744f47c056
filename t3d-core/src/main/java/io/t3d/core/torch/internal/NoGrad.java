package io.t3d.core.torch.internal;

import ai.djl.pytorch.jni.JniUtils;

/**
 * A scope in which this thread records no gradients.
 *
 * <p>libtorch's switch belongs to the thread and starts on. DJL turns it off on the thread that
 * loads the engine only: on any other, weights refuse changes in place ("a leaf Variable that
 * requires grad"), and inference keeps what a backward pass would need.
 */
public final class NoGrad implements AutoCloseable {
  private final boolean before = JniUtils.isGradMode();

  /** Opens the scope. */
  public NoGrad() {
    JniUtils.setGradMode(false);
  }

  @Override
  public void close() {
    JniUtils.setGradMode(before);
  }
}
