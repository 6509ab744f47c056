package io.t3d.core.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Functions of the libtorch that DJL has loaded, called by their mangled C++ names through JNA:
 * those that neither DJL nor the presets map. A C++ exception in one would end the JVM, so callers
 * check what they pass.
 */
public final class Libtorch {
  private Libtorch() {}

  /** The library; no second copy is loaded. */
  public static NativeLibrary library() {
    Path file = Path.of(LibUtils.getLibtorchPath(), System.mapLibraryName("torch_cpu"));
    return NativeLibrary.getInstance(file.toString());
  }

  /** A function; empty where the library has none of that name (Windows). */
  public static Optional<Function> function(String symbol) {
    try {
      return Optional.of(library().getFunction(symbol));
    } catch (UnsatisfiedLinkError e) {
      return Optional.empty();
    }
  }

  /** An array of {@code at::Tensor}, each of which is one pointer; DJL's handle points to one. */
  public static Memory list(List<NDArray> arrays) {
    Memory memory = new Memory(8L * arrays.size());
    for (int i = 0; i < arrays.size(); i++) {
      memory.setPointer(8L * i, tensor(arrays.get(i)));
    }
    return memory;
  }

  /** A {@code std::optional<at::Tensor>}: a tensor and whether it is there. */
  public static Memory optional(Optional<NDArray> array) {
    Memory memory = new Memory(16);
    memory.clear();
    array.ifPresent(
        a -> {
          memory.setPointer(0, tensor(a));
          memory.setByte(8, (byte) 1);
        });
    return memory;
  }

  private static Pointer tensor(NDArray array) {
    return new Pointer(((PtNDArray) array).getHandle()).getPointer(0);
  }
}
