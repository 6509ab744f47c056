package io.t3d.pipeline;

import ai.djl.Device;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.task.segment.Segmenter;
import io.t3d.data.load.VolumeSegmenter;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A trained segmenter ready for use, with the preprocessing it was trained with.
 *
 * @param segmenter the network; closed with this
 * @param preprocessing how volumes are prepared
 */
public record TrainedSegmenter(Segmenter segmenter, Preprocessing preprocessing)
    implements AutoCloseable {
  private static final String FOLDER = "segmenter";
  private static final String PREPROCESSING = "preprocessing.json";

  /**
   * Opens a segmenter.
   *
   * @param folder the {@code --out} folder of a training, or its folder {@code segmenter}
   * @throws IOException when files are missing or damaged
   */
  public static TrainedSegmenter open(Path folder, Device device) throws IOException {
    Path dir = Files.isDirectory(folder.resolve(FOLDER)) ? folder.resolve(FOLDER) : folder;
    if (!Files.isRegularFile(dir.resolve(PREPROCESSING))) {
      throw new IOException(
          "No segmenter at " + folder + "; give the --out folder of t3d segment train");
    }
    Preprocessing preprocessing = Configs.load(dir.resolve(PREPROCESSING), Preprocessing.class);
    return new TrainedSegmenter(Segmenter.load(dir, device), preprocessing);
  }

  /** Saves it below the {@code --out} folder of a training; the preparation is written last. */
  public void save(Path out) throws IOException {
    Path dir = out.resolve(FOLDER);
    segmenter.save(dir);
    AtomicFiles.writeText(dir.resolve(PREPROCESSING), Configs.toJson(preprocessing));
  }

  /** Segments volumes as they are read. */
  public VolumeSegmenter onRawVolumes() {
    return new VolumeSegmenter(segmenter, preprocessing);
  }

  @Override
  public void close() {
    segmenter.close();
  }
}
