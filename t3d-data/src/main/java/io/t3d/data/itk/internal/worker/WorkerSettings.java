package io.t3d.data.itk.internal.worker;

import io.t3d.core.T3dException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The limits of the decoder processes.
 *
 * @param workers most processes at a time
 * @param timeout how long a request may stay silent, before what its size adds
 * @param memoryMiB address space of one process
 * @param exchange the folder in which voxels are handed over
 */
record WorkerSettings(int workers, Duration timeout, long memoryMiB, Path exchange) {
  /** Decoding slower than this is taken for a hang. */
  private static final long BYTES_PER_SECOND = 4 << 20;

  WorkerSettings {
    if (workers < 1 || timeout.isNegative() || timeout.isZero() || memoryMiB < 64) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "t3d.itk.workers must be >= 1, t3d.itk.timeoutSeconds >= 1, t3d.itk.memoryMiB >= 64, got "
              + workers
              + ", "
              + timeout.toSeconds()
              + ", "
              + memoryMiB);
    }
  }

  /** From the system properties {@code t3d.itk.*}. */
  static WorkerSettings fromProperties() {
    return new WorkerSettings(
        Integer.getInteger("t3d.itk.workers", Runtime.getRuntime().availableProcessors()),
        Duration.ofSeconds(Long.getLong("t3d.itk.timeoutSeconds", 60)),
        Long.getLong("t3d.itk.memoryMiB", 8192),
        Path.of(System.getProperty("t3d.itk.exchange", defaultExchange())));
  }

  private static String defaultExchange() {
    String memory = "/dev/shm";
    return Files.isWritable(Path.of(memory)) ? memory : System.getProperty("java.io.tmpdir");
  }

  /** The longest silence while so many bytes are being read. */
  Duration timeoutFor(long bytes) {
    return timeout.plusSeconds(bytes / BYTES_PER_SECOND);
  }
}
