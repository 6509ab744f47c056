package io.t3d.data.prepare;

import io.t3d.core.T3dException;
import io.t3d.core.internal.Tasks;
import io.t3d.core.volume.Volume;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.ManifestRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Checks every volume of a manifest by reading it to the end, in parallel. */
final class VolumeChecks {
  private VolumeChecks() {}

  /** Masks on another grid than their volume's are bad. */
  static List<BadRow> run(List<ManifestRow> rows, Preprocessing preprocessing, int threads) {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      // Several reports may belong to one volume: it is read once.
      Map<Path, Future<Optional<String>>> volumes = new HashMap<>();
      for (ManifestRow row : rows) {
        volumes.computeIfAbsent(
            row.volume(), path -> workers.submit(() -> volumeProblem(row, preprocessing)));
      }
      List<BadRow> bad = new ArrayList<>();
      for (ManifestRow row : rows) {
        Optional<String> problem =
            Tasks.result(
                volumes.get(row.volume()),
                cause ->
                    new DataLoadingException(
                        "Checking volumes failed: " + DataLoadingException.reason(cause), cause),
                e -> new DataLoadingException("Interrupted while checking volumes", e));
        problem
            .or(() -> Masks.problem(row, Masks.OtherGrid.REFUSE))
            .ifPresent(reason -> bad.add(new BadRow(row, reason)));
      }
      return bad;
    } finally {
      workers.shutdownNow();
    }
  }

  private static Optional<String> volumeProblem(ManifestRow row, Preprocessing preprocessing) {
    try {
      PreparedVolumes.requireFits(row.volume(), preprocessing);
      Volume volume = row.readVolume();
      requireVaried(volume);
      preprocessing.finite(volume);
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      return Optional.of(DataLoadingException.reason(e));
    }
  }

  /** Fails when all voxels are the same. */
  static void requireVaried(Volume volume) {
    float[] voxels = volume.voxels();
    for (float v : voxels) {
      if (v != voxels[0]) {
        return;
      }
    }
    throw new T3dException(
        T3dException.Kind.INPUT,
        "all voxels are " + voxels[0] + "; the scan is empty, export it again");
  }
}
