package io.t3d.bench.data;

import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.OrientAndResample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Brings a scan to RAS and 1 mm a number of times, for {@code t3d-bench/compare-io}; its twin is
 * {@code read_volumes.py}. Prints one line of JSON: seconds per volume, peak memory, and a few
 * voxels to compare.
 */
public final class ReadVolumes {
  private ReadVolumes() {}

  /**
   * Runs.
   *
   * @param args path, how many times, threads
   */
  public static void main(String[] args) throws Exception {
    Path scan = Path.of(args[0]);
    int count = Integer.parseInt(args[1]);
    long start = System.nanoTime();
    Volume v = readAll(scan, count, Integer.parseInt(args[2]));
    double seconds = (System.nanoTime() - start) / 1e9 / count;
    System.out.printf(
        "{\"seconds\": %.4f, \"peakMiB\": %d, \"size\": [%d, %d, %d], \"voxels\": %s}%n",
        seconds, peakMiB(), v.depth(), v.height(), v.width(), voxels(v));
  }

  private static Volume readAll(Path scan, int count, int threads)
      throws InterruptedException, ExecutionException {
    OrientAndResample steps = new OrientAndResample("RAS", Spacing.isotropic(1));
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Volume>> running = new ArrayList<>();
      Volume last = null;
      for (int i = 0; i < count; i++) {
        running.add(pool.submit(() -> steps.read(scan)));
        if (running.size() == threads) {
          last = running.remove(0).get();
        }
      }
      while (!running.isEmpty()) {
        last = running.remove(0).get();
      }
      return last;
    } finally {
      pool.shutdown();
    }
  }

  /** Voxels on the diagonal. */
  private static List<Float> voxels(Volume v) {
    List<Float> some = new ArrayList<>();
    for (int i = 1; i < 10; i++) {
      some.add(v.get(v.depth() * i / 10, v.height() * i / 10, v.width() * i / 10));
    }
    return some;
  }

  /** The largest resident size of this process; Linux only. */
  private static int peakMiB() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Integer.parseInt(line.replaceAll("\\D", "")) / 1024;
      }
    }
    throw new IOException("/proc/self/status has no VmHWM");
  }
}
