package io.t3d.core.torch;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.PointerConsumer;
import org.bytedeco.pytorch.Scalar;
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
 * nothing but the gradient. So there are three for all calls, and the gradient itself carries the
 * number of the call through a small graph of libtorch's own operations:
 *
 * <pre>{@code
 * tail_i  = sum(input_i) · anchor                      a number for each input
 * carrier = [0 … 0, tail_1 … tail_n]                   hook: runs the backward pass
 * output  = carrier · [1 … 1, number_1 … number_n]     its front is then overwritten with the result
 * result  = front of output                            hook on output: sets the tail's gradient to 1
 * }</pre>
 *
 * <p>The gradient that arrives at the carrier is that of the result, with the numbers behind it;
 * each input's is its number all over, in whose place its hook puts the real one. The anchor is
 * memory that only this graph holds: when autograd drops the graph, run or not, its deleter frees
 * what the backward pass has kept.
 *
 * <p>Made for {@code backward()}, which reaches all inputs, as DJL's collector does: after {@code
 * torch.autograd.grad} for some of the inputs, the gradients of the others stay in memory.
 */
public final class WrittenGradient {
  /** float32 tells whole numbers below this apart. */
  private static final int NUMBERS = 1 << 24;

  /** Places for numbers behind a result, so that a hook knows where they are. */
  private static final int SLOTS = 4;

  private static final AtomicInteger NEXT = new AtomicInteger();
  private static final Map<Integer, Call> CALLS = new ConcurrentHashMap<>();
  private static final Map<Long, Call> ANCHORS = new ConcurrentHashMap<>();
  private static final Map<Integer, Tensor> GRADIENTS = new ConcurrentHashMap<>();

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
    Tensor anchor = call.anchor();
    TensorVector parts = new TensorVector(value.new_zeros(value.numel()));
    for (Tensor each : inputs) {
      Tensor input = each.alias();
      input.register_hook(Hooks.INPUT);
      parts.push_back(input.sum().mul(anchor).view(1));
    }
    parts.push_back(value.new_zeros(SLOTS - inputs.size()));
    Tensor carrier = torch.cat(parts, 0);
    carrier.register_hook(Hooks.CARRIER);
    Tensor output = carrier.mul(call.factor(value));
    output.register_hook(Hooks.OUTPUT);
    try (NoGradGuard constant = new NoGradGuard()) {
      output.detach().narrow(0, 0, value.numel()).copy_(value.flatten());
    }
    return output.narrow(0, 0, value.numel()).view(value.shape());
  }

  /** What the graph of one call refers to by numbers, one for each input. */
  private static final class Call {
    private final int[] numbers;
    private final long[] shape;
    private final Backward backward;
    private final FloatPointer memory = new FloatPointer(1L);

    Call(int inputs, long[] shape, Backward backward) {
      this.shape = shape;
      this.backward = backward;
      numbers = new int[inputs];
      for (int i = 0; i < inputs; i++) {
        do {
          numbers[i] = 1 + Math.floorMod(NEXT.getAndIncrement(), NUMBERS - 1);
        } while (CALLS.putIfAbsent(numbers[i], this) != null);
      }
    }

    /** A one in memory of this call. */
    Tensor anchor() {
      memory.retainReference();
      memory.put(1f);
      ANCHORS.put(memory.address(), this);
      return torch.from_blob(memory, new long[0], new long[0], Hooks.DROPPED);
    }

    /** Ones for the value, then the numbers. */
    Tensor factor(Tensor value) {
      Tensor factor = value.new_ones(value.numel() + SLOTS);
      for (int i = 0; i < numbers.length; i++) {
        factor.narrow(0, value.numel() + i, 1).fill_(new Scalar((double) numbers[i]));
      }
      return factor;
    }

    void run(Tensor gradient) {
      List<Tensor> gradients = backward.run(gradient.view(shape));
      for (int i = 0; i < numbers.length; i++) {
        GRADIENTS.put(numbers[i], keep(gradients.get(i)));
      }
    }

    void drop() {
      for (int number : numbers) {
        CALLS.remove(number, this);
      }
      backward.close();
      memory.deallocate();
    }
  }

  /**
   * The hooks: one of each, never freed, not by the scope that is open when the first is used
   * either. A class of its own, since to make one loads the presets, which the bridge must do
   * first.
   */
  private static final class Hooks {
    static final TensorTensorHook OUTPUT = new Output().retainReference();
    static final TensorTensorHook CARRIER = new Carrier().retainReference();
    static final TensorTensorHook INPUT = new Input().retainReference();
    static final PointerConsumer DROPPED = new Dropped().retainReference();
  }

  /** Gives the numbers a gradient of 1, so that the carrier's is the numbers themselves. */
  private static final class Output extends TensorTensorHook {
    @Override
    public TensorBase call(TensorBase gradient) {
      try (PointerScope temporaries = new PointerScope();
          NoGradGuard constant = new NoGradGuard()) {
        Tensor g = new Tensor(gradient);
        g.narrow(0, g.numel() - SLOTS, SLOTS).fill_(new Scalar(1.0));
      }
      return gradient;
    }
  }

  /** Runs the backward pass of the call whose number is in the gradient. */
  private static final class Carrier extends TensorTensorHook {
    @Override
    public TensorBase call(TensorBase gradient) {
      try (PointerScope temporaries = new PointerScope();
          NoGradGuard constant = new NoGradGuard()) {
        Tensor g = new Tensor(gradient);
        long size = g.numel() - SLOTS;
        CALLS.get((int) g.narrow(0, size, 1).item_float()).run(g.narrow(0, 0, size));
      }
      return gradient;
    }
  }

  /** Puts the input's gradient in the place of its number, which stands for it. */
  private static final class Input extends TensorTensorHook {
    @Override
    public TensorBase call(TensorBase gradient) {
      try (PointerScope temporaries = new PointerScope();
          NoGradGuard constant = new NoGradGuard()) {
        Tensor g = new Tensor(gradient);
        Tensor number = g;
        while (number.dim() > 0) {
          number = number.select(0, 0);
        }
        Tensor real = GRADIENTS.remove((int) number.item_float());
        g.set_data(real);
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
