package io.t3d.data.prepare;

import com.google.common.util.concurrent.Uninterruptibles;
import io.t3d.core.T3dException;
import io.t3d.core.internal.Tasks;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prepares the volumes and masks of a manifest once, into a folder of Zarr volumes with a manifest
 * of its own, so that training reads small, chunked files instead of preparing scans in every
 * epoch.
 *
 * <p>A run may be killed at any time and started again: finished volumes are known by a fingerprint
 * of settings and source and left alone. A study that cannot be prepared is put on the list {@code
 * quarantine.csv} and does not stop the others. Memory: each thread holds one volume while it is
 * prepared. docs/preprocessing.md describes the folder.
 */
public final class DatasetPreparation {
  private static final Logger LOG = LoggerFactory.getLogger(DatasetPreparation.class);

  private final PreparationConfig config;
  private final Path out;
  private final int threads;
  private final Masks.OtherGrid otherGrid;

  /**
   * Plans a preparation.
   *
   * @param config steps and storage
   * @param out the folder; is made
   * @param threads volumes prepared at a time, ≥ 1
   */
  public DatasetPreparation(PreparationConfig config, Path out, int threads) {
    this(config, out, threads, Masks.OtherGrid.REFUSE);
  }

  /**
   * The same.
   *
   * @param otherGrid what becomes of masks on another grid than their volume's
   */
  public DatasetPreparation(
      PreparationConfig config, Path out, int threads, Masks.OtherGrid otherGrid) {
    this.otherGrid = Objects.requireNonNull(otherGrid, "otherGrid");
    this.config = Objects.requireNonNull(config, "config");
    this.out = Objects.requireNonNull(out, "out");
    this.threads = threads;
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be >= 1, got " + threads);
    }
  }

  /** Who prepares the studies of {@link #runOn}. */
  @FunctionalInterface
  public interface Workers {
    /**
     * Has every study prepared.
     *
     * @param studies each is to be {@linkplain StudyPreparation#run run}, by any process that sees
     *     their files, once or several times
     * @return an outcome of each, in any order
     * @throws IOException when the folder cannot be written
     */
    List<StudyOutcome> prepare(List<StudyPreparation> studies) throws IOException;
  }

  /**
   * Prepares all volumes, then writes the manifest.
   *
   * @param rows pairs with raw volumes
   * @param done is told how many studies are done, from the calling thread
   * @throws T3dException when the volumes are prepared already, or the folder holds volumes of
   *     other settings
   * @throws IOException when the folder cannot be written
   */
  public PreparationResult run(List<ManifestRow> rows, IntConsumer done) throws IOException {
    return runOn(rows, studies -> prepareAll(studies, done));
  }

  /**
   * The same on workers of the caller's, such as those of a cluster, instead of threads. The folder
   * is this process's while they work, and another run is kept out of it.
   *
   * @param rows pairs with raw volumes
   * @param workers prepare the studies
   * @throws T3dException as {@link #run}
   * @throws IOException when the folder cannot be written
   */
  public PreparationResult runOn(List<ManifestRow> rows, Workers workers) throws IOException {
    if (PreparedVolumes.preparationOf(rows).isPresent()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "The manifest's volumes are prepared already; give the manifest of the raw volumes");
    }
    try (PreparedFolder folder = PreparedFolder.open(out, config)) {
      Map<Study, StudyPreparation> studies = new LinkedHashMap<>();
      rows.forEach(row -> studies.computeIfAbsent(Study.of(row), s -> preparation(folder, s)));
      Map<String, StudyOutcome> outcomes = new HashMap<>();
      for (StudyOutcome outcome : workers.prepare(List.copyOf(studies.values()))) {
        outcomes.put(outcome.name(), outcome);
      }
      return finish(folder, rows, studies, outcomes);
    }
  }

  private StudyPreparation preparation(PreparedFolder folder, Study study) {
    return new StudyPreparation(
        folder.root(),
        Fingerprints.name(study),
        study.volume(),
        study.mask(),
        study.calibration(),
        config,
        otherGrid);
  }

  private List<StudyOutcome> prepareAll(List<StudyPreparation> studies, IntConsumer done)
      throws IOException {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      List<Future<StudyOutcome>> futures = new ArrayList<>();
      studies.forEach(study -> futures.add(workers.submit(study::run)));
      List<StudyOutcome> outcomes = new ArrayList<>();
      for (Future<StudyOutcome> future : futures) {
        outcomes.add(
            Tasks.result(
                future,
                this::failure,
                e -> {
                  throw new DataLoadingException("Interrupted while preparing volumes", e);
                }));
        done.accept(outcomes.size());
      }
      return outcomes;
    } finally {
      workers.shutdownNow();
      // Nobody may write into the folder once it is given free, whatever ended this.
      if (!Uninterruptibles.awaitTerminationUninterruptibly(workers, 1, TimeUnit.MINUTES)) {
        LOG.warn("A study is still being prepared in {}", out);
      }
    }
  }

  /** What stops the run: not a bad study, but a full disk or too little memory. */
  private IOException failure(Throwable cause) {
    if (cause instanceof OutOfMemoryError) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Out of memory while "
              + threads
              + " volumes were prepared at a time; use fewer threads or a larger -Xmx",
          cause);
    }
    if (cause instanceof IOException) {
      return new IOException(out + " cannot be written: " + cause.getMessage(), cause);
    }
    throw new DataLoadingException(
        "Preparing volumes failed: " + DataLoadingException.reason(cause), cause);
  }

  private static PreparationResult finish(
      PreparedFolder folder,
      List<ManifestRow> rows,
      Map<Study, StudyPreparation> studies,
      Map<String, StudyOutcome> outcomes)
      throws IOException {
    List<ManifestRow> good = new ArrayList<>();
    List<BadRow> bad = new ArrayList<>();
    for (ManifestRow row : rows) {
      StudyPreparation study = studies.get(Study.of(row));
      StudyOutcome outcome = outcomes.get(study.name());
      if (outcome == null) {
        throw new IllegalStateException("The workers gave no outcome of " + row);
      }
      outcome
          .problem()
          .ifPresentOrElse(
              problem -> bad.add(new BadRow(row, problem)),
              () -> good.add(row.withFiles(study.preparedVolume(), study.preparedMask())));
    }
    if (!good.isEmpty()) {
      Manifest.write(folder.manifest(), good);
    }
    Quarantine.write(folder, bad);
    int written = (int) outcomes.values().stream().filter(StudyOutcome::written).count();
    int failed = (int) outcomes.values().stream().filter(o -> o.problem().isPresent()).count();
    return new PreparationResult(
        written,
        outcomes.size() - written - failed,
        bad,
        outcomes.values().stream().mapToLong(StudyOutcome::bytes).sum(),
        folder.manifest(),
        folder.quarantine());
  }
}
