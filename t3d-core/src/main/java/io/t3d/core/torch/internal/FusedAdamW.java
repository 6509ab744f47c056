package io.t3d.core.torch.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.t3d.core.internal.Libtorch;
import io.t3d.core.torch.TorchBridge;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * libtorch's fused AdamW, on CPUs and GPUs: one call for all weights, and one pass over weights,
 * gradients and moments, where separate operations take some twelve for each. Neither DJL nor the
 * presets map it, so it is called by its C++ name.
 */
public final class FusedAdamW {
  private static final String SYMBOL =
      "_ZN2at4_ops13_fused_adamw_4callEN3c108ArrayRefINS_6TensorEEES5_S5_S5_S5_S5_dddddbb"
          + "RKSt8optionalIS4_ES9_";
  private static final Supplier<Optional<Function>> CALL = Suppliers.memoize(FusedAdamW::open);

  private FusedAdamW() {}

  /**
   * The settings of one step.
   *
   * @param learningRate of this step
   * @param beta1 decay of the mean
   * @param beta2 decay of the square
   * @param epsilon added to the denominator
   * @param weightDecay decoupled
   */
  public record Settings(
      double learningRate, double beta1, double beta2, double epsilon, double weightDecay) {}

  /**
   * Four arrays of one shape, float32, contiguous.
   *
   * @param weight changed
   * @param gradient read, and divided by a {@link Guard}'s divisor
   * @param mean changed
   * @param square changed
   */
  public record Slot(NDArray weight, NDArray gradient, NDArray mean, NDArray square) {}

  /**
   * What the kernel looks at before it changes anything, on the weights' device: nobody has to wait
   * for it.
   *
   * @param divisor of the gradients, {@code (1)}; empty for none
   * @param leaveOut {@code (1)}: 1 to leave the update out, else 0
   */
  public record Guard(Optional<NDArray> divisor, NDArray leaveOut) {
    /**
     * Clips the gradients to a norm, as {@code torch.nn.utils.clip_grad_norm_} does, and leaves an
     * update out unless norm and loss are finite.
     *
     * @param norm {@code (1)}, the gradients' as they are
     * @param loss {@code (1)}; empty for none
     * @param limit the largest norm; 0 for none
     */
    public static Guard of(NDArray norm, Optional<NDArray> loss, double limit) {
      NDManager owner = norm.getManager();
      Tensor n = TorchBridge.borrow(norm);
      try (Scalar zero = new Scalar(0.0);
          Scalar one = new Scalar(1.0);
          Scalar divisor = new Scalar(limit);
          Scalar little = new Scalar(1e-6)) {
        // 0 · x is NaN where x is not finite, and NaN ≠ 0 is 1; in place it stays float32.
        Tensor bad = n.mul(zero);
        loss.ifPresent(
            l -> {
              try (Tensor product = TorchBridge.borrow(l).mul(zero)) {
                bad.add_(product); // gives the same object back
              }
            });
        bad.ne_(zero);
        NDArray leaveOut = TorchBridge.own(owner, bad);
        if (limit <= 0) {
          return new Guard(Optional.empty(), leaveOut);
        }
        try (Tensor sum = n.add(little);
            Tensor ratio = sum.div(divisor)) {
          return new Guard(Optional.of(TorchBridge.own(owner, ratio.clamp_min(one))), leaveOut);
        }
      }
    }
  }

  /** Whether it can be called here: Linux or macOS with the bridge. */
  public static boolean available() {
    return TorchBridge.available() && CALL.get().isPresent();
  }

  private static Optional<Function> open() {
    // Words, numbers and flags are passed as on the System V ABI; Windows differs.
    return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("win")
        ? Optional.empty()
        : Libtorch.function(SYMBOL);
  }

  /**
   * The number of an update for {@link #step}.
   *
   * @param manager owns it; on the weights' device
   * @param number how many updates, this one included; for the bias correction
   */
  public static NDArray update(NDManager manager, int number) {
    return manager.full(new Shape(), number, DataType.FLOAT32);
  }

  /**
   * Updates all weights at once. Call it outside a gradient collector.
   *
   * @param slots what is updated
   * @param s settings
   * @param update of {@link #update}
   * @param guard what the kernel looks at first
   * @throws io.t3d.core.T3dException when {@link #available()} is false
   * @throws IllegalArgumentException when shapes or types within a slot differ
   */
  public static void step(List<Slot> slots, Settings s, NDArray update, Optional<Guard> guard) {
    Function call =
        CALL.get()
            .filter(f -> TorchBridge.available())
            .orElseThrow(
                () -> new UnsupportedOperationException("libtorch's fused AdamW is not there"));
    if (slots.isEmpty()) {
      return;
    }
    slots.forEach(FusedAdamW::check); // a C++ exception would end the JVM
    List<NDArray> made = new ArrayList<>();
    List<NDArray> aligned = new ArrayList<>();
    slots.forEach(slot -> aligned.add(aligned(slot, made)));
    Memory weights = Libtorch.list(slots.stream().map(Slot::weight).toList());
    Memory gradients = Libtorch.list(aligned);
    Memory means = Libtorch.list(slots.stream().map(Slot::mean).toList());
    Memory squares = Libtorch.list(slots.stream().map(Slot::square).toList());
    Memory updates = Libtorch.list(slots.stream().map(slot -> update).toList());
    Memory divisor = Libtorch.optional(guard.flatMap(Guard::divisor));
    Memory leaveOut = Libtorch.optional(guard.map(Guard::leaveOut));
    long n = slots.size();
    call.invokeVoid(
        new Object[] {
          weights,
          n,
          gradients,
          n,
          means,
          n,
          squares,
          n,
          Pointer.NULL, // no AMSGrad
          0L,
          updates,
          n,
          s.learningRate,
          s.beta1,
          s.beta2,
          s.weightDecay,
          s.epsilon,
          (byte) 0,
          (byte) 0,
          divisor,
          leaveOut
        });
    made.forEach(NDArray::close);
  }

  /**
   * The gradient with the weight's strides. On a GPU the kernel refuses others, also where they say
   * the same: that of a 1×1×1 convolution can come with its channels last.
   */
  @SuppressWarnings("resource") // the caller closes what is made
  private static NDArray aligned(Slot slot, List<NDArray> made) {
    Shape shape = slot.weight.getShape();
    if (Arrays.stream(shape.getShape()).noneMatch(size -> size == 1)) {
      return slot.gradient; // autograd sees to it that they are alike
    }
    Tensor weight = TorchBridge.borrow(slot.weight);
    try (Tensor contiguous = TorchBridge.borrow(slot.gradient).contiguous()) {
      NDArray out =
          TorchBridge.own(
              slot.gradient.getManager(), contiguous.as_strided(weight.sizes(), weight.strides()));
      made.add(out);
      return out;
    }
  }

  private static void check(Slot slot) {
    Shape shape = slot.weight.getShape();
    for (NDArray array : List.of(slot.weight, slot.gradient, slot.mean, slot.square)) {
      if (!array.getShape().equals(shape) || array.getDataType() != DataType.FLOAT32) {
        throw new IllegalArgumentException(
            "weight, gradient and moments must be float32 of one shape "
                + shape
                + ", got "
                + array.getDataType()
                + " "
                + array.getShape());
      }
    }
  }
}
