package io.t3d.serve;

import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Configs;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.task.report.ReportGenerator;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.Segmenter;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.TrainedSegmenter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What can be beside a model, with random weights: folders of a segmenter and a decoder, a gallery
 * of phantoms.
 *
 * @param volume the first of the gallery
 */
record ModelFolders(
    Path segmenter, Path decoder, Path gallery, List<ManifestRow> rows, Path volume) {
  static ModelFolders make(TrainedModel model, Path dir) throws IOException {
    List<ManifestRow> rows = Phantoms.rows(dir.resolve("gallery-ct"), 6);
    Path segmenter = dir.resolve("segmenter");
    SegmenterConfig config =
        SegmenterConfig.of(
            T3DConfig.tiny().vision(),
            List.of(SegmentationClass.of("heart", 7), SegmentationClass.of("bone", 10)),
            Size3.cube(32));
    try (TrainedSegmenter made =
        new TrainedSegmenter(
            Segmenter.create(config, model.model().device(), 1), model.data().preprocessing())) {
      made.save(segmenter);
    }
    Path decoder = dir.resolve("decoder");
    try (ReportGenerator made =
        ReportGenerator.create(model.model(), ReportDecoderConfig.tiny(), 1)) {
      made.save(decoder.resolve("generator"));
    }
    Path gallery = dir.resolve("embeddings.safetensors");
    try (NDManager manager = model.model().manager().newSubManager()) {
      Map<String, ai.djl.ndarray.NDArray> tensors = new LinkedHashMap<>();
      tensors.put(
          "volumes", manager.create(model.embed(rows.stream().map(ManifestRow::volume).toList())));
      tensors.put(
          "reports",
          manager.create(model.embedReports(rows.stream().map(ManifestRow::report).toList())));
      String names = Configs.toJson(rows.stream().map(r -> r.volume().toString()).toList());
      Safetensors.write(gallery, tensors, Map.of("files", names));
    }
    return new ModelFolders(segmenter, decoder, gallery, rows, rows.get(0).volume());
  }
}
