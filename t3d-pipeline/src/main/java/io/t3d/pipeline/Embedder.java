package io.t3d.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.Lists;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.TextScores;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.MultiViewSampler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Lock;
import java.util.function.IntConsumer;

/**
 * Embeds volume files: other threads read and prepare the next batches while the model works on the
 * current one.
 */
public final class Embedder {
  /** Volumes that are encoded at a time; the last bits of their vectors depend on it. */
  public static final int BATCH = 8;

  private final T3DModel model;
  private final Preprocessing preprocessing;
  private final MultiViewSampler sampler;
  private final Precision precision;
  private EncoderClock clock = new EncoderClock();

  /**
   * The speed of embedding volumes.
   *
   * @param volumes embedded
   * @param seconds from the first batch at hand to the last one done: start-up does not count
   * @param volumesPerSecond over these seconds
   * @param encoderBusy share of these seconds in which the encoder worked; in the rest it waited
   *     for volumes
   */
  public record Throughput(
      int volumes, double seconds, double volumesPerSecond, double encoderBusy) {}

  /** Embeds in float32 with a model and the preparation it was trained with. */
  public Embedder(T3DModel model, DataConfig data) {
    this(model, data, Precision.FLOAT32);
  }

  /**
   * Embeds with a model and the preparation it was trained with.
   *
   * @param precision BFLOAT16 is faster on CPUs with avx512_bf16 or AMX and on recent GPUs; it
   *     rounds to 8 bits
   */
  public Embedder(T3DModel model, DataConfig data, Precision precision) {
    this.model = model;
    this.preprocessing = data.preprocessing();
    this.sampler = new MultiViewSampler(data.views());
    this.precision = precision;
  }

  /** How fast the last call of {@link #embedVolumes} was. */
  public Throughput throughput() {
    return clock.throughput();
  }

  /** The one view of a volume that evaluation looks at: all of it, without augmentation. */
  private View view(PreparedVolumes volumes, Path file) throws IOException {
    return sampler.center(volumes.load(file).readAll());
  }

  /**
   * Embeds files in order.
   *
   * @param manager owns the result
   * @param files n volumes
   * @param done is told how many volumes are done
   * @return {@code (n, E)}, float32, L2-normalised
   * @throws IOException when a volume cannot be read
   * @throws T3dException when a vector is not finite
   */
  public NDArray embedVolumes(NDManager manager, List<Path> files, IntConsumer done)
      throws IOException {
    PreparedVolumes volumes = new PreparedVolumes(preprocessing);
    return embed(manager, Lists.transform(files, file -> () -> view(volumes, file)), done);
  }

  /** Embeds the volumes of rows in order, calibrated as the rows say; see {@link #embedVolumes}. */
  public NDArray embedRows(NDManager manager, List<ManifestRow> rows, IntConsumer done)
      throws IOException {
    PreparedVolumes volumes = new PreparedVolumes(preprocessing, rows);
    return embed(manager, Lists.transform(rows, row -> () -> view(volumes, row.volume())), done);
  }

  /**
   * Embeds rows as {@link #embedRows} does, but hands the vectors on batch by batch, and a bad
   * volume does not stop the others; nor does a vector that is not finite, which the caller must
   * look for. Vectors are those of {@link #embedRows} in every bit when the rows are the same, or
   * are those from a multiple of {@link #BATCH} on, and none is bad.
   *
   * @param rows n rows
   * @param readers threads that read ahead, each with a volume in memory, ≥ 1
   * @param turn is held while the encoder works, so that streams which share a model do not ask for
   *     the memory of several batches and do not share its threads
   * @return the caller closes it
   */
  public RowEmbeddings stream(List<ManifestRow> rows, int readers, Lock turn) {
    PreparedVolumes volumes = new PreparedVolumes(preprocessing, rows);
    return new RowEmbeddings(
        rows,
        row -> view(volumes, row.volume()),
        views -> {
          List<float[]> vectors = new ArrayList<>();
          embed(views, vectors);
          return vectors;
        },
        readers,
        turn);
  }

  /**
   * Scores texts on the volumes of rows, which are read and encoded once, in float32.
   *
   * @param rows n rows, at least one
   * @param texts T texts, at least one
   * @param temperature of the gathering, see {@link TrainedModel#gatherTemperature}
   * @param done is told how many volumes are done
   * @throws IOException when a volume cannot be read
   */
  public TextScores score(
      List<ManifestRow> rows, List<String> texts, double temperature, IntConsumer done)
      throws IOException {
    PreparedVolumes volumes = new PreparedVolumes(preprocessing, rows);
    try (ViewsAhead views =
        new ViewsAhead(
            Lists.transform(rows, row -> () -> view(volumes, row.volume())), sampler.config())) {
      return TextScores.of(model, views, texts, temperature, done);
    }
  }

  private NDArray embed(NDManager manager, List<Callable<View>> files, IntConsumer done)
      throws IOException {
    List<float[]> rows = new ArrayList<>();
    clock = new EncoderClock();
    try (ViewsAhead views = new ViewsAhead(files, sampler.config())) {
      int batch = Math.min(BATCH, views.atOnce());
      while (rows.size() < files.size()) {
        int before = rows.size();
        embed(views.take(batch), rows);
        requireFinite(rows, before);
        done.accept(rows.size());
      }
    }
    return manager.create(rows.toArray(new float[0][]));
  }

  /** {@link TrainedModel#embedViews}. */
  float[][] embedViews(List<View> views) {
    List<float[]> rows = new ArrayList<>();
    embed(views, rows);
    requireFinite(rows, 0);
    return rows.toArray(new float[0][]);
  }

  private void embed(List<View> views, List<float[]> rows) {
    if (views.size() > 1 && views.stream().map(Embedder::size).distinct().count() > 1) {
      views.forEach(view -> embed(List.of(view), rows));
      return;
    }
    try (NDManager step = model.manager().newSubManager();
        ViewBatch batch = ViewBatch.collate(step, views.stream().map(List::of).toList())) {
      NDArray voxels = batch.slots().get(0).voxels();
      split(clock.encode(views.size(), () -> encode(voxels)), rows);
    }
  }

  private static Size3 size(View view) {
    Volume crop = view.crop();
    return new Size3(crop.depth(), crop.height(), crop.width());
  }

  private float[] encode(NDArray voxels) {
    return precision.run(model.device(), () -> model.encodeVolumes(voxels).toFloatArray());
  }

  private void split(float[] flat, List<float[]> rows) {
    int width = model.config().embedDim();
    for (int i = 0; i < flat.length; i += width) {
      rows.add(Arrays.copyOfRange(flat, i, i + width));
    }
  }

  /** Refuses vectors that no comparison takes, from one of them on. */
  private static void requireFinite(List<float[]> rows, int from) {
    for (int i = from; i < rows.size(); i++) {
      for (float value : rows.get(i)) {
        if (!Float.isFinite(value)) {
          throw new T3dException(
              T3dException.Kind.INPUT,
              "The embedding of volume "
                  + i
                  + " (from 0) is not finite: its voxels or the model's weights hold NaN; look for"
                  + " NaN in both, or take an earlier checkpoint");
        }
      }
    }
  }
}
