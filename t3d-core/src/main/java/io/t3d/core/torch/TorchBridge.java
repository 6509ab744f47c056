package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import io.t3d.core.T3dException;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Converts between DJL arrays and the JavaCPP presets' tensors without a copy: both use the same
 * libtorch, the one DJL has loaded. Operations that DJL lacks then run on DJL's arrays, in DJL's
 * gradients.
 *
 * <pre>{@code
 * NDArray relu6(NDArray x) {
 *   TorchBridge.require("relu6");
 *   return TorchBridge.own(x.getManager(), torch.relu6(TorchBridge.borrow(x)));
 * }
 * }</pre>
 *
 * <p>Loaded once, at first use, by any thread (about a second). Where that fails the classes of
 * this package take a slower path in plain DJL or refuse; {@link #unavailableReason} says why. The
 * system property {@value #PROPERTY}{@code =off} forces that.
 */
public final class TorchBridge {
  /** System property; {@code off} keeps the bridge down. */
  public static final String PROPERTY = "t3d.bridge";

  private static final Logger logger = LoggerFactory.getLogger(TorchBridge.class);
  private static final Supplier<Optional<String>> REASON = Suppliers.memoize(TorchBridge::start);

  static {
    CpuGuard.install();
  }

  private TorchBridge() {}

  /** Whether the bridge works on this machine; the first call loads it. */
  public static boolean available() {
    return REASON.get().isEmpty();
  }

  /** Why the bridge does not work, and what helps; empty when it works. */
  public static Optional<String> unavailableReason() {
    return REASON.get();
  }

  /**
   * Requires the bridge.
   *
   * @param feature what the caller wants to do, starts the message
   * @throws io.t3d.core.T3dException when the bridge does not work here
   */
  public static void require(String feature) {
    REASON.get().ifPresent(reason -> refuse(feature, reason));
  }

  @SuppressWarnings("DoNotCallSuggester") // It is there to throw: the callers have one message.
  static void refuse(String feature, String reason) {
    throw new T3dException(
        T3dException.Kind.ENVIRONMENT,
        feature + " needs the bridge to libtorch, which is not there: " + reason);
  }

  /**
   * Views an array as a presets' tensor that owns nothing: no copy, nothing to free. Valid until
   * the array is closed.
   *
   * @param array an array of DJL's PyTorch engine
   * @throws IllegalArgumentException when another engine made it
   */
  public static Tensor borrow(NDArray array) {
    if (!(array instanceof PtNDArray pt)) {
      throw new IllegalArgumentException(
          "array must come from DJL's PyTorch engine, got "
              + (array == null ? "null" : array.getClass().getName()));
    }
    require("borrow");
    return new BorrowedTensor(pt.getHandle());
  }

  /**
   * Hands a tensor that a presets' operation returned over to DJL. The tensor object is empty
   * afterwards.
   *
   * @param manager frees the array; by DJL's habit the manager of the operation's first operand
   * @param tensor result of an operation; not a borrowed one
   * @return the same tensor, no copy
   * @throws IllegalArgumentException when the tensor is borrowed, empty or closed, or the manager
   *     is of another engine
   */
  public static NDArray own(NDManager manager, Tensor tensor) {
    if (tensor instanceof BorrowedTensor) {
      throw new IllegalArgumentException(
          "tensor is borrowed, its array owns it already: use that array or duplicate() it");
    }
    if (tensor.isNull() || !tensor.defined()) {
      throw new IllegalArgumentException(
          "tensor is empty: own() was called twice, or it is closed");
    }
    if (!(manager instanceof PtNDManager pt)) {
      throw new IllegalArgumentException(
          "manager must be of DJL's PyTorch engine, got " + manager.getClass().getName());
    }
    long handle = releaseHandle(tensor);
    return new PtNDArray(pt, handle);
  }

  /**
   * Takes the native handle out of JavaCPP's hands. A second handle on the same storage goes to
   * DJL, since the caller's object stays known to its own close() and to an open PointerScope; the
   * extra reference keeps such a scope from freeing the new one.
   */
  private static long releaseHandle(Tensor tensor) {
    @SuppressWarnings("resource") // DJL frees it
    Tensor handle = new Tensor(tensor);
    handle.retainReference();
    long address = handle.address();
    handle.deallocate(false); // drops JavaCPP's duty to free, not the tensor
    tensor.deallocate();
    return address;
  }

  private static Optional<String> start() {
    Optional<String> reason =
        BridgeLoader.load(System.getProperty(PROPERTY), BridgeLoader::loadPresets);
    reason.ifPresent(
        why ->
            logger.warn(
                "The bridge to libtorch is not there: attention takes a slower path, channels-last"
                    + " has no effect, bfloat16 is refused. Why: {}",
                why));
    return reason;
  }

  /** Has no deallocator, so neither close() nor a PointerScope nor the GC frees the tensor. */
  private static final class BorrowedTensor extends Tensor {
    BorrowedTensor(long handle) {
      super((Pointer) null);
      address = handle;
    }
  }
}
