package io.t3d.examples.run;

import ai.djl.Device;
import io.t3d.core.config.Configs;
import io.t3d.core.model.T3DModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A checkpoint opened for use: the model and the preparation of volumes it was trained with.
 *
 * @param model the model; closed with this
 * @param data how volumes are prepared
 */
public record TrainedModel(T3DModel model, DataConfig data) implements AutoCloseable {
  /** Name of the file in a checkpoint that holds {@link DataConfig}. */
  static final String DATA_FILE = "data.json";

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
    return new TrainedModel(T3DModel.load(checkpoint, device), config);
  }

  @Override
  public void close() {
    model.close();
  }
}
