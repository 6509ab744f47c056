package io.t3d.serve.internal.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.generate.Decoding;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.task.report.ReportGenerator;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.itk.DicomSeries;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.TrainedSegmenter;
import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.input.VolumeReading;
import io.t3d.serve.internal.work.Batch;
import io.t3d.serve.internal.work.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the endpoints do: volumes are read on the readers' threads, the model works on the worker's.
 * Results are those of {@link TrainedModel}'s methods, up to the rounding of batches.
 */
public final class ModelService {
  private final ModelParts parts;
  private final Worker worker;
  private final VolumeReading reading;
  private final Batch<View, float[]> volumes;
  private final Batch<List<String>, float[][]> texts;
  private final Batch<List<FindingPrompts>, ZeroShotClassifier> classifiers;
  private final Batch<Volume, Volume> masks;
  private final Batch<ReportTask, GeneratedReport> reports;
  private volatile Optional<ZeroShotClassifier> usual = Optional.empty();

  private record ReportTask(View view, Decoding decoding) {}

  @FunctionalInterface
  private interface Many<I, O> {
    List<O> run(List<I> inputs) throws IOException;
  }

  /** Compared by identity: a kind of work is one object. */
  private static final class Kind<I, O> implements Batch<I, O> {
    private final int most;
    private final Many<I, O> work;

    Kind(int most, Many<I, O> work) {
      this.most = most;
      this.work = work;
    }

    @Override
    public int most() {
      return most;
    }

    @Override
    public List<O> run(List<I> inputs) throws IOException {
      return work.run(inputs);
    }
  }

  /**
   * Serves a model.
   *
   * @param maxBatch requests that are encoded together, at most
   */
  public ModelService(ModelParts parts, Worker worker, VolumeReading reading, int maxBatch) {
    this.parts = parts;
    this.worker = worker;
    this.reading = reading;
    TrainedModel model = parts.model();
    this.volumes = new Kind<>(maxBatch, views -> List.of(model.embedViews(views)));
    this.texts = new Kind<>(maxBatch, many -> together(model, many));
    this.classifiers = new Kind<>(1, one -> List.of(classifier(model, one.get(0))));
    this.masks = new Kind<>(1, one -> List.of(segmenter().onRawVolumes().segment(one.get(0))));
    this.reports = new Kind<>(1, one -> List.of(write(one.get(0))));
  }

  private static List<float[][]> together(TrainedModel model, List<List<String>> many) {
    float[][] all = model.embedReports(many.stream().flatMap(List::stream).toList());
    List<float[][]> out = new ArrayList<>();
    int from = 0;
    for (List<String> one : many) {
      out.add(java.util.Arrays.copyOfRange(all, from, from + one.size()));
      from += one.size();
    }
    return out;
  }

  private static ZeroShotClassifier classifier(TrainedModel model, List<FindingPrompts> prompts) {
    try (NDManager scope = model.model().manager().newSubManager()) {
      return ZeroShotClassifier.create(
          all -> model.model().encodeReports(scope, all), prompts, model.model().logitScale());
    }
  }

  private GeneratedReport write(ReportTask task) {
    try (NDManager scope = parts.model().model().manager().newSubManager()) {
      NDArray voxels =
          ViewBatch.collate(scope, List.of(List.of(task.view()))).slots().get(0).voxels();
      return decoder().generate(voxels, task.decoding()).get(0);
    }
  }

  /** The model and its decoders. */
  public ModelParts parts() {
    return parts;
  }

  /** {@code [E]}, L2-normalised. */
  public float[] embed(VolumeInput input) throws IOException {
    try (Worker.Expected announced = worker.expect()) {
      View view = view(input);
      try {
        return worker.run(volumes, view, announced, input.deadline());
      } finally {
        input.folder().awaitGone();
      }
    }
  }

  /**
   * Reads and prepares a volume, and hands the request's folder to the reader, who deletes it while
   * the model works.
   */
  private View view(VolumeInput input) throws IOException {
    return reading.read(
        () -> parts.model().view(input.volume().path()), input.lastReader(), input.deadline());
  }

  /** {@code [n][E]}, L2-normalised. */
  public float[][] embedTexts(List<String> given, Deadline deadline) throws IOException {
    return onWorker(texts, given, deadline);
  }

  /**
   * Finding → probability.
   *
   * @param given empty for the model's own
   */
  public Map<String, Double> zeroShot(VolumeInput input, List<FindingPrompts> given)
      throws IOException {
    ZeroShotClassifier classifier =
        given.isEmpty() ? usual(input.deadline()) : classifier(given, input.deadline());
    double[] found = classifier.classify(new float[][] {embed(input)})[0];
    Map<String, Double> out = new LinkedHashMap<>();
    for (int i = 0; i < found.length; i++) {
      out.put(classifier.findings().get(i), found[i]);
    }
    return out;
  }

  /** Made of the model's prompts once. */
  private ZeroShotClassifier usual(Deadline deadline) throws IOException {
    if (usual.isEmpty()) {
      List<FindingPrompts> prompts = parts.model().prompts();
      if (prompts.isEmpty()) {
        throw Refusal.badRequest(
            "this model has no prompts of its own; send findings, e.g. [\"pleural effusion\"], or"
                + " prompts");
      }
      usual = Optional.of(classifier(prompts, deadline));
    }
    return usual.orElseThrow();
  }

  private ZeroShotClassifier classifier(List<FindingPrompts> given, Deadline deadline)
      throws IOException {
    if (!parts.model().usesText()) {
      parts.model().embedReports(List.of("text")); // says why texts are of no use
    }
    return onWorker(classifiers, given, deadline);
  }

  /** The mask on the volume's own voxels. */
  public Volume segment(VolumeInput input) throws IOException {
    segmenter();
    Volume volume =
        reading.read(
            () -> VolumeReaders.read(input.volume().path()),
            input.folder().use(),
            input.deadline());
    return onWorker(masks, volume, input.deadline());
  }

  /**
   * The mask as DICOM SEG, which refers to the objects of the volume's series.
   *
   * @param out a file of the request's folder
   * @throws Refusal when the volume is no DICOM
   */
  public void segmentToDicom(VolumeInput input, Path out) throws IOException {
    segmenter();
    Path path = input.volume().path();
    if (!Files.isDirectory(path)) {
      throw Refusal.of(
          406,
          "DICOM SEG refers to the objects of a series: send a zip of DICOM files, or ask for NIfTI");
    }
    DicomSeries series =
        reading.read(
            () -> DicomSeries.only(VolumeFinder.one(path)), input.folder().use(), input.deadline());
    Volume mask = segment(input);
    parts.dicom().orElseThrow().write(series, mask, out);
  }

  private TrainedSegmenter segmenter() {
    return parts
        .segmenter()
        .orElseThrow(
            () -> Refusal.of(501, "this service has no segmenter; start it with --segmenter DIR"));
  }

  /** A report, at most as long as the decoder was trained for. */
  public GeneratedReport report(VolumeInput input, Decoding decoding) throws IOException {
    decoder();
    View view = view(input);
    try {
      return onWorker(reports, new ReportTask(view, decoding), input.deadline());
    } finally {
      input.folder().awaitGone();
    }
  }

  /** The decoder of reports. */
  public ReportGenerator decoder() {
    return parts
        .decoder()
        .orElseThrow(
            () -> Refusal.of(501, "this service writes no reports; start it with --decoder DIR"));
  }

  /** The gallery of retrieval. */
  public Gallery gallery() {
    return parts
        .gallery()
        .orElseThrow(
            () -> Refusal.of(501, "this service has no gallery; start it with --gallery FILE"));
  }

  private <I, O> O onWorker(Batch<I, O> batch, I input, Deadline deadline) throws IOException {
    try (Worker.Expected announced = worker.expect()) {
      return worker.run(batch, input, announced, deadline);
    }
  }
}
