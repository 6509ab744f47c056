package io.t3d.data.prepare;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.data.zarr.internal.ZarrVolume;
import io.t3d.data.zarr.internal.ZarrWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * The preparation of one study as a piece of work that any process can do which sees the same
 * files. It may be done again, or by several at the same time: one result is moved into place as a
 * whole, the others are dropped.
 *
 * @param out the folder of prepared volumes, which {@link DatasetPreparation} has opened
 * @param name of the study's files in it; free of what names a patient
 * @param volume a raw volume, a file or folder
 * @param mask on the volume's voxels
 * @param calibration what the volume's header does not tell
 * @param config steps and storage
 * @param otherGrid what becomes of a mask on another grid than its volume's
 */
public record StudyPreparation(
    Path out,
    String name,
    Path volume,
    Optional<Path> mask,
    Calibration calibration,
    PreparationConfig config,
    Masks.OtherGrid otherGrid) {
  /** Checks that nothing is missing. */
  public StudyPreparation {
    Objects.requireNonNull(out, "out");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(mask, "mask");
    Objects.requireNonNull(calibration, "calibration");
    Objects.requireNonNull(config, "config");
    Objects.requireNonNull(otherGrid, "otherGrid");
  }

  /** Where the prepared volume goes. */
  public Path preparedVolume() {
    return folder().volume(name);
  }

  /** Where the prepared mask goes. */
  public Optional<Path> preparedMask() {
    return mask.map(m -> folder().mask(name));
  }

  private PreparedFolder folder() {
    return PreparedFolder.at(out);
  }

  private Study study() {
    return new Study(volume, mask, calibration);
  }

  /**
   * Prepares the study, unless that is done.
   *
   * @return a bad study's outcome has a problem
   * @throws IOException when the folder cannot be written
   */
  public StudyOutcome run() throws IOException {
    String fingerprint;
    Volume prepared;
    Optional<Volume> preparedMask;
    try {
      fingerprint = Fingerprints.of(study(), config, otherGrid);
      Optional<Long> there = bytesThere(fingerprint);
      if (there.isPresent()) {
        return new StudyOutcome(name, false, there.get(), Optional.empty(), false);
      }
      Volume raw = read(volume);
      Volume calibrated = calibration.apply(raw);
      preparedMask = mask.isPresent() ? Optional.of(maskOf(raw)) : Optional.empty();
      prepared = config.preprocessing().apply(calibrated);
    } catch (IOException | RuntimeException e) {
      boolean ofMachine =
          e instanceof HasKind known && known.kind() == T3dException.Kind.ENVIRONMENT;
      String problem = DataLoadingException.reason(e);
      return new StudyOutcome(name, false, 0, Optional.of(problem), ofMachine);
    }
    // What fails from here on is the output's fault, not the study's.
    Preparation provenance =
        new Preparation(Preparation.FORMAT, config.preprocessing(), fingerprint);
    boolean maskAlone = PreparedFolder.finished(folder().volume(name), fingerprint).isPresent();
    Optional<Written> ofMask = Optional.empty();
    if (preparedMask.isPresent()) {
      Path target = folder().mask(name);
      ofMask =
          Optional.of(write(target, preparedMask.get(), ZarrOptions.Values.LABELS, provenance));
    }
    // The volume last: a study counts as finished when its volume is there.
    Written ofVolume =
        write(folder().volume(name), prepared, config.storage().values(), provenance);
    return new StudyOutcome(
        name,
        // One attempt's mask and another's volume are one study written: it counts where the volume
        // went into place.
        ofVolume.here() || (maskAlone && ofMask.map(Written::here).orElse(false)),
        ofVolume.bytes() + ofMask.map(Written::bytes).orElse(0L),
        Optional.empty(),
        false);
  }

  /** Whether it was this attempt's folder that went into place, and the size of it. */
  private record Written(boolean here, long bytes) {}

  private Optional<Long> bytesThere(String fingerprint) throws IOException {
    Optional<ZarrVolume> there = PreparedFolder.finished(folder().volume(name), fingerprint);
    if (mask.isEmpty()) {
      return there.map(ZarrVolume::storedBytes);
    }
    Optional<ZarrVolume> maskThere = PreparedFolder.finished(folder().mask(name), fingerprint);
    return there.flatMap(v -> maskThere.map(m -> v.storedBytes() + m.storedBytes()));
  }

  private static Volume read(Path path) throws IOException {
    Volume volume = VolumeReaders.read(path);
    VolumeChecks.requireVaried(volume);
    return volume;
  }

  /** The mask on the prepared volume's voxels. */
  private Volume maskOf(Volume raw) throws IOException {
    VolumeInfo info = new VolumeInfo(raw.depth(), raw.height(), raw.width(), raw.affine(), "", "");
    return config
        .preprocessing()
        .applyToMask(Masks.read(mask.orElseThrow(), info, calibration, otherGrid));
  }

  private Written write(Path target, Volume what, ZarrOptions.Values values, Preparation provenance)
      throws IOException {
    Path temporary = folder().temporary(target);
    ZarrOptions storage = config.storage().withValues(values);
    ZarrWriter.write(temporary, what, storage, Configs.toJson(provenance));
    long bytes = ZarrVolume.open(temporary).storedBytes();
    return new Written(folder().publish(temporary, target, provenance.source()), bytes);
  }
}
