package io.t3d.core.task.segment;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.internal.LoraLayers;
import io.t3d.core.nn.internal.SeededWeights;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.nn.internal.segment.SegmentationDecoder;
import io.t3d.core.task.internal.training.TaskTrainer;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ObjDoubleConsumer;

/**
 * Segments volumes voxel by voxel: an encoder, new or taken from a {@link T3DModel}, with a
 * decoder.
 *
 * <pre>{@code
 * SegmenterConfig config = SegmenterConfig.of(model.config().vision(), classes, Size3.cube(64));
 * try (Segmenter segmenter = Segmenter.from(model, config, 42)) {
 *   segmenter.train(SegmentationSource.of(cases), new DiceCrossEntropyLoss()::compute, settings);
 *   Volume mask = segmenter.segment(volume);
 *   segmenter.save(dir);
 * }
 * }</pre>
 *
 * <p>The decoder is a U-Net's over a ResNet (Çiçek et al., 2016) or UNETR's over a ViT (Hatamizadeh
 * et al., 2022). A volume larger than the window is segmented window by window; overlapping scores
 * are averaged with the Gaussian weights of MONAI's {@code sliding_window_inference}, and smaller
 * volumes are padded with 0.
 *
 * <p>The segmenter owns its weights: it copies those of the model, which stays as it is. Segmenting
 * from several threads at once is safe as long as nobody trains.
 */
public final class Segmenter implements AutoCloseable {
  private static final int WINDOWS_AT_ONCE = 2;

  private final SegmenterConfig config;
  private final NDManager manager;
  private final VisionEncoder encoder;
  private final SegmentationDecoder decoder;
  private final boolean learnsStatistics;

  Segmenter(SegmenterConfig config, Device device, long seed, boolean learnsStatistics) {
    this.config = config;
    this.learnsStatistics = learnsStatistics;
    encoder = VisionEncoders.create(config.vision());
    decoder = SegmentationDecoder.create(config.vision(), config.decoder(), config.classCount());
    manager = NDManager.newBaseManager(TorchEngine.require(device));
    manager.setName("Segmenter");
    Size3 m = decoder.multiple();
    Shape views = new Shape(1, 1, m.depth(), m.height(), m.width());
    try {
      SeededWeights.of(
          seed,
          () -> {
            encoder.initialize(manager, DataType.FLOAT32, views);
            decoder.initialize(manager, DataType.FLOAT32, views);
          });
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /**
   * A segmenter with random weights.
   *
   * @param config sizes and classes
   * @param device where weights and arrays live
   * @param seed same seed, same weights; sets the engine's random seed
   */
  public static Segmenter create(SegmenterConfig config, Device device, long seed) {
    return new Segmenter(config, device, seed, true);
  }

  /**
   * A segmenter whose encoder starts with a model's weights; the decoder's are random. Batch norms
   * of the encoder keep the statistics of the pre-training, whose batches were larger: those of one
   * or two crops are noise. Its weights learn all the same.
   *
   * @param model gives a copy of its vision encoder's weights, low-rank pairs added to them
   * @param config sizes and classes; its vision must be the model's
   * @param seed of the decoder
   * @throws T3dException when the config's vision is not the model's
   */
  public static Segmenter from(T3DModel model, SegmenterConfig config, long seed) {
    if (!config.vision().equals(model.config().vision())) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "SegmenterConfig.vision must be the model's, "
              + model.config().vision()
              + ", got "
              + config.vision());
    }
    Segmenter segmenter = new Segmenter(config, model.device(), seed, false);
    try {
      takeEncoder(segmenter, model);
      return segmenter;
    } catch (IOException | RuntimeException e) {
      segmenter.close();
      throw new IllegalStateException("The encoder's weights cannot be taken over", e);
    }
  }

  private static void takeEncoder(Segmenter segmenter, T3DModel model) throws IOException {
    String source = "the model's encoder";
    try (NDManager scope = segmenter.manager.newSubManager()) {
      Map<String, NDArray> copies = new LinkedHashMap<>();
      StateDict.of(model.vision())
          .forEach(
              (name, parameter) -> {
                NDArray copy = parameter.getArray().stopGradient().duplicate();
                copy.attach(scope);
                copies.put(name, copy);
              });
      Weights.load(segmenter.encoder, LoraLayers.merged(copies, source), source);
    }
  }

  /**
   * Reads a segmenter that {@link #save} wrote.
   *
   * @throws IOException when a file is missing or broken, or the weights do not fit the settings
   */
  public static Segmenter load(Path dir, Device device) throws IOException {
    return SegmenterFiles.load(dir, device);
  }

  /**
   * Writes {@code segmenter.json} and {@code segmenter.safetensors}.
   *
   * @param dir the folder, made when it is missing
   * @throws IOException when a file cannot be written; each file is the old one or the new one
   */
  public void save(Path dir) throws IOException {
    SegmenterFiles.save(dir, this);
  }

  /**
   * Trains on random crops. A segmenter that was loaded keeps the statistics of batch norms.
   *
   * @param source volumes with masks
   * @param loss e.g. {@code new DiceCrossEntropyLoss()::compute}
   * @param settings steps, batch, optimizer
   * @return the loss of each step
   * @throws IOException when a case cannot be read
   * @throws io.t3d.core.train.DivergedException when losses stay not finite
   */
  public double[] train(
      SegmentationSource source, SegmentationLoss loss, SegmentationTraining settings)
      throws IOException {
    return train(source, loss, settings, (step, value) -> {});
  }

  /** The same; {@code listener} gets the number of steps done and the loss, after each step. */
  public double[] train(
      SegmentationSource source,
      SegmentationLoss loss,
      SegmentationTraining settings,
      ObjDoubleConsumer<Integer> listener)
      throws IOException {
    SegmentationCrops crops =
        new SegmentationCrops(source, config, settings.foreground(), settings.optimizer().seed());
    boolean frozen = settings.freezeEncoder();
    Map<String, Parameter> learning = frozen ? prefixed("decoder.", decoder) : parameters();
    double[] losses = new double[settings.steps()];
    try (TaskTrainer trainer =
        new TaskTrainer(manager, learning, settings.optimizer(), settings.steps())) {
      for (int step = 0; step < losses.length; step++) {
        SegmentationCrops.Crops batch = crops.next(settings.batch());
        losses[step] = trainer.step(scope -> loss(scope, batch, trainer, loss, frozen));
        listener.accept(step + 1, losses[step]);
      }
    }
    return losses;
  }

  private NDArray loss(
      NDManager scope,
      SegmentationCrops.Crops batch,
      TaskTrainer trainer,
      SegmentationLoss loss,
      boolean frozen) {
    Shape shape = batch.shape(config.window());
    // Copies: DJL's arrays would borrow Java buffers, which autograd does not keep alive.
    NDArray views = scope.create(batch.voxels(), shape).duplicate();
    NDArray target = scope.create(batch.classes(), shape).squeeze(1).duplicate();
    NDArray logits = trainer.inPrecision(() -> forward(views, !frozen && learnsStatistics, true));
    return loss.compute(logits, target);
  }

  /**
   * Scores the classes of all voxels in one pass; for volumes that fit.
   *
   * @param views {@code (B, 1, D, H, W)}, float32, any size: it is padded with 0 at the end of each
   *     axis up to what the network needs
   * @return {@code (B, K, D, H, W)}, float32; owned by the manager of {@code views}
   * @throws IllegalArgumentException when the shape or dtype differs
   */
  public NDArray logits(NDArray views) {
    try (NoGrad constant = new NoGrad()) {
      return forward(views, false, false);
    }
  }

  private NDArray forward(NDArray views, boolean encoderTrains, boolean training) {
    Shapes.checkVolumes("views", views);
    return Scopes.within(
        views,
        x -> {
          ParameterStore parameters = new ParameterStore(x.getManager(), false);
          NDArray padded = Padding.up(x, decoder.multiple());
          List<NDArray> maps = encoder.featureMaps(parameters, padded, encoderTrains);
          NDArray logits = decoder.decode(parameters, padded, maps, training);
          return Padding.cut(logits, x.getShape());
        });
  }

  /**
   * Segments a volume window by window.
   *
   * @param volume prepared as in training
   * @return the mask on the volume's voxels, with the values of {@link SegmentationClass}
   */
  public Volume segment(Volume volume) {
    float[] mask = new float[volume.voxels().length];
    int plane = volume.height() * volume.width();
    scores(
        volume,
        (z, logits) -> {
          for (int i = 0; i < plane; i++) {
            mask[z * plane + i] = config.maskValue(best(logits, i, plane));
          }
        });
    return volume.withVoxels(mask);
  }

  /** The class of the largest of {@code logits[k · plane + i]}; the first one when several are. */
  static int best(float[] logits, int i, int plane) {
    int best = 0;
    for (int k = 1; k * plane < logits.length; k++) {
      if (logits[k * plane + i] > logits[best * plane + i]) {
        best = k;
      }
    }
    return best;
  }

  /** Takes the scores of a volume, slice by slice. */
  @FunctionalInterface
  public interface Slices {
    /**
     * Takes the next slice.
     *
     * @param z 0, 1, …, D-1
     * @param logits {@code (K, H, W)}, flat; used again for the next slice
     */
    void slice(int z, float[] logits);
  }

  /** Scores a volume window by window; the sink gets {@code (K, H, W)} logits per slice. */
  public void scores(Volume volume, Slices sink) {
    new SlidingWindow(config.window(), config.overlap(), config.sigma(), WINDOWS_AT_ONCE)
        .run(manager, volume, this::logits, sink);
  }

  /** The settings. */
  public SegmenterConfig config() {
    return config;
  }

  /** All parameters and buffers under dotted names, e.g. {@code encoder.conv1.weight}. */
  public Map<String, Parameter> parameters() {
    Map<String, Parameter> all = prefixed("encoder.", encoder);
    all.putAll(prefixed("decoder.", decoder));
    return all;
  }

  private static Map<String, Parameter> prefixed(String prefix, ai.djl.nn.Block block) {
    Map<String, Parameter> out = new LinkedHashMap<>();
    StateDict.of(block).forEach((name, parameter) -> out.put(prefix + name, parameter));
    return out;
  }

  VisionEncoder encoder() {
    return encoder;
  }

  SegmentationDecoder decoder() {
    return decoder;
  }

  /** Owner of the weights; make sub-managers of it for batches. */
  public NDManager manager() {
    return manager;
  }

  @Override
  public void close() {
    manager.close();
  }
}
