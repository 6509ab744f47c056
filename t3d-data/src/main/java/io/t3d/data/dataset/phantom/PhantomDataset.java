package io.t3d.data.dataset.phantom;

import io.t3d.core.config.Checks;
import io.t3d.core.config.Configs;
import io.t3d.core.tensor.AtomicFiles;
import io.t3d.data.dataset.Manifest;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.Split;
import io.t3d.data.io.NiftiWriter;
import io.t3d.data.io.PixelType;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Writes phantom studies as a dataset: {@code volumes/*.nii.gz} (int16, HU), {@code masks/*.nii.gz}
 * (uint8, {@link Structure#value()}), {@code manifest.csv} with the columns {@code volume, report,
 * split, patient, mask, label:NAME…}, paths relative to the manifest, and {@code prompts.yaml}, the
 * {@link PhantomPrompts} of zero-shot classification.
 */
public final class PhantomDataset {
  /** The share of each split; a patient goes to the split that lags most. */
  private static final Map<Split, Double> SHARES =
      Map.of(Split.TRAIN, 0.65, Split.TEST, 0.25, Split.VALIDATION, 0.1);

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
    Checks.positive("threads", threads);
    Path target = dir.toAbsolutePath().normalize();
    if (Files.exists(target) && !isEmptyFolder(target)) {
      throw new FileAlreadyExistsException(
          target.toString(),
          null,
          "phantoms go to a new folder; choose another or delete this one");
    }
    Files.createDirectories(target.getParent());
    Path staging = staging(target);
    try {
      writeInto(staging, plan(studies, seed), new PhantomGenerator(config), threads);
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
  private record Written(Planned planned, String report, Map<String, Boolean> labels) {}

  private static List<Planned> plan(int studies, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] filled = new int[SPLITS.size()];
    List<Planned> plan = new ArrayList<>();
    for (int patient = 1; plan.size() < studies; patient++) {
      int split = neediest(filled, plan.size());
      long patientSeed = random.nextLong();
      int scans = random.nextDouble() < TWO_STUDIES ? 2 : 1;
      for (int n = 0; n < scans && plan.size() < studies; n++) {
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

  /** The split that lags most behind its share. */
  private static int neediest(int[] filled, int total) {
    int best = 0;
    double most = Double.NEGATIVE_INFINITY;
    for (int n = 0; n < filled.length; n++) {
      double lag = SHARES.get(SPLITS.get(n)) * (total + 1) - filled[n];
      if (lag > most + 1e-9) {
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
      for (Future<Written> one : pending) {
        rows.add(row(dir, rows.size() + 2, await(one)));
      }
      Manifest.write(dir.resolve(MANIFEST), rows);
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
    return new Written(planned, study.report(), study.labels());
  }

  private static Written await(Future<Written> one) throws IOException {
    try {
      return one.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IllegalStateException("A phantom could not be made", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while phantoms were written", e);
    }
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
