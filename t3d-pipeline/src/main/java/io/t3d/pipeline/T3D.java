package io.t3d.pipeline;

import io.t3d.core.T3dException;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.internal.Problems;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.manifest.Splits;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The main entry point: pre-trains a model from a manifest of volumes and reports in one call.
 *
 * <pre>{@code
 * PretrainConfig config = Configs.load(Path.of("resnet50.yaml"), PretrainConfig.class);
 * T3D.pretrain(config, Path.of("ct/manifest.csv"), Path.of("runs/a"));
 * try (TrainedModel model = TrainedModel.open(Path.of("runs/a"))) {
 *   float[][] vectors = model.embed(Path.of("ct/study1"), Path.of("ct/study2"));
 * }
 * }</pre>
 *
 * <p>{@link io.t3d.core.train.Pretrainer} is for those who bring pairs, objectives or networks of
 * their own.
 */
public final class T3D {
  private T3D() {}

  /**
   * Pre-trains on the rows of a manifest's split {@code train}, or on all when it has no splits.
   *
   * <p>Every volume is read once before training starts. Volumes that {@code t3d preprocess} has
   * prepared are taken as they are. Prompts beside the manifest ({@code prompts.yaml}) go into the
   * checkpoint.
   *
   * @param config all settings
   * @param manifest a CSV; docs/manifest.md tells the columns
   * @param out a folder without a checkpoint; gets {@code log.csv} and {@code checkpoint/}
   * @throws IOException when a file cannot be read or written
   * @throws T3dException when {@code out} holds a checkpoint, cannot be written or is being written
   *     by another run, the manifest has no report or no row to train on, patients are in several
   *     splits, or volumes cannot be used; the message lists them
   */
  public static TrainingSummary pretrain(PretrainConfig config, Path manifest, Path out)
      throws IOException {
    return pretrain(config, manifest, out, false, new TrainingListener() {});
  }

  /**
   * The same; goes on from a checkpoint where asked to.
   *
   * @param resume whether {@code out} holds a checkpoint of a run with the same settings and data
   *     to go on from; {@link PretrainRun} can go on with other data
   * @param listener is told of each step
   */
  public static TrainingSummary pretrain(
      PretrainConfig config, Path manifest, Path out, boolean resume, TrainingListener listener)
      throws IOException {
    return pretrain(config, manifest, out, resume, listener, ProcessGroup.single());
  }

  /**
   * The same by several workers, each of which calls this with the same settings, manifest and
   * folder.
   *
   * <pre>{@code
   * try (ProcessGroup group =
   *     ProcessGroup.join(Rendezvous.tcp("10.0.0.5", 29500, rank, 2).secret(secret).build())) {
   *   T3D.pretrain(config, manifest, out, false, new TrainingListener() {}, group);
   * }
   * }</pre>
   *
   * @param listener is told of each step in the worker of rank 0
   * @param group all workers; {@code data.batchSize} counts the pairs of all
   */
  public static TrainingSummary pretrain(
      PretrainConfig config,
      Path manifest,
      Path out,
      boolean resume,
      TrainingListener listener,
      ProcessGroup group)
      throws IOException {
    return group.run(
        () -> {
          boolean writes = group.rank() == 0;
          if (writes) {
            requireFree(out, resume);
          }
          Manifest all = Manifest.read(manifest);
          all.requireReports();
          List<ManifestRow> train = rowsToTrainOn(all, manifest);
          requireSame(group, config, train);
          try (FolderLock.Held lock = writes ? FolderLock.take(out)::close : () -> {}) {
            if (writes) {
              requireFree(out, resume); // now that nobody else can begin
            }
            return pretrain(
                config,
                train,
                rowsToValidateOn(config, all),
                manifest,
                out,
                resume,
                listener,
                group);
          }
        });
  }

  private static TrainingSummary pretrain(
      PretrainConfig asked,
      List<ManifestRow> train,
      List<ManifestRow> validation,
      Path manifest,
      Path out,
      boolean resume,
      TrainingListener listener,
      ProcessGroup group)
      throws IOException {
    PretrainConfig config = withStartsPreparation(asked, out, resume, group);
    Preprocessing resolved = PreparedVolumes.resolve(config.data().preprocessing(), train);
    PretrainConfig settings = config.withPreprocessing(resolved);
    int threads = Runtime.getRuntime().availableProcessors();
    List<ManifestRow> used = new ArrayList<>(train);
    used.addAll(validation);
    PretrainRun run =
        new PretrainRun(settings, train, promptsBeside(manifest), out, group)
            .withValidation(validation);
    run.check(resume, false); // before volumes are read for minutes
    List<BadRow> bad = VolumeReportDataset.check(used, resolved, threads, group);
    if (!bad.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          bad.size()
              + " of "
              + used.size()
              + " volumes cannot be used; repair them, or leave their rows out:"
              + Problems.list(bad));
    }
    return run.run(resume, listener);
  }

  /**
   * The settings with the preparation of volumes that holds: where a run starts from another T3D
   * model's visual encoder ({@code pretrained.vision}), that model's, if the settings leave theirs
   * out. Settings that start otherwise come back as they are.
   *
   * @param out the run's folder; where it is resumed, its checkpoint says it
   * @param group all workers, each of which calls this
   * @throws IOException when the other model's settings cannot be read
   * @throws T3dException when the settings name another preparation than the model's, and not
   *     {@code pretrained.preparation: config}
   */
  public static PretrainConfig withStartsPreparation(
      PretrainConfig config, Path out, boolean resume, ProcessGroup group) throws IOException {
    return StartPreparation.applied(config, out, resume, group);
  }

  /**
   * Fails when a run would overwrite a checkpoint, or could not write one.
   *
   * @param resume whether the checkpoint is to be gone on from
   * @throws T3dException when there is a checkpoint to be kept, {@code out} is a file, or nothing
   *     can be written there
   */
  public static void requireFree(Path out, boolean resume) {
    OutputCheck.folder(out);
    if (!resume && Files.exists(Checkpoint.folderOf(out))) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          out
              + " holds a checkpoint already; go on from it with --resume, or choose another --out");
    }
  }

  /**
   * Compares program, settings and manifest with the other workers, before anything takes long.
   *
   * @param rows to train on
   * @throws T3dException in all workers when one differs; names the first difference
   */
  public static void requireSame(
      ProcessGroup group, PretrainConfig config, List<ManifestRow> rows) {
    SameStart.require(group, config, rows);
  }

  /**
   * The rows of a manifest to train on.
   *
   * @param file the manifest's, for messages
   * @return at least one row; none shares a patient with another split
   * @throws T3dException when there is none, or a patient is in several splits
   */
  public static List<ManifestRow> rowsToTrainOn(Manifest manifest, Path file) {
    if (manifest.hasSplits()) {
      Splits.verifyDisjoint(manifest.rows());
    }
    List<ManifestRow> rows = manifest.select(Split.TRAIN);
    if (rows.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file + " has no row of the split train; give some rows split=train, or no split at all");
    }
    return rows;
  }

  /**
   * The rows of a manifest that a run is scored on while it trains.
   *
   * @return those of the split {@code validation}; none when the settings ask for no validation
   */
  public static List<ManifestRow> rowsToValidateOn(PretrainConfig config, Manifest manifest) {
    boolean asked = config.training().validation().isPresent();
    return asked && manifest.hasSplits() ? manifest.select(Split.VALIDATION) : List.of();
  }

  /** The prompts that came with a manifest, if there are any. */
  public static Optional<Prompts> promptsBeside(Path manifest) throws IOException {
    Optional<Path> file = Prompts.beside(manifest);
    return file.isPresent() ? Optional.of(Prompts.load(file.get())) : Optional.empty();
  }
}
