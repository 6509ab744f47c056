package io.t3d.pipeline;

import ai.djl.Device;
import io.t3d.core.config.Configs;
import io.t3d.core.model.T3DModel;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A checkpoint opened for use: the model and the preparation of volumes it was trained with.
 *
 * @param model the model; closed with this
 * @param data how volumes are prepared
 * @param objective what pre-training minimised; empty when the checkpoint does not tell, or was
 *     written by a version whose TMA was another one
 */
public record TrainedModel(T3DModel model, DataConfig data, Optional<ObjectiveConfig> objective)
    implements AutoCloseable {
  /** Name of the file in a checkpoint that holds {@link DataConfig}. */
  static final String DATA_FILE = "data.json";

  /** Name of the file in a checkpoint that holds {@link ObjectiveConfig}. */
  static final String OBJECTIVE_FILE = "objective.json";

  /** A setting that TMA had in versions whose text-informed fusion was never trained. */
  private static final String OLD_TMA = "\"textInformed\"";

  /**
   * Opens a checkpoint.
   *
   * @param folder the checkpoint, or the folder of the run that holds {@code checkpoint}
   * @param device where the model goes
   * @throws IOException when files are missing or damaged
   */
  public static TrainedModel open(Path folder, Device device) throws IOException {
    Path checkpoint =
        Files.isDirectory(folder.resolve("checkpoint")) ? folder.resolve("checkpoint") : folder;
    Path data = checkpoint.resolve(DATA_FILE);
    if (!Files.isDirectory(checkpoint)) {
      throw new IOException(
          "No checkpoint at " + folder + "; give the --out folder of a pretrain run");
    }
    if (!Files.exists(data)) {
      throw new IOException(
          checkpoint
              + " has no "
              + DATA_FILE
              + ", which tells how volumes are prepared; was it written by t3d pretrain?");
    }
    DataConfig config = Configs.fromJson(Files.readString(data), DataConfig.class);
    Optional<ObjectiveConfig> objective = objective(checkpoint.resolve(OBJECTIVE_FILE));
    return new TrainedModel(T3DModel.load(checkpoint, device), config, objective);
  }

  private static Optional<ObjectiveConfig> objective(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    String json = Files.readString(file);
    if (json.contains(OLD_TMA)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Configs.fromJson(json, ObjectiveConfig.class));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file + " is not what t3d pretrain of this version writes: " + e.getMessage(), e);
    }
  }

  /** Divisor of the cosines where tokens gather around texts, as in pre-training. */
  public double gatherTemperature() {
    return objective.map(ObjectiveConfig::tma).orElse(TmaConfig.defaults()).gatherTemperature();
  }

  /** Whether reports had a say in pre-training; true when the checkpoint does not tell. */
  public boolean usesText() {
    return objective.map(ObjectiveConfig::usesText).orElse(true);
  }

  @Override
  public void close() {
    model.close();
  }
}
