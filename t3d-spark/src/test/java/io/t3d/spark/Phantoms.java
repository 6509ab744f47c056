package io.t3d.spark;

import ai.djl.Device;
import io.t3d.core.config.Configs;
import io.t3d.core.model.T3DModel;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Origin;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Small data sets, a model with random weights, and a local session, for tests. */
final class Phantoms {
  private Phantoms() {}

  /** Two tasks at a time, in this JVM. */
  static SparkSession session() {
    return session("local[2]");
  }

  /** The same with so many. */
  static SparkSession session(String master) {
    return SparkSession.builder()
        .master(master)
        .appName("t3d-test")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate();
  }

  /** Writes phantoms; each row has an id, and its report stays in the manifest. */
  static Path manifest(Path folder, int count) throws IOException {
    Path manifest = PhantomDataset.write(folder, count, 5);
    List<ManifestRow> rows = new ArrayList<>();
    for (ManifestRow r : Manifest.read(manifest).rows()) {
      rows.add(
          new ManifestRow(
              r.row(),
              r.volume(),
              r.report(),
              r.split(),
              r.patient(),
              r.labels(),
              r.mask(),
              r.calibration(),
              new Origin("phantom", "study-" + r.row())));
    }
    Manifest.write(manifest, rows);
    return manifest;
  }

  /** A checkpoint with random weights: as good as any to compare two ways of running it. */
  static Path model(Path folder) throws IOException {
    PretrainConfig tiny = PretrainConfig.tiny();
    try (T3DModel model = T3DModel.create(tiny.model(), Device.cpu(), 3)) {
      model.save(folder);
    }
    Files.writeString(folder.resolve("data.json"), Configs.toJson(tiny.data()));
    Files.writeString(folder.resolve("objective.json"), Configs.toJson(tiny.objective()));
    return folder;
  }

  /** What the plain library gives for the same volumes. */
  static float[][] plain(Path model, Path manifest) throws IOException {
    try (TrainedModel trained = TrainedModel.open(model, Device.cpu())) {
      return trained.embed(
          Manifest.read(manifest).rows().stream().map(ManifestRow::volume).toList());
    }
  }

  /** A copy of a manifest in which the volume of one row is cut short. */
  static Path withCutVolume(Path manifest, Path copy, int which) throws IOException {
    List<ManifestRow> rows = new ArrayList<>(Manifest.read(manifest).rows());
    Path cut = copy.resolveSibling("cut.nii.gz");
    byte[] bytes = Files.readAllBytes(rows.get(which).volume());
    Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
    rows.set(which, rows.get(which).withFiles(cut, Optional.empty()));
    Manifest.write(copy, rows);
    return copy;
  }
}
