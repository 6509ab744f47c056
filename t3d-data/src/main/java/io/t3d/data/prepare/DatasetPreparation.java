package io.t3d.data.prepare;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.Tasks;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.data.zarr.internal.ZarrVolume;
import io.t3d.data.zarr.internal.ZarrWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

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

  /** What became of a study. */
  private record Outcome(boolean written, long bytes, @Nullable String problem) {
    static Outcome bad(String problem) {
      return new Outcome(false, 0, problem);
    }
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
    if (PreparedVolumes.preparationOf(rows).isPresent()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "The manifest's volumes are prepared already; give the manifest of the raw volumes");
    }
    Map<Study, String> names = new LinkedHashMap<>();
    rows.forEach(row -> names.computeIfAbsent(Study.of(row), Fingerprints::name));
    try (PreparedFolder folder = PreparedFolder.open(out, config)) {
      Map<Study, Outcome> outcomes = prepareAll(folder, names, done);
      return finish(folder, rows, names, outcomes);
    }
  }

  private Map<Study, Outcome> prepareAll(
      PreparedFolder folder, Map<Study, String> names, IntConsumer done) throws IOException {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      Map<Study, Future<Outcome>> futures = new LinkedHashMap<>();
      names.forEach(
          (study, name) -> futures.put(study, workers.submit(() -> prepare(folder, study, name))));
      Map<Study, Outcome> outcomes = new LinkedHashMap<>();
      for (Map.Entry<Study, Future<Outcome>> entry : futures.entrySet()) {
        Outcome outcome =
            Tasks.result(
                entry.getValue(),
                this::failure,
                e -> {
                  throw new DataLoadingException("Interrupted while preparing volumes", e);
                });
        outcomes.put(entry.getKey(), outcome);
        done.accept(outcomes.size());
      }
      return outcomes;
    } finally {
      workers.shutdownNow();
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
    if (cause instanceof UncheckedIOException e) {
      return new IOException(out + " cannot be written: " + e.getCause().getMessage(), cause);
    }
    throw new DataLoadingException(
        "Preparing volumes failed: " + DataLoadingException.reason(cause), cause);
  }

  private Outcome prepare(PreparedFolder folder, Study study, String name) {
    Path volumeTarget = folder.volume(name);
    Path maskTarget = folder.mask(name);
    String fingerprint;
    Volume volume;
    Optional<Volume> mask;
    try {
      fingerprint = Fingerprints.of(study, config, otherGrid);
      Optional<Long> there = bytesThere(study, volumeTarget, maskTarget, fingerprint);
      if (there.isPresent()) {
        return new Outcome(false, there.get(), null);
      }
      Volume raw = read(study.volume());
      Volume calibrated = study.calibration().apply(raw);
      mask = study.mask().isPresent() ? Optional.of(mask(study, raw)) : Optional.empty();
      volume = config.preprocessing().apply(calibrated);
    } catch (IOException | RuntimeException e) {
      return Outcome.bad(DataLoadingException.reason(e));
    }
    // What fails from here on is the output's fault, not the study's.
    try {
      Preparation provenance =
          new Preparation(Preparation.FORMAT, config.preprocessing(), fingerprint);
      String json = Configs.toJson(provenance);
      long bytes = write(folder, maskTarget, mask, ZarrOptions.Values.LABELS, json);
      // The volume last: a study counts as finished when its volume is there.
      bytes += write(folder, volumeTarget, Optional.of(volume), config.storage().values(), json);
      return new Outcome(true, bytes, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Long> bytesThere(
      Study study, Path volumeTarget, Path maskTarget, String fingerprint) throws IOException {
    Optional<ZarrVolume> volume = PreparedFolder.finished(volumeTarget, fingerprint);
    if (study.mask().isEmpty()) {
      return volume.map(ZarrVolume::storedBytes);
    }
    Optional<ZarrVolume> mask = PreparedFolder.finished(maskTarget, fingerprint);
    return volume.flatMap(v -> mask.map(m -> v.storedBytes() + m.storedBytes()));
  }

  private static Volume read(Path path) throws IOException {
    Volume volume = VolumeReaders.read(path);
    VolumeChecks.requireVaried(volume);
    return volume;
  }

  /** The mask on the prepared volume's voxels. */
  private Volume mask(Study study, Volume raw) throws IOException {
    VolumeInfo info = new VolumeInfo(raw.depth(), raw.height(), raw.width(), raw.affine(), "", "");
    Path path = study.mask().orElseThrow();
    return config
        .preprocessing()
        .applyToMask(Masks.read(path, info, study.calibration(), otherGrid));
  }

  private long write(
      PreparedFolder folder,
      Path target,
      Optional<Volume> volume,
      ZarrOptions.Values values,
      String provenance)
      throws IOException {
    if (volume.isEmpty()) {
      return 0;
    }
    Path temporary = folder.temporary(target);
    ZarrWriter.write(temporary, volume.get(), config.storage().withValues(values), provenance);
    folder.publish(temporary, target);
    return ZarrVolume.open(target).storedBytes();
  }

  private static PreparationResult finish(
      PreparedFolder folder,
      List<ManifestRow> rows,
      Map<Study, String> names,
      Map<Study, Outcome> outcomes)
      throws IOException {
    List<ManifestRow> good = new ArrayList<>();
    List<BadRow> bad = new ArrayList<>();
    for (ManifestRow row : rows) {
      Study study = Study.of(row);
      Outcome outcome = outcomes.get(study);
      if (outcome.problem() != null) {
        bad.add(new BadRow(row, outcome.problem()));
      } else {
        String name = names.get(study);
        good.add(row.withFiles(folder.volume(name), row.mask().map(m -> folder.mask(name))));
      }
    }
    if (!good.isEmpty()) {
      Manifest.write(folder.manifest(), good);
    }
    Quarantine.write(folder, bad);
    int written = (int) outcomes.values().stream().filter(Outcome::written).count();
    int failed = (int) outcomes.values().stream().filter(o -> o.problem() != null).count();
    return new PreparationResult(
        written,
        outcomes.size() - written - failed,
        bad,
        outcomes.values().stream().mapToLong(Outcome::bytes).sum(),
        folder.manifest(),
        folder.quarantine());
  }
}
