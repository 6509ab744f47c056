package io.t3d.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process holds in memory, Java heap and native together; Linux only. */
final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessMemory() {}

  /** The largest resident size so far. */
  static int peakMiB() throws IOException {
    return read("VmHWM:");
  }

  /** The resident size now. */
  static int residentMiB() throws IOException {
    return read("VmRSS:");
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
