package io.t3d.pipeline;

import io.t3d.core.internal.OsPaths;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.report.ReportGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Report generators and segmenters of a model, each opened when first asked for and kept. */
final class Decoders implements AutoCloseable {
  /** The folder of the generator inside the folder of a run. */
  private static final String GENERATOR = "generator";

  private final T3DModel model;
  private final Map<Path, ReportGenerator> generators = new HashMap<>();
  private final Map<Path, TrainedSegmenter> segmenters = new HashMap<>();

  Decoders(T3DModel model) {
    this.model = model;
  }

  synchronized ReportGenerator generator(Path folder) throws IOException {
    Path nested = folder.resolve(GENERATOR);
    Path dir = OsPaths.resolve(Files.isDirectory(nested) ? nested : folder);
    ReportGenerator known = generators.get(dir);
    if (known == null) {
      known = ReportGenerator.load(dir, model);
      generators.put(dir, known);
    }
    return known;
  }

  synchronized TrainedSegmenter segmenter(Path folder) throws IOException {
    Path dir = OsPaths.resolve(folder);
    TrainedSegmenter known = segmenters.get(dir);
    if (known == null) {
      known = TrainedSegmenter.open(dir, model.device());
      segmenters.put(dir, known);
    }
    return known;
  }

  @Override
  public synchronized void close() {
    generators.values().forEach(ReportGenerator::close);
    segmenters.values().forEach(TrainedSegmenter::close);
    generators.clear();
    segmenters.clear();
  }
}
