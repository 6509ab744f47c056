package io.t3d.bench.step;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process has used: memory, Java heap and native together (Linux only), and time. */
final class ProcessUse {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessUse() {}

  /** The largest resident size so far. */
  static int peakMiB() throws IOException {
    return read("VmHWM:");
  }

  /** Makes the resident size now the largest so far. */
  static void resetPeak() throws IOException {
    Files.writeString(Path.of("/proc/self/clear_refs"), "5");
  }

  /** The resident size now. */
  static int residentMiB() throws IOException {
    return read("VmRSS:");
  }

  /** Processor time of all threads. */
  static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static int read(String key) throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(key)) {
        return Integer.parseInt(line.replaceAll("\\D", "")) / 1024;
      }
    }
    throw new IOException(STATUS + " has no " + key);
  }
}
