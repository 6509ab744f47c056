package io.t3d.pipeline;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.train.Checkpoint;
import io.t3d.data.manifest.ManifestRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether the settings and pairs of a run are those of a checkpoint that it is to go on from. */
final class Resumption {
  private static final Logger LOG = LoggerFactory.getLogger(Resumption.class);

  private final PretrainConfig config;
  private final List<ManifestRow> rows;

  Resumption(PretrainConfig config, List<ManifestRow> rows) {
    this.config = config;
    this.rows = rows;
  }

  /** That of the pairs, when the checkpoint to go on from has the same. */
  DataIdentity identity(Optional<Checkpoint> checkpoint, boolean acceptChanges) throws IOException {
    DataIdentity now = DataIdentity.of(rows);
    if (checkpoint.isEmpty()) {
      return now;
    }
    Path folder = checkpoint.get().folder();
    requireSameObjective(folder);
    Optional<DataIdentity> then = DataIdentity.in(folder);
    if (then.isEmpty()) {
      LOG.warn(
          "{} does not say which data it was trained on (it is older than that): whether these are"
              + " the same pairs and reports is not checked",
          folder);
    }
    List<String> changes = changes(folder, then, now);
    List<String> accepted = new ArrayList<>(then.map(DataIdentity::accepted).orElse(List.of()));
    if (!changes.isEmpty()) {
      boolean sameLength = isSameLength(folder, then);
      if (!acceptChanges || !sameLength) {
        throw changed(folder, changes, sameLength);
      }
      String what = String.join(", ", changes);
      LOG.warn("{} goes on with changed data: {}", folder, what);
      accepted.add("step " + checkpoint.get().step() + ": " + what);
    }
    return now.withAccepted(accepted);
  }

  private List<String> changes(Path folder, Optional<DataIdentity> then, DataIdentity now)
      throws IOException {
    List<String> changes = new ArrayList<>(then.map(t -> t.changes(now)).orElse(List.of()));
    changes.addAll(changedSettings(folder));
    return changes;
  }

  private boolean isSameLength(Path folder, Optional<DataIdentity> then) throws IOException {
    return then.isEmpty() || then.get().pairs() / batchSize(folder) == batches();
  }

  private static T3dException changed(Path folder, List<String> changes, boolean sameLength) {
    return new T3dException(
        T3dException.Kind.USAGE,
        "Cannot resume from "
            + folder
            + ", its data has changed: "
            + String.join(", ", changes)
            + (sameLength
                ? ". Give the data it was trained on, choose another --out, or go on all the same"
                    + " with --accept-changed-data"
                : ". Give the data it was trained on, or choose another --out: with another number"
                    + " of batches the schedule would be another one"));
  }

  private int batches() {
    return rows.size() / config.data().batchSize();
  }

  private int batchSize(Path checkpoint) throws IOException {
    Path file = checkpoint.resolve(TrainedModel.DATA_FILE);
    return Files.isRegularFile(file)
        ? Configs.load(file, DataConfig.class).batchSize()
        : config.data().batchSize();
  }

  /** Another objective would go on under the old one's name. */
  void requireSameObjective(Path checkpoint) throws IOException {
    List<String> changes = new ArrayList<>();
    TrainedModel.objectiveOf(checkpoint)
        .ifPresent(
            then ->
                changes.addAll(
                    StartPreparation.differences("objective", then, config.objective())));
    if (!changes.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Cannot resume from "
              + checkpoint
              + ", its objective was another: "
              + String.join(", ", changes)
              + ". Resume with the settings it was trained with, or choose another --out");
    }
  }

  /** The settings that change what the model sees, but not its sizes. */
  private List<String> changedSettings(Path checkpoint) throws IOException {
    List<String> out = new ArrayList<>();
    Path file = checkpoint.resolve(TrainedModel.DATA_FILE);
    if (Files.isRegularFile(file)) {
      DataConfig then = Configs.load(file, DataConfig.class);
      DataConfig now = config.data();
      out.addAll(
          StartPreparation.differences(
              "data.preprocessing", then.preprocessing(), now.preprocessing()));
      out.addAll(StartPreparation.differences("data.views", then.views(), now.views()));
      out.addAll(StartPreparation.differences("data.reports", then.reports(), now.reports()));
      out.addAll(StartPreparation.differences("data.batchSize", then.batchSize(), now.batchSize()));
    }
    return out;
  }

  /** Refuses other data than a checkpoint was trained on. */
  void requireSameData(Path checkpoint) throws IOException {
    Optional<DataIdentity> then = DataIdentity.in(checkpoint);
    DataIdentity now;
    try {
      now = DataIdentity.of(rows);
    } catch (IOException e) {
      return; // a volume cannot be opened: that is told together with all others of that kind
    }
    List<String> changes = changes(checkpoint, then, now);
    if (!changes.isEmpty()) {
      throw changed(checkpoint, changes, isSameLength(checkpoint, then));
    }
  }
}
