package io.t3d.cli.print;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory that this process uses, in bytes.
 *
 * @param heap objects of Java, those that nobody needs any more among them
 * @param resident all memory of the process, tensors on the CPU among it; empty where the system
 *     does not tell
 * @param gpu of the GPU, by all processes; empty without one
 */
record MemoryUse(long heap, OptionalLong resident, OptionalLong gpu) {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB");

  /**
   * Asks Java, the system and the GPU's driver.
   *
   * @param device whose memory is asked for, where it is a GPU
   */
  static MemoryUse now(Device device) {
    Runtime java = Runtime.getRuntime();
    return new MemoryUse(java.totalMemory() - java.freeMemory(), resident(STATUS), gpu(device));
  }

  static OptionalLong resident(Path status) {
    try {
      Matcher line = RESIDENT.matcher(Files.readString(status));
      return line.find()
          ? OptionalLong.of(Long.parseLong(line.group(1)) << 10)
          : OptionalLong.empty();
    } catch (IOException e) {
      return OptionalLong.empty(); // not Linux
    }
  }

  private static OptionalLong gpu(Device device) {
    if (!device.isGpu()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(CudaUtils.getGpuMemory(device).getUsed());
    } catch (RuntimeException | LinkageError e) {
      return OptionalLong.empty(); // libcudart is not where DJL looks
    }
  }

  /** Adds it to a line of JSON. */
  void put(ObjectNode line) {
    line.put("heapBytes", heap);
    resident.ifPresent(bytes -> line.put("residentBytes", bytes));
    gpu.ifPresent(bytes -> line.put("gpuBytes", bytes));
  }

  /** Asks at most once a second, for tasks of many short steps. */
  static final class Clock {
    private static final long INTERVAL_NANOS = 1_000_000_000;

    private final Device device;
    private MemoryUse last;
    private long asked = System.nanoTime();

    Clock(Device device) {
      this.device = device;
      this.last = MemoryUse.now(device);
    }

    MemoryUse now() {
      long now = System.nanoTime();
      if (now - asked > INTERVAL_NANOS) {
        last = MemoryUse.now(device);
        asked = now;
      }
      return last;
    }
  }

  /** As {@code heap 0.4, resident 3.1 GB}. */
  String text() {
    StringBuilder text = new StringBuilder("heap ").append(gigabytes(heap));
    resident.ifPresent(bytes -> text.append(", resident ").append(gigabytes(bytes)));
    gpu.ifPresent(bytes -> text.append(", GPU ").append(gigabytes(bytes)));
    return text.append(" GB").toString();
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f", bytes / 1e9);
  }
}
