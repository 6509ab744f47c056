package io.t3d.core.torch;

import ai.djl.Device;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import io.t3d.core.T3dException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mixed precision: while a scope is open, convolutions, linear layers, matrix products and
 * attention of this thread run in bfloat16; softmax, losses and norms stay in float32. Parameters
 * stay float32 and get float32 gradients.
 *
 * <pre>{@code
 * try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
 *   NDArray features;
 *   try (Autocast scope = Autocast.bfloat16(Device.cpu())) {
 *     features = encode(volume);
 *   }
 *   collector.backward(loss(Casts.toFloat32(features)));
 * }
 * }</pre>
 *
 * <p>Open the scope inside the gradient collector: libtorch keeps the cast weights until the
 * outermost scope closes, and those cast outside a collector carry no gradient.
 *
 * <p>bfloat16 has the range of float32, so no loss scaling is needed. It pays on a CPU with
 * avx512_bf16 or AMX (a matrix product four times as fast) and on recent GPUs; without AVX-512 a
 * CPU takes some fifty times as long as in float32, see {@link #pays}.
 *
 * <p>A result in bfloat16 reads as {@code UNKNOWN} in DJL 0.36, and those of its methods that hand
 * a type to the native side end the JVM on such an array: {@code softmax}, {@code logSoftmax},
 * {@code toType}, {@code zerosLike}, {@code onesLike}, and reading values. Call {@link
 * Casts#toFloat32} first.
 *
 * <p>Scopes nest and close in reverse order, on the thread that opened them.
 */
public final class Autocast implements AutoCloseable {
  private static final Supplier<AutocastNative> NATIVE = Suppliers.memoize(AutocastNative::open);
  private static final ThreadLocal<Autocast> INNERMOST = new ThreadLocal<>();

  private static final Logger logger = LoggerFactory.getLogger(Autocast.class);
  private static final AtomicBoolean WARNED = new AtomicBoolean();

  private final int device;
  private final boolean wasEnabled;
  private final int oldDtype;
  private final @Nullable Autocast outer;
  private boolean closed;

  private Autocast(int device, boolean enabled) {
    AutocastNative libtorch = NATIVE.get();
    this.device = device;
    wasEnabled = libtorch.isEnabled(device);
    oldDtype = libtorch.dtype(device);
    outer = INNERMOST.get();
    libtorch.enter();
    libtorch.setDtype(device, AutocastNative.BFLOAT16);
    libtorch.setEnabled(device, enabled);
    INNERMOST.set(this);
  }

  /**
   * Opens a scope.
   *
   * @param device the model's device, CPU or GPU
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}, on Windows, or
   *     for another kind of device
   */
  public static Autocast bfloat16(Device device) {
    Autocast scope = open(device, true);
    if (!pays(device) && !WARNED.getAndSet(true)) {
      logger.warn(
          "bfloat16 on a CPU without AVX-512 takes some fifty times as long as float32: libtorch has"
              + " no kernels for it; set the precision to FLOAT32 here");
    }
    return scope;
  }

  /**
   * Opens a scope in which all runs in float32, for what must not or need not be bfloat16 inside an
   * outer one.
   *
   * @param device the model's device, CPU or GPU
   * @throws io.t3d.core.T3dException as {@link #bfloat16}
   */
  public static Autocast float32(Device device) {
    return open(device, false);
  }

  private static Autocast open(Device device, boolean enabled) {
    TorchBridge.require("Autocast to bfloat16");
    int type = deviceType(device);
    try {
      return new Autocast(type, enabled);
    } catch (UnsatisfiedLinkError e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Autocast is not there on this platform (libtorch exports it under another name): "
              + "train in float32",
          e);
    }
  }

  /**
   * Whether bfloat16 can be expected to pay on a device: on a GPU, and on a CPU for which libtorch
   * has bfloat16 kernels.
   */
  public static boolean pays(Device device) {
    return device.isGpu() || CpuGuard.hasAvx512();
  }

  /** Whether autocast is on for the device's kind in this thread; where it cannot be, it is not. */
  public static boolean isEnabled(Device device) {
    try {
      return TorchBridge.available() && NATIVE.get().isEnabled(deviceType(device));
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }

  /**
   * Restores the state of before; a second call does nothing.
   *
   * @throws IllegalStateException on another thread than the opening one, or while an inner scope
   *     is open
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (INNERMOST.get() != this) {
      throw new IllegalStateException(
          "An Autocast scope must be closed on the thread that opened it, the innermost first: use"
              + " try-with-resources");
    }
    closed = true;
    if (outer == null) {
      INNERMOST.remove();
    } else {
      INNERMOST.set(outer);
    }
    AutocastNative libtorch = NATIVE.get();
    if (libtorch.leave() == 0) {
      libtorch.clearCache();
    }
    libtorch.setEnabled(device, wasEnabled);
    libtorch.setDtype(device, oldDtype);
  }

  /** The device's c10::DeviceType. */
  private static int deviceType(Device device) {
    if (device.isGpu()) {
      return 1;
    }
    if (Device.Type.CPU.equals(device.getDeviceType())) {
      return 0;
    }
    throw new UnsupportedOperationException("Autocast knows CPU and GPU devices, got " + device);
  }
}
