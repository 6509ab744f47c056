package io.t3d.serve.internal.model;

import io.t3d.core.task.report.ReportGenerator;
import io.t3d.data.dicom.CodeTable;
import io.t3d.data.dicom.DicomSegmentation;
import io.t3d.data.dicom.DicomSoftware;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.TrainedSegmenter;
import io.t3d.pipeline.internal.WeightsHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The model of a service and what was trained on it.
 *
 * @param model stays the caller's
 * @param segmenter closed with this
 * @param dicom how its masks become DICOM; there where the segmenter is
 * @param decoder closed with this
 * @param gallery closed with this
 */
public record ModelParts(
    TrainedModel model,
    Optional<TrainedSegmenter> segmenter,
    Optional<DicomSegmentation> dicom,
    Optional<ReportGenerator> decoder,
    Optional<Gallery> gallery)
    implements AutoCloseable {
  private static final String GENERATOR = "generator";

  /**
   * Opens what was trained on a model.
   *
   * @param segmenter the {@code --out} folder of {@code t3d segment train}
   * @param decoder the {@code --out} folder of {@code t3d generate}, or its folder {@code
   *     generator}
   * @param gallery files of {@code t3d embed}; empty for none
   * @throws IOException when one cannot be read
   */
  public static ModelParts open(
      TrainedModel model, Optional<Path> segmenter, Optional<Path> decoder, List<Path> gallery)
      throws IOException {
    ModelParts parts =
        new ModelParts(
            model, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    try {
      if (segmenter.isPresent()) {
        parts = parts.with(TrainedSegmenter.open(segmenter.get(), model.model().device()));
        parts = parts.with(dicom(parts.segmenter.orElseThrow(), segmenter.get()));
      }
      if (decoder.isPresent()) {
        Path nested = decoder.get().resolve(GENERATOR);
        Path folder = Files.isDirectory(nested) ? nested : decoder.get();
        parts = parts.with(ReportGenerator.load(folder, model.model()));
      }
      return gallery.isEmpty() ? parts : parts.with(Gallery.open(model, gallery));
    } catch (IOException | RuntimeException e) {
      parts.close();
      throw e;
    }
  }

  private static DicomSegmentation dicom(TrainedSegmenter trained, Path folder) throws IOException {
    CodeTable codes = CodeTable.standard();
    List<DicomSegmentation.Segment> segments =
        trained.segmenter().config().classes().stream()
            .map(
                c ->
                    new DicomSegmentation.Segment(
                        c.name(), c.values().get(0), codes.codes(c.name())))
            .toList();
    String version = ModelParts.class.getPackage().getImplementationVersion();
    DicomSoftware software =
        new DicomSoftware(
            "T3D segmenter",
            version == null ? "development" : version, // classes of a build lie in no jar
            "weights " + WeightsHash.of(folder));
    return new DicomSegmentation(segments, software, "T3D segmentation");
  }

  private ModelParts with(TrainedSegmenter value) {
    return new ModelParts(model, Optional.of(value), dicom, decoder, gallery);
  }

  private ModelParts with(DicomSegmentation value) {
    return new ModelParts(model, segmenter, Optional.of(value), decoder, gallery);
  }

  private ModelParts with(ReportGenerator value) {
    return new ModelParts(model, segmenter, dicom, Optional.of(value), gallery);
  }

  private ModelParts with(Gallery value) {
    return new ModelParts(model, segmenter, dicom, decoder, Optional.of(value));
  }

  /** Closes all but the model. */
  @Override
  public void close() {
    segmenter.ifPresent(TrainedSegmenter::close);
    decoder.ifPresent(ReportGenerator::close);
    gallery.ifPresent(Gallery::close);
  }
}
