package io.t3d.core.task.classify;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.task.internal.Logistic;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A vision encoder with a linear head over its mean token, or over what it pools itself (a class
 * token, attention), one logit per label. {@link FineTuner} makes one; {@link #load} reads one
 * back.
 */
public final class FineTunedClassifier implements AutoCloseable {
  private static final String ENCODER = "encoder";
  private static final String HEAD = "head.safetensors";
  private static final int VOLUMES_AT_ONCE = 4;

  private final T3DModel model;
  private final boolean ownsModel;
  private final List<String> labels;
  private final NDManager manager;
  private final Linear head;

  /** A head with weights of 0, so that training starts at the encoder's own features. */
  FineTunedClassifier(T3DModel model, boolean ownsModel, List<String> labels) {
    this.model = model;
    this.ownsModel = ownsModel;
    this.labels = List.copyOf(labels);
    this.manager = model.manager().newSubManager();
    this.head = Linear.builder().setUnits(labels.size()).build();
    head.setInitializer((m, shape, type) -> m.zeros(shape, type), parameter -> true);
    head.initialize(manager, DataType.FLOAT32, new Shape(1, model.vision().channels()));
  }

  /** The encoder's and the head's parameters and running statistics by dotted name. */
  Map<String, Parameter> parameters() {
    Map<String, Parameter> all = new LinkedHashMap<>();
    StateDict.of(model.vision()).forEach((name, p) -> all.put(FineTuner.VISION + name, p));
    StateDict.of(head).forEach((name, p) -> all.put("head." + name, p));
    return all;
  }

  /**
   * Runs encoder and head.
   *
   * @param scope frees the intermediates
   * @param volumes {@code (B, 1, D, H, W)}
   * @return {@code (B, L)}, float32, owned by the scope
   */
  NDArray forward(NDManager scope, NDArray volumes, boolean training) {
    ParameterStore parameters = new ParameterStore(scope, false);
    NDArray input = Scopes.handle(volumes, scope);
    VisualTokens h = model.encodeVision(parameters, input, training); // (B, N, C)
    NDArray feature = // (B, C): what becomes the embedding, as in pre-training
        h.pooled()
            .map(Casts::toFloat32)
            .orElseGet(() -> Casts.toFloat32(h.tokens()).mean(new int[] {1}));
    NDArray logits = head.forward(parameters, new NDList(feature), training).singletonOrThrow();
    return Casts.toFloat32(logits); // (B, L)
  }

  /** The labels, in the order of the columns. */
  public List<String> labels() {
    return labels;
  }

  /** The model whose encoder this uses. */
  public T3DModel model() {
    return model;
  }

  /**
   * The logit of each label, higher when more likely.
   *
   * @param volumes {@code (B, 1, D, H, W)}, float32, on the model's device
   * @return {@code [B][L]}
   * @throws IllegalArgumentException when shape or dtype differ
   */
  public double[][] scores(NDArray volumes) {
    Shapes.checkVolumes("volumes", volumes);
    double[][] out = new double[(int) volumes.getShape().get(0)][];
    for (int from = 0; from < out.length; from += VOLUMES_AT_ONCE) {
      int to = Math.min(out.length, from + VOLUMES_AT_ONCE);
      try (NoGrad constant = new NoGrad();
          NDManager scope = volumes.getManager().newSubManager()) {
        NDArray some = Scopes.handle(volumes, scope).get(from + ":" + to);
        float[] flat = forward(scope, some, false).toFloatArray();
        for (int i = from; i < to; i++) {
          int at = (i - from) * labels.size();
          out[i] = IntStream.range(0, labels.size()).mapToDouble(j -> flat[at + j]).toArray();
        }
      }
    }
    return out;
  }

  /**
   * The logit of each label of all volumes of a source, a few at a time.
   *
   * @return {@code [N][L]}
   * @throws IOException when a volume cannot be read
   */
  public double[][] scores(VolumeBatches volumes) throws IOException {
    double[][] out = new double[volumes.size()][];
    for (int from = 0; from < out.length; from += VOLUMES_AT_ONCE) {
      int[] rows = IntStream.range(from, Math.min(out.length, from + VOLUMES_AT_ONCE)).toArray();
      try (NDManager scope = manager.newSubManager()) {
        double[][] some = scores(volumes.load(scope, rows));
        System.arraycopy(some, 0, out, from, some.length);
      }
    }
    return out;
  }

  /** The probability of each label, {@code [B][L]} in [0, 1]; see {@link #scores(NDArray)}. */
  public double[][] probabilities(NDArray volumes) {
    return sigmoid(scores(volumes));
  }

  /** The probability of each label, {@code [N][L]}; see {@link #scores(VolumeBatches)}. */
  public double[][] probabilities(VolumeBatches volumes) throws IOException {
    return sigmoid(scores(volumes));
  }

  private static double[][] sigmoid(double[][] logits) {
    return Arrays.stream(logits)
        .map(row -> Arrays.stream(row).map(Logistic::of).toArray())
        .toArray(double[][]::new);
  }

  /**
   * Writes the folder {@code encoder}, a checkpoint of the whole model, and {@code
   * head.safetensors} with {@code weight (L, C)}, {@code bias (L)} and the labels as JSON in its
   * metadata.
   */
  public void save(Path dir) throws IOException {
    AtomicFiles.makeFolder(dir);
    model.save(dir.resolve(ENCODER));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    StateDict.of(head).forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Safetensors.write(dir.resolve(HEAD), tensors, Map.of("labels", Configs.toJson(labels)));
  }

  /**
   * Reads what {@link #save} wrote; closing the classifier closes its model too.
   *
   * @throws IOException when a file is missing, broken or does not fit the others
   */
  public static FineTunedClassifier load(Path dir, Device device) throws IOException {
    T3DModel model = T3DModel.load(dir.resolve(ENCODER), device);
    try (NDManager scope = model.manager().newSubManager()) {
      Path file = dir.resolve(HEAD);
      Safetensors.Contents contents = Safetensors.read(scope, file);
      FineTunedClassifier loaded =
          new FineTunedClassifier(model, true, HeadFile.labels(file, contents));
      Weights.load(loaded.head, contents.tensors(), file.toString());
      return loaded;
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Frees the head, and the model when this was loaded. */
  @Override
  public void close() {
    manager.close();
    if (ownsModel) {
      model.close();
    }
  }
}
