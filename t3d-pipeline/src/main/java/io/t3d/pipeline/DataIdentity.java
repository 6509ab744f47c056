package io.t3d.pipeline;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.t3d.core.config.Configs;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.zarr.internal.ZarrVolume;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Which pairs a model is trained on, by hashes: {@code data-identity.json} of a checkpoint. A run
 * that goes on with others would end in a model of neither data. It names no file and no patient.
 *
 * <p>Volumes are told apart by their paths below the folder that holds them all, so that a data set
 * may be moved as a whole, and by length and beginning of their files.
 *
 * @param pairs how many
 * @param volumes of the volumes' paths, in order
 * @param files of length and first bytes of the volumes' files
 * @param calibrations of slopes, intercepts and spacings from the manifest
 * @param patients of which pairs share a patient
 * @param reports of the reports, in order
 * @param accepted what has changed on resuming, as it was accepted, e.g. {@code step 4: reports}
 */
record DataIdentity(
    int pairs,
    String volumes,
    String files,
    String calibrations,
    String patients,
    String reports,
    List<String> accepted) {
  static final String FILE = "data-identity.json";
  private static final int BEGINNING = 4096;

  DataIdentity {
    Objects.requireNonNull(volumes, "volumes");
    Objects.requireNonNull(files, "files");
    Objects.requireNonNull(calibrations, "calibrations");
    Objects.requireNonNull(patients, "patients");
    Objects.requireNonNull(reports, "reports");
    accepted = List.copyOf(accepted);
  }

  /** Of the pairs of a run. */
  static DataIdentity of(List<ManifestRow> rows) throws IOException {
    Optional<Path> root = rootOf(rows);
    Hasher files = Hashing.sha256().newHasher();
    for (ManifestRow row : rows) {
      putBeginning(files, row.volume());
    }
    return new DataIdentity(
        rows.size(),
        hash(rows, row -> below(root, full(row.volume())).toString().replace('\\', '/')),
        files.hash().toString(),
        hash(rows, row -> row.calibration().toString()),
        hash(rows, row -> patient(row)),
        hash(rows, ManifestRow::report),
        List.of());
  }

  /** Of a checkpoint; empty when it is older than these files. */
  static Optional<DataIdentity> in(Path checkpoint) throws IOException {
    Path file = checkpoint.resolve(FILE);
    return Files.isRegularFile(file)
        ? Optional.of(Configs.load(file, DataIdentity.class))
        : Optional.empty();
  }

  /** Names of what other pairs have otherwise; empty when they are the same. */
  List<String> changes(DataIdentity now) {
    List<String> out = new ArrayList<>();
    if (pairs != now.pairs) {
      out.add("the number of pairs (" + pairs + ", now " + now.pairs + ")");
    }
    note(out, "the volumes or their order", volumes, now.volumes);
    if (volumes.equals(now.volumes)) {
      note(out, "the volumes' files", files, now.files);
      note(out, "slope, intercept or spacing", calibrations, now.calibrations);
      note(out, "the patients", patients, now.patients);
      note(out, "the reports", reports, now.reports);
    }
    return out;
  }

  private static void note(List<String> out, String name, String then, String now) {
    if (!then.equals(now)) {
      out.add(name);
    }
  }

  /** The same with what was accepted so far. */
  DataIdentity withAccepted(List<String> changes) {
    return new DataIdentity(pairs, volumes, files, calibrations, patients, reports, changes);
  }

  /** For the provenance. */
  String description() {
    return pairs
        + " pairs"
        + (accepted.isEmpty()
            ? ""
            : "; changed on resuming, as accepted: " + String.join("; ", accepted));
  }

  /** A patient that the volume's path stands in for moves with the volume. */
  private static String patient(ManifestRow row) {
    return row.patient().equals(row.volume().toString()) ? "" : row.patient();
  }

  private static String hash(List<ManifestRow> rows, Function<ManifestRow, String> text) {
    Hasher hasher = Hashing.sha256().newHasher();
    for (ManifestRow row : rows) {
      String each = text.apply(row);
      // Its length first, so that no two lists of texts run together.
      hasher.putInt(each.length()).putString(each, StandardCharsets.UTF_8);
    }
    return hasher.hash().toString();
  }

  private static Path full(Path volume) {
    return volume.toAbsolutePath();
  }

  private static Path below(Optional<Path> root, Path volume) {
    return root.map(r -> r.relativize(volume)).orElse(volume);
  }

  /** The deepest folder that holds all volumes; empty when they lie on several drives. */
  private static Optional<Path> rootOf(List<ManifestRow> rows) {
    Path root = full(rows.get(0).volume()).getParent();
    for (ManifestRow row : rows) {
      Path volume = full(row.volume());
      while (root != null && !volume.startsWith(root)) {
        root = root.getParent();
      }
    }
    return Optional.ofNullable(root);
  }

  /**
   * Of a Zarr folder geometry and length, which a new preparation of the same scan has, too; of
   * another folder, a DICOM series, number and length of its files.
   */
  private static void putBeginning(Hasher hasher, Path volume) throws IOException {
    if (ZarrVolume.isNamed(volume)) {
      ZarrVolume zarr = ZarrVolume.open(volume);
      hasher.putUnencodedChars(zarr.affine() + " " + zarr.size() + " " + zarr.scale());
      hasher.putLong(zarr.storedBytes());
    } else if (Files.isDirectory(volume)) {
      try (Stream<Path> files = Files.list(volume)) {
        for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
          hasher.putLong(Files.size(file));
        }
      }
    } else {
      hasher.putLong(Files.size(volume));
      try (InputStream in = Files.newInputStream(volume)) {
        hasher.putBytes(in.readNBytes(BEGINNING));
      }
    }
  }
}
