package io.t3d.core.torch.distributed.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.core.torch.internal.GradientSlot;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class BucketsTest {
  private static final int WORKERS = 2;
  private static final int WEIGHTS = 13; // of 12 MB: five buckets, of which two travel at a time
  private static final Shape SHAPE = new Shape(3, 1 << 20);

  @Test
  void manyBucketsThatTravelAtATimeGiveEachWeightItsOwnSum() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    ExecutorService threads = Executors.newFixedThreadPool(WORKERS);
    try (NDManager manager = TorchEngine.get().newBaseManager(Device.cpu())) {
      List<Callable<Boolean>> workers = new ArrayList<>();
      for (int rank = 0; rank < WORKERS; rank++) {
        List<NDArray> weights = withGradients(manager, rank);
        Rendezvous place = Rendezvous.tcp("127.0.0.1", port, rank, WORKERS).build();
        workers.add(
            () -> {
              try (ProcessGroup group = ProcessGroup.join(place);
                  NDManager scope = manager.newSubManager()) {
                Buckets.sumGradients(group, scope, weights, weight -> true);
                for (int i = 0; i < WEIGHTS; i++) {
                  assertSum(weights.get(i), i);
                }
                group.barrier();
                return true;
              }
            });
      }
      for (Future<Boolean> done : threads.invokeAll(workers)) {
        assertThat(done.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Gradient of weight i in worker r: 100·r + i; worker 1 has none of weight 4, nobody of 7. */
  private static List<NDArray> withGradients(NDManager manager, int rank) {
    List<NDArray> weights = new ArrayList<>();
    try (GradientCollector collector = TorchEngine.get().newGradientCollector()) {
      NDArray loss = manager.zeros(new Shape());
      for (int i = 0; i < WEIGHTS; i++) {
        NDArray weight = manager.ones(SHAPE);
        weight.setRequiresGradient(true);
        weights.add(weight);
        if (i != 7 && !(i == 4 && rank == 1)) {
          loss = loss.add(weight.mul(manager.full(SHAPE, 100f * rank + i)).sum());
        }
      }
      collector.backward(loss);
    }
    return weights;
  }

  private static void assertSum(NDArray weight, int i) {
    if (i == 7) {
      assertThat(GradientSlot.isFilled(weight)).isFalse();
      return;
    }
    float expected = i == 4 ? 4 : 100 + 2 * i;
    try (NDArray gradient = weight.getGradient();
        NDArray least = gradient.min();
        NDArray most = gradient.max()) {
      assertThat(gradient.getShape()).isEqualTo(SHAPE);
      assertThat(least.getFloat()).isEqualTo(expected);
      assertThat(most.getFloat()).isEqualTo(expected);
    }
  }
}
