package io.t3d.core.torch.internal;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.PointerConsumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorTensorHook;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Attaches a backward pass written in Java to a result computed without autograd: the counterpart
 * of {@code torch.autograd.Function}, which neither DJL nor the JavaCPP presets have.
 *
 * <p>The presets do have hooks on gradients, but only some ten at a time, and a hook is told
 * nothing but the gradient. So there are two for all calls, and where a gradient lies in memory and
 * how long it is tells which call it belongs to, so that nobody has to wait for a device to read
 * it:
 *
 * <pre>{@code
 * tail_i  = sum(input_i)                               a number for each input
 * carrier = [0 … 0, tail_1 … tail_n, anchor, 0 … 0]    hook: runs the backward pass
 * result  = front of carrier, overwritten with the result
 * }</pre>
 *
 * <p>No two carriers that are in use have the same length. The gradient of a tail is a place behind
 * the front of the carrier's gradient; each input's is that number all over, in whose place its
 * hook puts the real one. The anchor is memory that only this graph holds: when autograd drops the
 * graph, run or not, its deleter frees what the backward pass has kept.
 *
 * <p>Made for {@code backward()}, which reaches all inputs, as DJL's collector does: after {@code
 * torch.autograd.grad} for some of the inputs, the gradients of the others stay in memory.
 */
public final class WrittenGradient {
  /** Carriers in use, by their length. */
  private static final Map<Long, Call> CALLS = new ConcurrentHashMap<>();

  private static final Map<Long, Call> ANCHORS = new ConcurrentHashMap<>();

  /** Gradients that wait for their input's hook, by the address of the number in their place. */
  private static final Map<Long, Tensor> GRADIENTS = new ConcurrentHashMap<>();

  private WrittenGradient() {}

  /** The backward pass of one call, and what it keeps from the forward pass. */
  public interface Backward extends AutoCloseable {
    /**
     * Runs without autograd, inside a PointerScope; may run again when the graph was kept.
     *
     * @param gradient of the result, in its shape
     * @return a gradient for each input, in its shape
     */
    List<Tensor> run(Tensor gradient);

    /** Frees what was kept. */
    @Override
    void close();
  }

  /** A handle that outlives the open PointerScope; {@code deallocate()} frees it. */
  public static Tensor keep(Tensor tensor) {
    Tensor handle = new Tensor(tensor);
    handle.retainReference();
    return handle;
  }

  /**
   * Ties a result to its inputs. Call it inside a PointerScope.
   *
   * @param inputs one to four that require a gradient; float32, not empty
   * @param value the result, float32, computed without autograd
   * @param backward its backward pass; closed when it can no longer run
   * @return the same values, with a gradient
   */
  public static Tensor of(List<Tensor> inputs, Tensor value, Backward backward) {
    Call call = new Call(inputs.size(), value.shape(), backward);
    TensorVector parts = new TensorVector(value.new_zeros(call.front));
    for (Tensor each : inputs) {
      Tensor input = each.alias();
      input.register_hook(Hooks.INPUT);
      parts.push_back(input.sum().view(1));
    }
    Tensor leaf = value.new_zeros(1);
    leaf.set_requires_grad(true);
    parts.push_back(leaf.mul(call.anchor()));
    parts.push_back(value.new_zeros(call.length - call.front - inputs.size() - 1));
    Tensor carrier = torch.cat(parts, 0);
    carrier.register_hook(Hooks.CARRIER);
    try (NoGradGuard constant = new NoGradGuard()) {
      carrier.detach().narrow(0, 0, call.front).copy_(value.flatten());
    }
    return carrier.narrow(0, 0, call.front).view(value.shape());
  }

  /** What the graph of one call refers to. */
  private static final class Call {
    private final int inputs;
    private final long[] shape;
    private final long front; // elements of the result
    private final long length; // of the carrier
    private final Backward backward;
    private final FloatPointer memory = new FloatPointer(1L);

    Call(int inputs, long[] shape, Backward backward) {
      this.inputs = inputs;
      this.shape = shape;
      this.backward = backward;
      front = LongStream.of(shape).reduce(1, Math::multiplyExact);
      long candidate = front + inputs + 1;
      while (CALLS.putIfAbsent(candidate, this) != null) {
        candidate++;
      }
      length = candidate;
    }

    /** A one in memory of this call. */
    Tensor anchor() {
      memory.retainReference();
      memory.put(1f);
      ANCHORS.put(memory.address(), this);
      return torch.from_blob(memory, new long[0], new long[0], Hooks.DROPPED);
    }

    /** Puts each input's gradient where its hook finds it. */
    void run(Tensor carried) {
      List<Tensor> gradients = backward.run(carried.narrow(0, 0, front).view(shape));
      for (int i = 0; i < inputs; i++) {
        long place = placeOf(carried.narrow(0, front + i, 1));
        Tensor left = GRADIENTS.put(place, keep(gradients.get(i)));
        if (left != null) { // of a pass that did not reach the input
          left.deallocate();
        }
      }
    }

    void drop() {
      CALLS.remove(length, this);
      backward.close();
      memory.deallocate();
    }
  }

  private static long placeOf(Tensor tensor) {
    return tensor.data_ptr().address();
  }

  /**
   * The hooks: one of each, never freed, not by the scope that is open when the first is used
   * either. A class of its own, since to make one loads the presets, which the bridge must do
   * first.
   */
  private static final class Hooks {
    static final TensorTensorHook CARRIER = new Carrier().retainReference();
    static final TensorTensorHook INPUT = new Input().retainReference();
    static final PointerConsumer DROPPED = new Dropped().retainReference();
  }

  /** Runs the backward pass of the call whose carrier is that long. */
  private static final class Carrier extends TensorTensorHook {
    @Override
    public TensorBase call(TensorBase gradient) {
      try (PointerScope temporaries = new PointerScope();
          NoGradGuard constant = new NoGradGuard()) {
        Tensor carried = new Tensor(gradient);
        CALLS.get(carried.numel()).run(carried);
      }
      return gradient;
    }
  }

  /** Puts the input's gradient in the place of the number that stands for it. */
  private static final class Input extends TensorTensorHook {
    @Override
    public TensorBase call(TensorBase gradient) {
      try (PointerScope temporaries = new PointerScope();
          NoGradGuard constant = new NoGradGuard()) {
        Tensor number = new Tensor(gradient);
        Tensor real = GRADIENTS.remove(placeOf(number));
        number.set_data(real);
        real.deallocate();
      }
      return gradient;
    }
  }

  /** The graph is gone, and the anchor with it. */
  private static final class Dropped extends PointerConsumer {
    @Override
    public void call(Pointer memory) {
      ANCHORS.remove(memory.address()).drop();
    }
  }
}
