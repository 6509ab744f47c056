package io.t3d.serve;

import ai.djl.Device;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.phantom.generate.PhantomPrompts;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A tiny model whose weights are random, and coarse phantoms for it. */
final class Phantoms {
  private Phantoms() {}

  static TrainedModel model() {
    return new TrainedModel(
        T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42),
        PretrainConfig.tiny().data(),
        Optional.of(ObjectiveConfig.t3d()),
        PhantomPrompts.all());
  }

  /** Writes n volumes of some kilobytes as .nii.gz. */
  static List<Path> write(Path folder, int n) throws IOException {
    return rows(folder, n).stream().map(ManifestRow::volume).toList();
  }

  static List<ManifestRow> rows(Path folder, int n) throws IOException {
    PhantomConfig coarse = new PhantomConfig(9, 11, 20, 5, List.of("LPS", "ASR"), Map.of());
    return Manifest.read(PhantomDataset.write(folder, n, 1, coarse, 2)).rows();
  }
}
