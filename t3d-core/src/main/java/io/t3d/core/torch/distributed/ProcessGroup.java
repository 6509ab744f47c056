package io.t3d.core.torch.distributed;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Workers, processes on one or several machines, that train one model together. All call the same
 * operations in the same order, and each waits until all have.
 *
 * <pre>{@code
 * try (ProcessGroup group = ProcessGroup.join(Rendezvous.tcp("127.0.0.1", 29500, rank, 2).build())) {
 *   group.allReduceSum(gradient);
 * }
 * }</pre>
 *
 * <p>Arrays are float32, bfloat16, int64 or uint8, of the same shape and type in all workers. They
 * travel by libtorch's Gloo; arrays on a GPU go through the memory of their machine, where that was
 * {@linkplain Rendezvous#backend asked for}.
 *
 * <p>When a worker ends, falls silent or {@linkplain #fail fails}, the operations of all others
 * throw a {@link T3dException} that names it, within half a minute. The group cannot be used any
 * more then.
 *
 * <p>One thread at a time may use a group.
 */
public interface ProcessGroup extends AutoCloseable {
  /** A group of this process alone: nothing travels. */
  static ProcessGroup single() {
    return SingleProcess.GROUP;
  }

  /**
   * Joins the other workers; waits for them.
   *
   * @throws T3dException when the address is wrong, the port is in use, workers are missing or do
   *     not know the secret, two have one rank, or this machine has no Gloo
   */
  static ProcessGroup join(Rendezvous rendezvous) {
    return rendezvous.size() == 1 ? single() : GlooJoin.join(rendezvous);
  }

  /** This worker's number, from 0; 0 is the one that writes. */
  int rank();

  /** R, the number of workers. */
  int size();

  /**
   * Refuses a device whose arrays do not travel: a GPU, unless Gloo was asked for by name, since
   * NCCL, which whoever takes several GPUs expects, cannot be had.
   *
   * @throws T3dException which names NCCL, and what to do
   */
  default void requireDevice(Device device) {}

  /** Puts the sum over all workers into the array of each. */
  void allReduceSum(NDArray array);

  /** An operation that goes on. */
  @FunctionalInterface
  interface Pending {
    /** Waits for its end; once. */
    void await();
  }

  /**
   * Begins {@link #allReduceSum}, which goes on while this thread does other things. Nothing may
   * touch the array until it is awaited. Several may go on; all workers begin and await them in the
   * same order.
   */
  default Pending beginAllReduceSum(NDArray array) {
    allReduceSum(array);
    return () -> {};
  }

  /**
   * Puts the values of one worker into the array of each.
   *
   * @param root whose
   */
  void broadcast(NDArray array, int root);

  /**
   * The arrays of all workers, one after another.
   *
   * @param array {@code (…)}
   * @return {@code (R, …)}, owned by the manager of the array, without gradient
   */
  NDArray allGather(NDArray array);

  /**
   * The sum over all workers, of which each gets its part.
   *
   * @param array {@code (R·n, …)}
   * @return {@code (n, …)}, owned by the manager of the array, without gradient
   */
  NDArray reduceScatter(NDArray array);

  /** Waits until all workers are here. */
  void barrier();

  /** The texts of all workers, in the order of their ranks. */
  List<String> allGather(String text);

  /** What has travelled since the group was formed. */
  Traffic traffic();

  /**
   * Tells the other workers that this one ends, and why; without a word they only see that it is
   * gone.
   *
   * @param why in one line
   */
  void fail(String why);

  /**
   * That another worker has ended or failed, once this is known: the group cannot be used then.
   * Empty where this worker itself has failed.
   */
  Optional<PeerLostException> lost();

  /** A part of a worker's work. */
  @FunctionalInterface
  interface Part<T> {
    /** Does it. */
    T run() throws IOException;
  }

  /**
   * Does a part of this worker's work; where it fails for a reason of its own, the others are told.
   *
   * @throws PeerLostException when another worker has ended or failed, also where libtorch was in
   *     between and made an error of its own of it, as in a backward pass
   */
  default <T> T run(Part<T> part) throws IOException {
    try {
      return part.run();
    } catch (PeerLostException e) {
      throw e; // they know
    } catch (IOException | RuntimeException | Error e) {
      if (e instanceof RuntimeException && !(e instanceof T3dException) && lost().isPresent()) {
        PeerLostException lost = lost().get();
        lost.addSuppressed(e);
        throw lost;
      }
      fail(e.getMessage() == null ? e.toString() : e.getMessage());
      throw e;
    }
  }

  /** Leaves the group; waits a few seconds for the others to do so. */
  @Override
  void close();

  /**
   * What a worker has sent.
   *
   * @param bytes by this worker to others, as the ring algorithms do: twice the array for an
   *     all-reduce of many workers, and (R − 1) times it for an all-gather
   * @param seconds within the operations, waiting for others included
   * @param calls operations
   */
  record Traffic(long bytes, double seconds, long calls) {
    /** What came since an earlier state. */
    public Traffic since(Traffic earlier) {
      return new Traffic(bytes - earlier.bytes, seconds - earlier.seconds, calls - earlier.calls);
    }
  }
}
