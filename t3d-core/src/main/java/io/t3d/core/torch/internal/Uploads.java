package io.t3d.core.torch.internal;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.torch.TorchBridge;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes arrays of Java's values, on a GPU without waiting for it: values are written into pinned
 * memory, which the GPU reads by itself when it has done what was asked before. DJL's {@code
 * create} copies from memory that the GPU cannot read, and waits until it is idle.
 *
 * <p>On a CPU values are written into the array's own memory. An array that DJL makes borrows a
 * Java buffer instead, which autograd does not keep alive, and which is not freed before the
 * garbage collector comes by.
 */
public final class Uploads {
  private static final Logger LOG = LoggerFactory.getLogger(Uploads.class);
  private static final AtomicBoolean PINNED_REFUSED = new AtomicBoolean();

  private Uploads() {}

  /**
   * Floats one after another.
   *
   * @param owner of the array
   * @param device where it is to be
   * @param shape of as many elements as all parts together
   * @param parts at least one
   * @return {@code shape}, float32
   * @throws IllegalArgumentException when the numbers of elements differ
   */
  public static NDArray floats(NDManager owner, Device device, Shape shape, List<float[]> parts) {
    require(shape, parts.stream().mapToLong(part -> part.length).sum());
    if (isPlain(device)) {
      ByteBuffer bytes = buffer(shape, Float.BYTES);
      parts.forEach(part -> part(bytes, part));
      bytes.rewind();
      return plain(owner, device, bytes, shape, DataType.FLOAT32);
    }
    return make(
        owner,
        device,
        shape,
        ScalarType.Float,
        tensor -> {
          FloatPointer to = tensor.data_ptr_float();
          long at = 0;
          for (float[] part : parts) {
            to.position(at).put(part);
            at += part.length;
          }
        });
  }

  /**
   * Whole numbers of 16 bits as floats: half the bytes go to the device.
   *
   * @param owner of the array
   * @param device where it is to be
   * @param shape of as many elements as there are values
   * @return {@code shape}, float32
   * @throws IllegalArgumentException when the numbers of elements differ
   */
  public static NDArray floatsOf(NDManager owner, Device device, Shape shape, short... values) {
    require(shape, values.length);
    if (isPlain(device)) {
      float[] floats = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        floats[i] = values[i];
      }
      return floats(owner, device, shape, List.of(floats));
    }
    return make(
        owner, device, shape, ScalarType.Short, tensor -> tensor.data_ptr_short().put(values));
  }

  /**
   * Whole numbers.
   *
   * @param owner of the array
   * @param device where it is to be
   * @param shape of as many elements as there are values
   * @return {@code shape}, int64
   * @throws IllegalArgumentException when the numbers of elements differ
   */
  public static NDArray longs(NDManager owner, Device device, Shape shape, long... values) {
    require(shape, values.length);
    if (isPlain(device)) {
      ByteBuffer bytes = buffer(shape, Long.BYTES);
      bytes.asLongBuffer().put(values);
      return plain(owner, device, bytes, shape, DataType.INT64);
    }
    return make(
        owner, device, shape, ScalarType.Long, tensor -> tensor.data_ptr_long().put(values));
  }

  private static void require(Shape shape, long values) {
    if (shape.size() != values) {
      throw new IllegalArgumentException(
          "values must be as many as the elements of " + shape + ", got " + values);
    }
  }

  /** Whether DJL's way is the only one; where libtorch has no CUDA a GPU cannot be there. */
  private static boolean isPlain(Device device) {
    return !TorchBridge.available() || (device.isGpu() && !torch.hasCUDA());
  }

  private static ByteBuffer buffer(Shape shape, int bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(Math.multiplyExact(shape.size(), bytes)))
        .order(ByteOrder.nativeOrder());
  }

  private static void part(ByteBuffer bytes, float... values) {
    bytes.asFloatBuffer().put(values);
    bytes.position(bytes.position() + Float.BYTES * values.length);
  }

  private static NDArray plain(
      NDManager owner, Device device, ByteBuffer bytes, Shape shape, DataType type) {
    NDArray made = owner.create(bytes, shape, type);
    if (made.getDevice().isGpu() && made.getDevice().equals(device)) {
      return made; // a copy already
    }
    try (made) {
      return made.duplicate().toDevice(device, false);
    }
  }

  private static NDArray make(
      NDManager owner, Device device, Shape shape, ScalarType type, Consumer<Tensor> fill) {
    try (PointerScope temporaries = new PointerScope()) {
      Tensor host = empty(shape, type, device.isGpu());
      fill.accept(host);
      boolean halves = type == ScalarType.Short; // DJL has no such arrays
      if (!device.isGpu()) {
        return TorchBridge.own(owner, halves ? host.to(ScalarType.Float) : host);
      }
      org.bytedeco.pytorch.Device gpu =
          new org.bytedeco.pytorch.Device(torch.DeviceType.CUDA, (byte) device.getDeviceId());
      // libtorch keeps pinned memory until the copy is done, also when the tensor is gone.
      Tensor there = host.to(gpu, type, true, false, new MemoryFormatOptional());
      return TorchBridge.own(owner, halves ? there.to(ScalarType.Float) : there);
    }
  }

  private static Tensor empty(Shape shape, ScalarType type, boolean pinned) {
    TensorOptions options = new TensorOptions(type);
    MemoryFormatOptional inOrder = new MemoryFormatOptional();
    if (pinned && !PINNED_REFUSED.get()) {
      try {
        return torch.empty(
            shape.getShape(), options.pinned_memory(new BoolOptional(true)), inOrder);
      } catch (RuntimeException e) {
        if (PINNED_REFUSED.compareAndSet(false, true)) {
          LOG.warn(
              "No pinned memory, so copies to the GPU wait for it; raise the limit of locked"
                  + " memory (ulimit -l)",
              e);
        }
      }
    }
    return torch.empty(shape.getShape(), options, inOrder);
  }
}
