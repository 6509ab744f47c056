package io.t3d.core.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.config.Size3;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.torch.internal.Patches;
import io.t3d.core.torch.internal.TensorLists;
import java.util.Arrays;
import java.util.List;

/** What {@link FallbackTest} runs in a JVM of its own: prints facts, one a line. */
final class FallbackProbe {
  private FallbackProbe() {}

  public static void main(String[] args) {
    System.out.println("available=" + TorchBridge.available());
    System.out.println("reason=" + TorchBridge.unavailableReason().orElse("none"));
    System.out.println("attention=" + attention());
    System.out.println("patches=" + patches());
    System.out.println("lerp=" + lerp());
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.arange(8f).reshape(1, 2, 1, 2, 2);
      try (NDArray same = MemoryFormats.channelsLast3d(x)) {
        System.out.println("format=" + Arrays.toString(same.toFloatArray()));
      }
      Casts.toFloat32(x).close();
      System.out.println("stillOpen=" + x.sum().getFloat());
      NDArray views = x.reshape(1, 1, 2, 2, 2);
      System.out.println(
          "rows=" + refusal(() -> Patches.rows(views, new Size3(1, 2, 2), true).close()));
      System.out.println("bfloat16=" + refusal(() -> Casts.toBfloat16(x)));
      System.out.println("autocast=" + refusal(() -> Autocast.bfloat16(Device.cpu()).close()));
    }
  }

  /** Value and gradient of a masked attention; the same numbers on every path. */
  static String attention() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray q = manager.arange(16f).div(16).reshape(1, 2, 4, 2);
      NDArray mask = manager.create(new float[] {1, 0, 1, 1}, new Shape(1, 1, 1, 4)).gt(0);
      q.setRequiresGradient(true);
      float[] value;
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray y = Attention.scaledDotProduct(q, q, q, mask, 0);
        value = y.toFloatArray();
        collector.backward(y.square().sum());
      }
      StringBuilder out = new StringBuilder();
      for (float[] part : new float[][] {value, q.getGradient().toFloatArray()}) {
        for (float x : part) {
          out.append(String.format(java.util.Locale.ROOT, "%.3f ", x));
        }
      }
      return out.toString().strip();
    }
  }

  /** Two blocks of four voxels of a crop; the same numbers on every path. */
  static String patches() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray crop = manager.arange(12f).reshape(1, 1, 1, 2, 6).get(":, :, :, :, 1:5");
      return Arrays.toString(Patches.rows(crop, new Size3(1, 2, 2), false).toFloatArray());
    }
  }

  /** An array a quarter of the way to another; the same numbers on every path. */
  static String lerp() {
    try (NDManager manager = NDManager.newBaseManager();
        NoGrad constant = new NoGrad()) {
      NDArray x = manager.arange(3f);
      TensorLists.lerp(List.of(x), List.of(manager.create(new float[] {4, 1, 0})), 0.25);
      return Arrays.toString(x.toFloatArray());
    }
  }

  private static String refusal(Runnable work) {
    try {
      work.run();
      return "none";
    } catch (io.t3d.core.T3dException e) {
      return e.getMessage();
    }
  }
}
