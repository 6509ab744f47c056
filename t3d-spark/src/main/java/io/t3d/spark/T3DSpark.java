package io.t3d.spark;

import io.t3d.core.T3dException;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.io.Locations;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.DatasetPreparation;
import io.t3d.data.prepare.Masks;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.StudyOutcome;
import io.t3d.data.prepare.StudyPreparation;
import io.t3d.data.prepare.internal.Calibrations;
import io.t3d.pipeline.Embedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * Bulk work on a Spark session: what {@code t3d embed}, {@code preprocess} and {@code inspect
 * --all} do on one machine, on all executors.
 *
 * <pre>{@code
 * Dataset<EmbeddedStudy> embedded =
 *     T3DSpark.embed(session, Path.of("/data/manifest.csv"), Path.of("/models/a"));
 * EmbeddingTable.write(embedded, "/data/embedded.parquet");
 * }</pre>
 *
 * <p>Each task reads its own volumes where it runs, one after another; nothing is shuffled, and
 * reports and patients stay on the driver. An executor loads the model once for all its tasks.
 * Executors must see manifests' volumes, model and output at the paths that the driver has; the
 * session must be one that is not Spark Connect's.
 *
 * <p>A volume that cannot be used is a row with a problem. What ends a job is an executor that
 * lacks natives, memory or the model: then a {@link T3dException} that names it is thrown, or is
 * the cause of what Spark throws.
 *
 * <p>Settings of the session: {@value #DEVICE} is where models go, {@code auto} when not set;
 * {@code spark.t3d.volumesPerTask} is what a task works on, and what is done again when an executor
 * is lost; chosen from their number when not set, at most 256.
 */
public final class T3DSpark {
  /** Setting of a session: the device of models, as {@code t3d --device} names it. */
  public static final String DEVICE = "spark.t3d.device";

  private T3DSpark() {}

  /**
   * Embeds the volumes of a manifest. Vectors are those of {@link Embedder#embedRows}, and so of
   * {@code t3d embed}, in every bit on the same processor and number of threads, but for those
   * beside a bad volume: {@code t3d embed --skip-bad} leaves bad volumes out before it forms
   * batches, so that its last batch, of less than eight, may hold others.
   *
   * <p>The data set is lazy, as all of Spark's: every action on it embeds anew. Write it first
   * ({@link EmbeddingTable#write}), or {@code persist} it.
   *
   * @param session of a cluster or local
   * @param manifest a CSV that the driver reads
   * @param modelFolder the {@code --out} folder of a run, or its folder {@code checkpoint}; or a
   *     relative path that {@code --archives} has unpacked
   * @return one row per row of the manifest, in its order
   * @throws IOException when the manifest or the model cannot be read
   * @throws T3dException when the manifest or a setting is wrong
   */
  public static Dataset<EmbeddedStudy> embed(SparkSession session, Path manifest, Path modelFolder)
      throws IOException {
    EmbedTask<EmbeddedStudy> task =
        new EmbedTask<>(
            key(session, modelFolder),
            (model, line, vector, problem) -> EmbeddedStudy.of(line, vector, problem));
    return dataset(session, lines(manifest), Embedder.BATCH, task, EmbeddedStudy.class);
  }

  /**
   * Classifies the volumes of a manifest by text alone, by their embeddings as {@link #embed} gives
   * them. {@code TrainedModel.zeroShot}, which encodes volumes one at a time, differs in the last
   * digits of float32.
   *
   * <p>The data set is lazy: every action on it embeds anew.
   *
   * @param session of a cluster or local
   * @param manifest a CSV that the driver reads
   * @param modelFolder as in {@link #embed}
   * @param prompts one entry per finding, e.g. {@code Prompts.load(file).prompts()}
   * @return one row per row of the manifest, in its order
   * @throws IOException when the manifest or the model cannot be read
   * @throws T3dException when the manifest or a setting is wrong
   * @throws IllegalArgumentException when there are no prompts, or two findings share a name
   */
  public static Dataset<ClassifiedStudy> zeroShot(
      SparkSession session, Path manifest, Path modelFolder, List<FindingPrompts> prompts)
      throws IOException {
    List<String> findings = prompts.stream().map(FindingPrompts::finding).toList();
    if (findings.isEmpty() || new HashSet<>(findings).size() < findings.size()) {
      throw new IllegalArgumentException(
          "Zero-shot classification needs findings with different names, got " + findings);
    }
    ArrayList<PromptLine> texts = new ArrayList<>();
    prompts.forEach(p -> texts.add(PromptLine.of(p)));
    EmbedTask<ClassifiedStudy> task =
        new EmbedTask<>(
            key(session, modelFolder),
            (model, line, vector, problem) -> classified(model, line, vector, problem, texts));
    return dataset(session, lines(manifest), Embedder.BATCH, task, ClassifiedStudy.class);
  }

  private static ClassifiedStudy classified(
      ExecutorModel model,
      StudyLine line,
      Optional<float[]> vector,
      String problem,
      List<PromptLine> texts) {
    List<FindingPrompts> prompts = texts.stream().map(PromptLine::back).toList();
    double[] found =
        vector
            .map(v -> model.classifier(prompts).classify(new float[][] {v})[0])
            .orElseGet(() -> new double[0]);
    List<String> findings = prompts.stream().map(FindingPrompts::finding).toList();
    return ClassifiedStudy.of(line, findings, found, problem);
  }

  /**
   * Prepares the volumes and masks of a manifest into the folder that {@code t3d preprocess} makes,
   * file for file; chunks are packed by Spark's Zstandard, so that other versions of it may give
   * other bytes with the same values. Masks on another grid than their volume's are bad.
   *
   * <p>This runs at once. The driver holds the folder; a run that was stopped goes on when it is
   * started again, here or by {@code t3d preprocess}. Tasks that are run twice, even at the same
   * time, put a volume into place once.
   *
   * @param session of a cluster or local
   * @param manifest a CSV of raw volumes that the driver reads
   * @param config steps and storage
   * @param out the folder, which all executors can write to; gets {@code manifest.csv}, and {@code
   *     quarantine.csv} where volumes are bad
   * @return one row per row of the manifest, in its order
   * @throws IOException when the manifest cannot be read or the folder cannot be written
   * @throws T3dException when the volumes are prepared already, the folder holds others, another
   *     run writes into it, or an executor lacks natives or memory
   */
  public static Dataset<PreparedStudy> preprocess(
      SparkSession session, Path manifest, PreparationConfig config, Path out) throws IOException {
    return preprocess(session, manifest, config, out, Masks.OtherGrid.REFUSE);
  }

  /**
   * The same.
   *
   * @param otherGrid what becomes of masks on another grid than their volume's
   * @throws IOException as above
   * @throws T3dException as above, or when {@code out} is remote
   */
  public static Dataset<PreparedStudy> preprocess(
      SparkSession session,
      Path manifest,
      PreparationConfig config,
      Path out,
      Masks.OtherGrid otherGrid)
      throws IOException {
    if (!Locations.isLocal(out)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Prepared volumes go to a folder that every machine sees as its own files, got "
              + out
              + "; prepare to a shared file system, and copy the folder there afterwards");
    }
    OutputCheck.folder(out);
    Manifest all = Manifest.read(manifest);
    Path prepared = out.resolve("manifest.csv");
    if (Files.exists(prepared) && Files.isSameFile(manifest, prepared)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          out + " would lose the manifest it is made from; choose another output folder");
    }
    Map<Done.Key, StudyPreparation> studies = new HashMap<>();
    Map<String, StudyOutcome> outcomes = new HashMap<>();
    new DatasetPreparation(config, out, 1, otherGrid)
        .runOn(
            all.rows(),
            work -> {
              work.forEach(study -> studies.put(Done.Key.of(study), study));
              List<StudyOutcome> done = prepare(session, work, config, otherGrid);
              done.forEach(outcome -> outcomes.put(outcome.name(), outcome));
              return done;
            });
    List<PreparedStudy> rows = new ArrayList<>();
    for (ManifestRow row : all.rows()) {
      StudyPreparation study = studies.get(Done.Key.of(row));
      rows.add(Done.row(row, study, outcomes.get(study.name())));
    }
    return session.createDataset(rows, Encoders.bean(PreparedStudy.class));
  }

  private static List<StudyOutcome> prepare(
      SparkSession session,
      List<StudyPreparation> work,
      PreparationConfig config,
      Masks.OtherGrid otherGrid) {
    List<PrepareTask.Line> lines = work.stream().map(PrepareTask.Line::of).toList();
    PrepareTask task = new PrepareTask(work.get(0).out(), config, otherGrid);
    try {
      return Slices.of(session, lines, 1).mapPartitions(task).collect().stream()
          .map(PrepareTask.Outcome::back)
          .toList();
    } catch (Exception e) {
      throw Failures.ofJob(e);
    }
  }

  /**
   * Reads every volume below a folder to its end: the table of {@code t3d inspect --all}. Lazy:
   * every action on it reads anew.
   *
   * @param session of a cluster or local
   * @param folder is searched on the driver by the rule of {@link VolumeFinder}
   * @return one row per volume, or what looks like one, in the order of their paths
   * @throws IOException when the folder cannot be searched
   * @throws T3dException when there is no volume
   */
  public static Dataset<InspectedVolume> inspect(SparkSession session, Path folder)
      throws IOException {
    List<VolumeFinder.Found> found = VolumeFinder.find(folder.toRealPath());
    if (found.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "No volume in " + folder + ": neither a DICOM series nor a file that ends as one does");
    }
    List<InspectTask.Line> lines = found.stream().map(InspectTask.Line::of).toList();
    return dataset(session, lines, 1, new InspectTask(), InspectedVolume.class);
  }

  private static <I, O> Dataset<O> dataset(
      SparkSession session,
      List<I> items,
      int multiple,
      FlatMapFunction<java.util.Iterator<List<I>>, O> task,
      Class<O> type) {
    JavaRDD<O> rows = Slices.of(session, items, multiple).mapPartitions(task);
    Encoder<O> encoder = Encoders.bean(type);
    return session.createDataset(rows.rdd(), encoder);
  }

  private static ModelKey key(SparkSession session, Path modelFolder) throws IOException {
    return ModelKey.of(modelFolder, session.conf().get(DEVICE, "auto"));
  }

  private static List<StudyLine> lines(Path manifest) throws IOException {
    List<ManifestRow> rows = Manifest.read(manifest).rows();
    Calibrations.requireConsistent(rows);
    return rows.stream().map(StudyLine::of).toList();
  }
}
