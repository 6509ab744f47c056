package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.StepRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a training tells into an event file for TensorBoard: losses, learning rate, gradient
 * norm and speed of each step, validations, the settings, and a small picture of a batch in each
 * epoch. Where the file cannot be written, one warning is all that happens.
 */
public final class TensorBoard implements Watcher {
  /** The folder beside {@code log.csv}; {@code tensorboard --logdir OUT} finds it. */
  public static final String FOLDER = "tensorboard";

  private static final Logger LOG = LoggerFactory.getLogger(TensorBoard.class);
  private static final String TRAIN = "train/";

  private final Path folder;
  private final Map<String, JsonNode> settings;
  private Optional<EventFile> file = Optional.empty();
  private boolean failed;
  private int pictured = -1;
  private int epoch;

  /**
   * Prepares it; the file begins with the training.
   *
   * @param out output folder of the run
   * @param settings of the run, see {@link FlatSettings}
   */
  public TensorBoard(Path out, Map<String, JsonNode> settings) {
    this.folder = out.resolve(FOLDER);
    this.settings = new LinkedHashMap<>(settings);
  }

  private interface Entry {
    void write(EventFile to) throws IOException;
  }

  /** One at a time: a signal that ends the process comes on another thread. */
  private synchronized void write(Entry entry) {
    if (failed || file.isEmpty()) {
      return;
    }
    try {
      entry.write(file.get());
    } catch (IOException e) {
      failed = true;
      LOG.warn("{} gets no more events, training goes on: {}", file.get().file(), e.toString());
    }
  }

  @Override
  public void onStart(int stepsDone, int totalSteps) {
    try {
      file = Optional.of(EventFile.begin(folder, stepsDone + 1L));
    } catch (IOException e) {
      LOG.warn("No events are written to {}, training goes on: {}", folder, e.toString());
    }
    write(to -> to.settings(settings, System.currentTimeMillis() / 1e3));
  }

  @Override
  public void onStep(StepRecord step) {
    epoch = step.epoch();
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(TRAIN + "loss", step.loss());
    step.parts().forEach((name, value) -> values.put(TRAIN + name, value));
    values.put(TRAIN + "learningRate", step.learningRate());
    values.put(TRAIN + "gradNorm", step.gradNorm());
    values.put(TRAIN + "volumesPerSecond", step.volumesPerSecond());
    write(to -> to.scalars(step.step(), values));
  }

  @Override
  public void onBatch(PairBatch batch, int step) {
    if (pictured != epoch) {
      pictured = epoch;
      write(to -> to.picture(step, "batch", BatchPicture.of(batch)));
    }
  }

  @Override
  public void onValidation(Map<String, Double> scores, int stepsDone) {
    Map<String, Double> values = new LinkedHashMap<>();
    scores.forEach((name, value) -> values.put("validation/" + name, value));
    write(to -> to.scalars(stepsDone, values));
  }

  @Override
  public void ended(End how) {
    write(to -> to.end(how == End.FINISHED, System.currentTimeMillis() / 1e3));
    write(EventFile::close);
    file = Optional.empty();
  }
}
