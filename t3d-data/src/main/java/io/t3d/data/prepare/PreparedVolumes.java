package io.t3d.data.prepare;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.internal.Calibrations;
import io.t3d.data.transform.VolumeSource;
import io.t3d.data.zarr.internal.ZarrVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Opens volumes in the form the model expects. A raw volume is read and prepared. One that {@link
 * DatasetPreparation} has prepared is not prepared again, but taken as it is and read in parts,
 * when the settings asked for are those it was prepared with, or {@link Preprocessing#none()};
 * others are an error, because a window over windowed values gives nonsense without a sign.
 * Thread-safe.
 */
public final class PreparedVolumes {
  private final Preprocessing asked;
  private final Calibrations calibrations;
  private final @Nullable VolumeLoader files; // null: the file readers, which hand slices on
  private final ConcurrentMap<Path, ZarrVolume> opened = new ConcurrentHashMap<>();

  /** Reads a volume file as it is, in place of {@code VolumeReaders}. */
  @FunctionalInterface
  public interface VolumeLoader {
    /** Reads the file. */
    Volume load(Path path) throws IOException;
  }

  /** Opens volumes prepared by these settings. */
  public PreparedVolumes(Preprocessing preprocessing) {
    this(preprocessing, List.of());
  }

  /** The same, calibrated as the rows say. */
  public PreparedVolumes(Preprocessing preprocessing, List<ManifestRow> rows) {
    this.asked = Objects.requireNonNull(preprocessing, "preprocessing");
    this.calibrations = new Calibrations(rows);
    this.files = null;
  }

  /** The same, with raw volumes from a reader of the caller's. */
  public PreparedVolumes(Preprocessing preprocessing, List<ManifestRow> rows, VolumeLoader files) {
    this.asked = Objects.requireNonNull(preprocessing, "preprocessing");
    this.calibrations = new Calibrations(rows);
    this.files = Objects.requireNonNull(files, "files");
  }

  /**
   * Opens a volume.
   *
   * @throws IOException when it is missing or damaged
   * @throws T3dException when it was prepared with other settings, or cannot be prepared
   */
  public VolumeSource load(Path given) throws IOException {
    Calibration calibration = calibrations.of(given);
    Path path = files == null ? VolumeFinder.one(given) : given;
    if (!ZarrVolume.isNamed(path)) {
      return VolumeSource.of(
          files == null
              ? asked.read(path, calibration)
              : asked.apply(calibration.apply(files.load(path))));
    }
    ZarrVolume volume = opened.get(path);
    if (volume == null) {
      volume = ZarrVolume.open(path);
      requireFits(path, volume, asked);
      opened.put(path, volume);
    }
    boolean prepared = Preparation.of(path, volume).isPresent();
    if (prepared && !calibration.isNone()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          path + " is prepared already; its row must have no slope, intercept or spacing");
    }
    boolean asIs = prepared || (asked.changesNothing() && calibration.isNone());
    return asIs ? volume : VolumeSource.of(asked.apply(calibration.apply(volume.readAll())));
  }

  /**
   * Reads every volume to its end, so that truncated, damaged, empty and non-finite ones are found
   * before they are used. A mask must have the size of its volume.
   *
   * @param rows the pairs to check
   * @param preprocessing says whether non-finite voxels are a problem
   * @param threads volumes read at a time, ≥ 1
   * @return the rows that cannot be used, in order; empty when all is well
   */
  public static List<BadRow> check(
      List<ManifestRow> rows, Preprocessing preprocessing, int threads) {
    return VolumeChecks.run(rows, preprocessing, threads);
  }

  /** Fails when the path is a volume that was prepared with other settings. */
  static void requireFits(Path path, Preprocessing asked) throws IOException {
    if (ZarrVolume.isNamed(path)) {
      requireFits(path, ZarrVolume.open(path), asked);
    }
  }

  private static void requireFits(Path path, ZarrVolume volume, Preprocessing asked)
      throws IOException {
    Optional<Preparation> done = Preparation.of(path, volume);
    if (done.isPresent()) {
      requireSame(path.toString(), done.get().preprocessing(), asked);
    }
  }

  /** Fails when a preparation is neither the one asked for nor to be taken as it is. */
  static void requireSame(String what, Preprocessing done, Preprocessing asked) {
    if (!asked.changesNothing() && !asked.equals(done)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          what
              + " is prepared already, with other settings than asked for ("
              + Preparation.differences(done, asked)
              + "); use the volumes as they are with preprocessing: {preset: none}, or prepare the"
              + " raw volumes anew");
    }
  }

  /**
   * The settings that these pairs' volumes were prepared with: those of the first that is prepared.
   *
   * @return empty when none is
   * @throws IOException when that volume is damaged
   */
  public static Optional<Preprocessing> preparationOf(List<ManifestRow> rows) throws IOException {
    for (ManifestRow row : rows) {
      if (ZarrVolume.isNamed(row.volume())) {
        Optional<Preparation> done = Preparation.of(row.volume(), ZarrVolume.open(row.volume()));
        if (done.isPresent()) {
          return done.map(Preparation::preprocessing);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The preprocessing that a model of these pairs is trained with. Settings that change nothing
   * stand for those that the volumes were prepared with, so that the model can later be used on raw
   * volumes, too.
   *
   * @param asked the settings
   * @param rows the pairs
   * @throws IOException when a volume is damaged
   * @throws T3dException when the volumes were prepared with other settings
   */
  public static Preprocessing resolve(Preprocessing asked, List<ManifestRow> rows)
      throws IOException {
    Optional<Preprocessing> done = preparationOf(rows);
    if (done.isEmpty()) {
      return asked;
    }
    requireSame("The manifest's data", done.get(), asked);
    return done.get();
  }
}
