package io.t3d.spark;

import com.google.common.base.Throwables;
import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.internal.cuda.DeviceMemory;
import io.t3d.core.torch.TorchEngine;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.apache.spark.SparkEnv;

/**
 * What ends a task, in one sentence that names the executor and what helps; the driver finds it
 * again among what Spark tells of a failed job.
 */
final class Failures {
  private static final int MEGABYTE = 1 << 20;

  private Failures() {}

  /** As it is to leave a task. */
  static RuntimeException onExecutor(Throwable e) {
    if (e instanceof T3dException known && known.getMessage().startsWith("Executor ")) {
      return known;
    }
    if (Throwables.getCausalChain(e).stream().anyMatch(OutOfMemoryError.class::isInstance)) {
      return failure(
          Kind.ENVIRONMENT,
          "Java's memory is full ("
              + Runtime.getRuntime().maxMemory() / MEGABYTE
              + " MB): each task holds a volume while it is read; raise spark.executor.memory, or"
              + " lower spark.executor.cores",
          e);
    }
    Optional<String> full = DeviceMemory.exhausted(e);
    if (full.isPresent()) {
      return failure(
          Kind.ENVIRONMENT,
          full.get()
              + "; libtorch's memory is not Java's: raise spark.executor.memoryOverhead, or run"
              + " fewer executors on a machine",
          e);
    }
    if (e instanceof HasKind known) {
      return failure(known.kind(), String.valueOf(e.getMessage()), e);
    }
    if (TorchEngine.isOfNatives(e)) {
      return TorchEngine.nativesFailed(
          where() + "natives do not load",
          "build the job's jar on Linux x86-64 (docs/spark.md)",
          e);
    }
    if (e instanceof java.io.IOException) {
      return failure(Kind.INPUT, String.valueOf(e.getMessage()), e);
    }
    return e instanceof RuntimeException r ? r : new IllegalStateException(e);
  }

  /** A failure of this executor. */
  static T3dException failure(Kind kind, String message, Throwable cause) {
    return new T3dException(kind, where() + message, cause);
  }

  /** {@code Executor 3 on node7: }. */
  static String where() {
    SparkEnv env = SparkEnv.get();
    return "Executor " + (env == null ? "?" : env.executorId()) + " on " + host() + ": ";
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "an unnamed host";
    }
  }

  /**
   * What a failed job is thrown as on the driver: what a task threw that a user can mend, else what
   * Spark threw.
   */
  static RuntimeException ofJob(Exception e) {
    for (Throwable each : Throwables.getCausalChain(e)) {
      if (each instanceof T3dException mendable) {
        return mendable;
      }
    }
    return e instanceof RuntimeException r ? r : new IllegalStateException(e.getMessage(), e);
  }
}
