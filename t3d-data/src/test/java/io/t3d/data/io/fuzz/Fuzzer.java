package io.t3d.data.io.fuzz;

import com.sun.management.ThreadMXBean;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.fuzz.FuzzReport.Outcome;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Reads mutants and holds the readers to their promises. */
final class Fuzzer implements AutoCloseable {
  static final int SECONDS_PER_READ = 10;

  /** No sample unpacks to a hundredth of this. */
  private static final long MAX_ALLOCATED = 64L << 20;

  private static final int MAX_MESSAGE = 2000;

  /** With the path of the file. */
  private static final int MAX_DICOM_MESSAGE = 400;

  private final Path folder;
  private final Path keep;
  private final FuzzReport report = new FuzzReport();
  private final Map<Sample, Volume> sound = new HashMap<>();
  private ExecutorService reading = newThread();

  /**
   * A fuzzer with its folders.
   *
   * @param folder for mutants, emptied after each
   * @param keep where mutants that broke a promise are kept
   */
  Fuzzer(Path folder, Path keep) {
    this.folder = folder;
    this.keep = keep;
  }

  /** What one read gave, and what it took. */
  private record Reading(Volume volume, VolumeInfo info, Throwable thrown, long allocated) {}

  FuzzReport report() {
    return report;
  }

  /** Tries mutants of the samples in turn; the same seed tries the same mutants. */
  void run(List<Sample> samples, int mutants, long seed) throws Exception {
    for (int i = 0; i < mutants; i++) {
      Sample sample = samples.get(i % samples.size());
      SplittableRandom random = new SplittableRandom(seed + 0x9e3779b97f4a7c15L * i);
      tryMutant(Mutations.anyOf(Mutations.of(sample), random).apply(sample, random));
    }
  }

  void tryMutant(Mutant mutant) throws Exception {
    Volume expected = soundVolume(mutant.origin());
    Path path = mutant.write(Files.createDirectory(folder.resolve("m")));
    long start = System.nanoTime();
    Reading reading = read(path);
    String broken = reading == null ? "hangs" : brokenPromise(mutant, reading, expected);
    report.add(mutant.origin().format(), outcome(reading, broken));
    report.measured(reading == null ? 0 : reading.allocated, System.nanoTime() - start);
    if (broken != null) {
      report.addBroken(mutant + ": " + broken + "; kept in " + keepFiles(mutant));
    }
    deleteAll(folder.resolve("m"));
  }

  private Volume soundVolume(Sample sample) throws IOException {
    Volume known = sound.get(sample);
    if (known == null) {
      Path path =
          new Mutant(sample, sample.files(), Mutant.Expectation.SAME, "sound")
              .write(Files.createDirectory(folder.resolve("sound")));
      known = VolumeReaders.read(path);
      sound.put(sample, known);
      deleteAll(folder.resolve("sound"));
    }
    return known;
  }

  /** Null when the time is up. */
  private Reading read(Path path) throws InterruptedException, ExecutionException {
    try {
      return reading.submit(() -> readNow(path)).get(SECONDS_PER_READ, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      reading.shutdownNow();
      reading = newThread();
      return null;
    }
  }

  @SuppressWarnings("PMD") // Catching everything is the point here.
  private static Reading readNow(Path path) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    Volume volume = null;
    VolumeInfo info = null;
    Throwable thrown = null;
    try {
      volume = VolumeReaders.read(path);
      info = VolumeReaders.info(path);
    } catch (Throwable t) {
      thrown = t;
    }
    return new Reading(volume, info, thrown, threads.getCurrentThreadAllocatedBytes() - before);
  }

  private static Outcome outcome(Reading reading, String broken) {
    if (reading == null) {
      return Outcome.TIMED_OUT;
    }
    if (broken != null) {
      return Outcome.BROKEN;
    }
    if (reading.thrown == null) {
      return Outcome.ACCEPTED;
    }
    return reading.thrown.getMessage().contains("the decoder process ended")
        ? Outcome.WORKER_DIED
        : Outcome.REFUSED;
  }

  /** Null when all promises are kept. */
  private String brokenPromise(Mutant mutant, Reading r, Volume expected) {
    if (r.allocated > MAX_ALLOCATED) {
      return "allocates " + r.allocated + " bytes";
    }
    if (r.thrown != null) {
      return brokenRefusal(mutant, r);
    }
    if (mutant.expectation() == Mutant.Expectation.REFUSED) {
      return "is accepted";
    }
    boolean any = mutant.expectation() == Mutant.Expectation.ANYTHING;
    if (!any && !Arrays.equals(r.volume.voxels(), expected.voxels())) {
      return "is accepted with other voxels";
    }
    boolean agree =
        r.info.depth() == r.volume.depth()
            && r.info.height() == r.volume.height()
            && r.info.width() == r.volume.width()
            && r.info.affine().equals(r.volume.affine());
    return agree ? null : "info says " + r.info + ", read gives " + r.volume;
  }

  private String brokenRefusal(Mutant mutant, Reading r) {
    if (r.volume != null) {
      return "is read, but info throws " + r.thrown;
    }
    if (!(r.thrown instanceof IOException)) {
      return "throws " + r.thrown + at(r.thrown);
    }
    String message = String.valueOf(r.thrown.getMessage());
    if (!message.contains(folder.resolve("m").toString())) {
      return "is refused without its name: " + message;
    }
    boolean dicom = mutant.origin().format().startsWith("dicom");
    if (message.length() > (dicom ? MAX_DICOM_MESSAGE : MAX_MESSAGE)) {
      return "is refused in " + message.length() + " characters";
    }
    return mutant.expectation() == Mutant.Expectation.SAME ? "is refused: " + message : null;
  }

  private static String at(Throwable thrown) {
    return thrown.getStackTrace().length == 0 ? "" : " at " + thrown.getStackTrace()[0];
  }

  private Path keepFiles(Mutant mutant) throws IOException {
    Path kept = keep.resolve(String.valueOf(report.broken().size()));
    if (Files.exists(kept)) {
      deleteAll(kept);
    }
    return mutant.write(Files.createDirectories(kept));
  }

  private static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static ExecutorService newThread() {
    return Executors.newSingleThreadExecutor(
        task -> {
          Thread thread = new Thread(task, "fuzzed read");
          thread.setDaemon(true);
          return thread;
        });
  }

  @Override
  public void close() {
    reading.shutdownNow();
  }
}
