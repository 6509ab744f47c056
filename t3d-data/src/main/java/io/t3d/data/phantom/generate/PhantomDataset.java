package io.t3d.data.phantom.generate;

import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.OsPaths;
import io.t3d.core.internal.Tasks;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.PhantomStudy;
import io.t3d.data.phantom.SplitCounts;
import io.t3d.data.phantom.Structure;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Writes phantom studies as a dataset: {@code volumes/*.nii.gz} (int16, HU), {@code masks/*.nii.gz}
 * (uint8, {@link Structure#value()}), {@code manifest.csv} with the columns {@code volume, report,
 * split, patient, mask, label:NAME…}, paths relative to the manifest, {@code prompts.yaml}, the
 * {@link PhantomPrompts} of zero-shot classification, and {@code findings.csv}, the generator's own
 * record of every lesion ({@link #findings}).
 */
public final class PhantomDataset {
  /** How studies are shared out where nobody says how many each split gets. */
  private static final SplitCounts SHARES = new SplitCounts(65, 10, 25);

  private static final List<Split> SPLITS = List.of(Split.TRAIN, Split.TEST, Split.VALIDATION);
  private static final String MANIFEST = "manifest.csv";
  private static final String PROMPTS = "prompts.yaml"; // evaluation looks for it there
  private static final double TWO_STUDIES = 0.15;

  private PhantomDataset() {}

  /** As below, with the standard settings and a thread per processor. */
  public static Path write(Path dir, int studies, long seed) throws IOException {
    return write(
        dir, studies, seed, PhantomConfig.standard(), Runtime.getRuntime().availableProcessors());
  }

  /**
   * Writes a dataset. The files depend on the seed and the settings, not on the number of threads.
   * The folder appears when all is written: a failure leaves none behind.
   *
   * @param dir a folder that does not exist yet, or is empty
   * @param studies how many; about one patient in seven has two, both in the same split
   * @param seed of everything
   * @param config of the phantoms
   * @param threads that generate and write
   * @return the manifest
   * @throws FileAlreadyExistsException when the folder holds something
   */
  public static Path write(Path dir, int studies, long seed, PhantomConfig config, int threads)
      throws IOException {
    Checks.positive("studies", studies);
    return write(dir, plan(studies, seed, SHARES, Integer.MAX_VALUE), config, threads);
  }

  /**
   * As above, with so many studies in each split, exactly.
   *
   * @param dir a folder that does not exist yet, or is empty
   * @param counts studies per split
   * @param seed of everything
   * @param config of the phantoms
   * @param threads that generate and write
   * @return the manifest
   * @throws FileAlreadyExistsException when the folder holds something
   */
  public static Path write(
      Path dir, SplitCounts counts, long seed, PhantomConfig config, int threads)
      throws IOException {
    return write(dir, plan(counts.total(), seed, counts, 1), config, threads);
  }

  /**
   * What the generator put where.
   *
   * @param dir a folder that was written here
   * @return name of the volume's file → its lesions; volumes without any are not there
   * @throws IOException when the record is missing or cannot be read
   */
  public static Map<String, List<Finding>> findings(Path dir) throws IOException {
    Map<String, List<Finding>> byVolume = new LinkedHashMap<>();
    FindingsFile.read(dir)
        .forEach((study, found) -> byVolume.put(study + ".nii.gz", List.copyOf(found)));
    return byVolume;
  }

  private static Path write(Path dir, List<Planned> plan, PhantomConfig config, int threads)
      throws IOException {
    Checks.positive("threads", threads);
    Path target = OsPaths.resolve(dir);
    if (Files.exists(target) && !isEmptyFolder(target)) {
      throw new FileAlreadyExistsException(
          target.toString(),
          null,
          "phantoms go to a new folder; choose another or delete this one");
    }
    Files.createDirectories(target.getParent());
    Path staging = staging(target);
    try {
      writeInto(staging, plan, new PhantomGenerator(config), threads);
      Files.deleteIfExists(target);
      Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      AtomicFiles.deleteTree(staging);
    }
    return target.resolve(MANIFEST);
  }

  /** A new folder beside the target, with the usual permissions, unlike a temporary one. */
  private static Path staging(Path target) throws IOException {
    String name = "." + target.getFileName() + "-" + Long.toHexString(System.nanoTime()) + ".tmp";
    return Files.createDirectory(target.resolveSibling(name));
  }

  /** A study before it is made. */
  private record Planned(
      String name, Split split, String patient, long patientSeed, long studySeed) {}

  /** A study once its files are there. */
  private record Written(
      Planned planned, String report, Map<String, Boolean> labels, List<Finding> findings) {}

  /**
   * Shares studies out, patient by patient.
   *
   * @param shares of the splits
   * @param times a split gets at most so many times its share
   */
  private static List<Planned> plan(int studies, long seed, SplitCounts shares, int times) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] filled = new int[SPLITS.size()];
    List<Planned> plan = new ArrayList<>();
    for (int patient = 1; plan.size() < studies; patient++) {
      int split = neediest(filled, plan.size(), shares, times);
      long room = (long) times * shares.of(SPLITS.get(split));
      long patientSeed = random.nextLong();
      int scans = random.nextDouble() < TWO_STUDIES ? 2 : 1;
      for (int n = 0; n < scans && filled[split] < room && plan.size() < studies; n++) {
        filled[split]++;
        plan.add(
            new Planned(
                String.format("study-%05d", plan.size() + 1),
                SPLITS.get(split),
                String.format("patient-%05d", patient),
                patientSeed,
                random.nextLong()));
      }
    }
    return plan;
  }

  /** The split that lags most behind its share, of those that have room. */
  private static int neediest(int[] filled, int total, SplitCounts shares, int times) {
    int best = 0;
    double most = Double.NEGATIVE_INFINITY;
    for (int n = 0; n < filled.length; n++) {
      int share = shares.of(SPLITS.get(n));
      double lag = (double) share / shares.total() * (total + 1) - filled[n];
      if (filled[n] < (long) times * share && lag > most + 1e-9) {
        most = lag;
        best = n;
      }
    }
    return best;
  }

  private static void writeInto(
      Path dir, List<Planned> plan, PhantomGenerator generator, int threads) throws IOException {
    Files.createDirectories(dir.resolve("volumes"));
    Files.createDirectories(dir.resolve("masks"));
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Written>> pending = new ArrayList<>();
      for (Planned planned : plan) {
        pending.add(pool.submit(() -> writeStudy(dir, planned, generator)));
      }
      List<ManifestRow> rows = new ArrayList<>();
      Map<String, List<Finding>> findings = new LinkedHashMap<>();
      for (Future<Written> one : pending) {
        Written study = await(one);
        rows.add(row(dir, rows.size() + 2, study));
        findings.put(study.planned().name(), study.findings());
      }
      Manifest.write(dir.resolve(MANIFEST), rows);
      FindingsFile.write(dir, findings);
      AtomicFiles.writeText(
          dir.resolve(PROMPTS), Configs.toYaml(Map.of("prompts", PhantomPrompts.all())));
    } finally {
      stop(pool);
    }
  }

  /** Waits for running tasks, so that none writes into a folder that is being removed. */
  private static void stop(ExecutorService pool) throws IOException {
    pool.shutdownNow();
    try {
      if (!pool.awaitTermination(1, TimeUnit.MINUTES)) {
        throw new IOException("Phantom writers did not stop within a minute");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Written writeStudy(Path dir, Planned planned, PhantomGenerator generator)
      throws IOException {
    PhantomStudy study =
        generator.generate(planned.patient(), planned.patientSeed(), planned.studySeed());
    NiftiWriter.write(dir.resolve(volumePath(planned)), study.volume(), PixelType.INT16);
    NiftiWriter.write(dir.resolve(maskPath(planned)), study.mask(), PixelType.UINT8);
    return new Written(planned, study.report(), study.labels(), study.findings());
  }

  private static Written await(Future<Written> one) throws IOException {
    return Tasks.result(
        one,
        cause -> {
          if (cause instanceof IOException io) {
            return io;
          }
          throw new IllegalStateException("A phantom could not be made", cause);
        },
        e -> new IOException("Interrupted while phantoms were written", e));
  }

  private static ManifestRow row(Path dir, int number, Written study) {
    Planned planned = study.planned();
    return new ManifestRow(
        number,
        dir.resolve(volumePath(planned)),
        study.report(),
        planned.split(),
        planned.patient(),
        study.labels(),
        Optional.of(dir.resolve(maskPath(planned))));
  }

  private static String volumePath(Planned planned) {
    return "volumes/" + planned.name() + ".nii.gz";
  }

  private static String maskPath(Planned planned) {
    return "masks/" + planned.name() + ".nii.gz";
  }

  private static boolean isEmptyFolder(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    }
  }
}
