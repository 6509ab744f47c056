package io.t3d.core.torch.distributed.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.core.torch.internal.GradientSlot;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two workers, as threads, with unequal parts of a batch. */
@Timeout(120)
class SyncedBatchNormTest {
  private static final int ROWS = 6;
  private static final int[] CUT = {0, 2, 6}; // 2 rows for the first worker, 4 for the second

  /** What one norm did with its rows. */
  private record Result(
      float[] y, float[] dx, float[] dGamma, float[] dBeta, float[] mean, float[] var) {}

  private static NDArray whole(NDManager manager, long shift) {
    NDArray wave = manager.arange(0, ROWS * 3 * 8, 1, DataType.FLOAT32).add(shift).sin();
    return wave.add(1.5f).reshape(ROWS, 3, 2, 2, 2);
  }

  /** y, and gradients of {@code sum(y · weights)}. */
  private static Result run(NDManager manager, int from, int to) {
    JniUtils.setGradMode(true);
    BatchNorm norm = BatchNorm.builder().build();
    norm.initialize(manager, DataType.FLOAT32, new Shape(2, 3, 2, 2, 2));
    for (Parameter parameter : norm.getDirectParameters().values()) {
      if (parameter.requiresGradient()) {
        GradientSlot.free(parameter.getArray());
      }
    }
    NDArray x = GradientSlot.leaf(whole(manager, 0).get(from + ":" + to));
    ParameterStore store = new ParameterStore(manager, false);
    NDArray y =
        SyncedBatchNorm.applies(norm, true)
            ? SyncedBatchNorm.run(norm, store, x)
            : norm.forward(store, new NDList(x), true).singletonOrThrow();
    NDArray weights = whole(manager, 7).square().get(from + ":" + to);
    GradientSlot.backward(y.mul(weights).sum());
    return new Result(
        y.toFloatArray(),
        x.getGradient().toFloatArray(),
        gradient(norm, "gamma"),
        gradient(norm, "beta"),
        norm.getDirectParameters().get("runningMean").getArray().toFloatArray(),
        norm.getDirectParameters().get("runningVar").getArray().toFloatArray());
  }

  private static float[] gradient(BatchNorm norm, String name) {
    return norm.getDirectParameters().get(name).getArray().getGradient().toFloatArray();
  }

  @Test
  void outputGradientsAndRunningStatisticsAreThoseOfTheWholeBatch() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    ExecutorService threads = Executors.newFixedThreadPool(2);
    List<Future<Result>> futures = new ArrayList<>();
    for (int r = 0; r < 2; r++) {
      int rank = r;
      futures.add(
          threads.submit(
              () -> {
                try (ProcessGroup group =
                        ProcessGroup.join(Rendezvous.tcp("127.0.0.1", port, rank, 2).build());
                    NDManager manager = TorchEngine.get().newBaseManager();
                    SyncedNorms scope = SyncedNorms.open(group)) {
                  return run(manager, CUT[rank], CUT[rank + 1]);
                }
              }));
    }
    Result expected;
    try (NDManager manager = TorchEngine.get().newBaseManager()) {
      expected = run(manager, 0, ROWS);
    } finally {
      JniUtils.setGradMode(false);
    }
    Result first = futures.get(0).get(60, TimeUnit.SECONDS);
    Result second = futures.get(1).get(60, TimeUnit.SECONDS);
    threads.shutdown();
    assertAlike(joined(first.y(), second.y()), expected.y(), 1e-5);
    assertAlike(joined(first.dx(), second.dx()), expected.dx(), 1e-5);
    assertAlike(sum(first.dGamma(), second.dGamma()), expected.dGamma(), 5e-5);
    assertAlike(sum(first.dBeta(), second.dBeta()), expected.dBeta(), 5e-5);
    for (Result each : List.of(first, second)) {
      assertAlike(each.mean(), expected.mean(), 1e-6);
      assertAlike(each.var(), expected.var(), 1e-6);
    }
  }

  private static float[] joined(float[] a, float[] b) {
    float[] out = new float[a.length + b.length];
    System.arraycopy(a, 0, out, 0, a.length);
    System.arraycopy(b, 0, out, a.length, b.length);
    return out;
  }

  private static float[] sum(float[] a, float[] b) {
    float[] out = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      out[i] = a[i] + b[i];
    }
    return out;
  }

  private static void assertAlike(float[] actual, float[] expected, double tolerance) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).as("[%s]", i).isEqualTo(expected[i], within(tolerance));
    }
  }
}
