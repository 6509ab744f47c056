package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.LibUtils;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * libtorch's fused AdamW: one pass over weights, gradients and moments where separate operations
 * take some twelve. Neither DJL nor the presets map it, so it is called by its C++ name.
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
   * @param update how many updates, this one included; for the bias correction
   */
  public record Settings(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      int update) {}

  /**
   * Four arrays of one shape, float32, contiguous or in one memory order.
   *
   * @param weight changed
   * @param gradient read
   * @param mean changed
   * @param square changed
   */
  public record Slot(NDArray weight, NDArray gradient, NDArray mean, NDArray square) {}

  /** Whether it can be called here: Linux or macOS with the bridge. */
  public static boolean available() {
    return TorchBridge.available() && CALL.get().isPresent();
  }

  private static Optional<Function> open() {
    // Twelve words, numbers and flags are passed as on the System V ABI; Windows differs.
    if (System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("win")) {
      return Optional.empty();
    }
    try {
      Path file = Path.of(LibUtils.getLibtorchPath(), System.mapLibraryName("torch_cpu"));
      return Optional.of(NativeLibrary.getInstance(file.toString()).getFunction(SYMBOL));
    } catch (UnsatisfiedLinkError e) {
      return Optional.empty();
    }
  }

  /**
   * Updates all weights at once. Call it outside a gradient collector.
   *
   * @param manager for temporaries; on the weights' device
   * @param slots what is updated
   * @param s settings
   * @throws io.t3d.core.T3dException when {@link #available()} is false
   * @throws IllegalArgumentException when shapes or types within a slot differ
   */
  public static void step(NDManager manager, List<Slot> slots, Settings s) {
    Function call =
        CALL.get()
            .filter(f -> TorchBridge.available())
            .orElseThrow(
                () -> new UnsupportedOperationException("libtorch's fused AdamW is not there"));
    if (slots.isEmpty()) {
      return;
    }
    slots.forEach(FusedAdamW::check); // a C++ exception would end the JVM
    try (NDManager scope = manager.newSubManager()) {
      NDArray update = scope.full(new Shape(), s.update, DataType.FLOAT32);
      Memory none = new Memory(16); // std::optional<Tensor> without a value
      none.clear();
      Memory weights = list(slots.stream().map(Slot::weight).toList());
      Memory gradients = list(slots.stream().map(Slot::gradient).toList());
      Memory means = list(slots.stream().map(Slot::mean).toList());
      Memory squares = list(slots.stream().map(Slot::square).toList());
      Memory updates = list(slots.stream().map(slot -> update).toList());
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
            0,
            0,
            none,
            none
          });
    }
  }

  /** An array of {@code at::Tensor}, each of which is one pointer; DJL's handle points to one. */
  private static Memory list(List<NDArray> arrays) {
    Memory memory = new Memory(8L * arrays.size());
    for (int i = 0; i < arrays.size(); i++) {
      memory.setPointer(8L * i, new Pointer(((PtNDArray) arrays.get(i)).getHandle()).getPointer(0));
    }
    return memory;
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
