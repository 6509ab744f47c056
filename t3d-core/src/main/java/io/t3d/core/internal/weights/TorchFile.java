package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.weights.Unpickler.Storage;
import io.t3d.core.internal.weights.Unpickler.TensorView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;

/**
 * Reads the state dict in a file of {@code torch.save}, without running anything; see {@link
 * Unpickler}.
 *
 * <p>Both forms are read: the zip archive (PyTorch 1.6 and later) and the plain stream of before,
 * in which many older models are still published. The dictionary may lie under a key such as {@code
 * state_dict}, also under two, beside an optimizer, counters and other tensors of the training:
 * these are then left out.
 */
final class TorchFile {
  /** Where training scripts put the weights, the likeliest first. */
  private static final List<String> WRAPPERS =
      List.of(
          "state_dict",
          "model_state_dict",
          "model_state",
          "model",
          "network_weights",
          "module",
          "net",
          "weights",
          "checkpoint",
          "teacher"); // of self-distillation: the average that is used afterwards

  /** Keys above each other, e.g. {@code checkpoint} and {@code model}. */
  private static final int WRAPPED_AT_MOST = 3;

  private final String source;
  private final StorageReader storages;
  private final Map<String, byte[]> cache = new LinkedHashMap<>();

  /** Hands out the bytes of storages. */
  interface StorageReader extends AutoCloseable {
    /** The dictionary's pickle, read. */
    Object root() throws IOException;

    /** All bytes of a storage, little endian. */
    byte[] bytes(Storage storage) throws IOException;

    @Override
    void close() throws IOException;
  }

  private TorchFile(String source, StorageReader storages) {
    this.source = source;
    this.storages = storages;
  }

  /** Whether the file begins as {@code torch.save}'s files do. */
  static boolean looksLikeOne(byte[] start) {
    return ZipStorages.isZip(start) || StreamStorages.isStream(start);
  }

  /**
   * Reads the tensors of a state dict.
   *
   * @param manager owns the arrays; its device is where they go
   * @param file of {@code torch.save}
   * @return name → array; bfloat16 becomes float32
   * @throws IOException naming the file and what is damaged, missing or refused
   */
  static Map<String, NDArray> read(NDManager manager, Path file) throws IOException {
    byte[] start = new byte[16];
    try (var in = Files.newInputStream(file)) {
      start = Arrays.copyOf(start, in.readNBytes(start, 0, start.length));
    }
    String name = file.toString();
    try (StorageReader storages =
        ZipStorages.isZip(start) ? new ZipStorages(file) : new StreamStorages(file)) {
      TorchFile torch = new TorchFile(name, storages);
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (Map.Entry<String, TensorView> entry : torch.stateDict(storages.root()).entrySet()) {
        tensors.put(entry.getKey(), torch.array(manager, entry.getKey(), entry.getValue()));
      }
      return tensors;
    }
  }

  private Map<String, TensorView> stateDict(Object root) throws IOException {
    if (!(root instanceof Map<?, ?> map)) {
      throw new IOException(
          source + " holds no dictionary of tensors; save model.state_dict() instead");
    }
    Optional<Map<String, TensorView>> model = modelIn(map, WRAPPED_AT_MOST);
    if (model.isPresent()) {
      return model.get();
    }
    throw new IOException(
        source
            + " holds no tensors at the top nor under one of "
            + WRAPPERS
            + ", but "
            + map.keySet()
            + "; save model.state_dict() instead");
  }

  /**
   * A state dict holds tensors alone: where one of the keys holds a dictionary, that is the model,
   * and a tensor beside it is a counter of the training.
   */
  private static Optional<Map<String, TensorView>> modelIn(Map<?, ?> map, int deep) {
    for (String key : WRAPPERS) {
      if (deep > 0 && map.get(key) instanceof Map<?, ?> inner) {
        Optional<Map<String, TensorView>> found = modelIn(inner, deep - 1);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    Map<String, TensorView> direct = tensorsOf(map);
    return direct.isEmpty() ? Optional.empty() : Optional.of(direct);
  }

  private static Map<String, TensorView> tensorsOf(Map<?, ?> map) {
    Map<String, TensorView> out = new LinkedHashMap<>();
    map.forEach(
        (key, value) -> {
          if (key instanceof String name && value instanceof TensorView tensor) {
            out.put(name, tensor);
          }
        });
    return out;
  }

  private NDArray array(NDManager manager, String name, TensorView view) throws IOException {
    ElementType type = view.storage().type();
    long count = checkedCount(name, view);
    ByteBuffer values = gather(storage(view.storage()), view, (int) count);
    if (type == ElementType.BFLOAT16) {
      values = widen(values, half -> half << 16);
    } else if (type == ElementType.SHORT) {
      values = widen(values, value -> value);
    }
    // The engine borrows a direct buffer's memory; the copy is libtorch's own.
    try (NDArray borrowed = manager.create(values, new Shape(view.shape()), type.dataType())) {
      return borrowed.duplicate();
    }
  }

  private byte[] storage(Storage storage) throws IOException {
    byte[] known = cache.get(storage.key());
    if (known != null) {
      return known;
    }
    byte[] bytes = storages.bytes(storage);
    if (bytes.length != storage.elements() * storage.type().bytes()) {
      throw damaged(
          "storage "
              + storage.key()
              + " must have "
              + storage.elements() * storage.type().bytes()
              + " bytes, got "
              + bytes.length);
    }
    cache.clear(); // Tensors that share a storage stand next to each other: one is enough.
    cache.put(storage.key(), bytes);
    return bytes;
  }

  /** The number of elements, after a check that all of them lie inside the storage. */
  private long checkedCount(String name, TensorView view) throws IOException {
    long[] shape = view.shape();
    long[] strides = view.strides();
    try {
      long count = 1;
      long last = view.offset();
      boolean sane = shape.length == strides.length && view.offset() >= 0;
      for (int i = 0; sane && i < shape.length; i++) {
        sane = shape[i] >= 0 && strides[i] >= 0;
        count = Math.multiplyExact(count, shape[i]);
        last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[i] - 1), strides[i]));
      }
      boolean inside = count == 0 || last < view.storage().elements();
      long bytes = Math.multiplyExact(count, view.storage().type().dataType().getNumOfBytes());
      if (sane && inside && bytes <= Integer.MAX_VALUE) {
        return count;
      }
    } catch (ArithmeticException e) {
      throw damaged("tensor " + name + " has an impossible shape " + Arrays.toString(shape));
    }
    throw damaged(
        "tensor "
            + name
            + " of shape "
            + Arrays.toString(shape)
            + " reaches beyond its storage of "
            + view.storage().elements()
            + " elements, or is larger than 2 GiB");
  }

  /** The view's elements one after the other. */
  private static ByteBuffer gather(byte[] storage, TensorView view, int count) {
    int bytes = view.storage().type().bytes();
    ByteBuffer out = ByteBuffer.allocateDirect(count * bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (isContiguous(view)) {
      return out.put(storage, (int) (view.offset() * bytes), count * bytes).flip();
    }
    long[] index = new long[view.shape().length];
    for (int i = 0; i < count; i++) {
      long at = view.offset();
      for (int axis = 0; axis < index.length; axis++) {
        at += index[axis] * view.strides()[axis];
      }
      out.put(storage, (int) (at * bytes), bytes);
      for (int axis = index.length - 1; axis >= 0 && ++index[axis] == view.shape()[axis]; axis--) {
        index[axis] = 0;
      }
    }
    return out.flip();
  }

  private static boolean isContiguous(TensorView view) {
    long step = 1;
    for (int axis = view.shape().length - 1; axis >= 0; axis--) {
      if (view.shape()[axis] != 1 && view.strides()[axis] != step) {
        return false;
      }
      step *= view.shape()[axis];
    }
    return true;
  }

  /** Four bytes for each two, which come as a signed number. */
  private static ByteBuffer widen(ByteBuffer halves, IntUnaryOperator how) {
    int count = halves.remaining() / 2;
    ByteBuffer out = ByteBuffer.allocateDirect(count * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      out.putInt(i * 4, how.applyAsInt(halves.getShort(i * 2)));
    }
    return out;
  }

  private IOException damaged(String what) {
    return new IOException(source + " is damaged: " + what);
  }
}
