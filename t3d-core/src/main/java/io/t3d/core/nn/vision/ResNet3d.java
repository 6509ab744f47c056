package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.GridEncoder;
import io.t3d.core.nn.internal.Chain;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.ViewShapes;
import io.t3d.core.nn.internal.conv.ResidualBlock3d;
import io.t3d.core.torch.MemoryFormats;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A 3D ResNet with the layout and the state-dict names of MONAI's {@code monai.networks.nets}:
 * {@code conv1.weight}, {@code bn1.running_mean}, {@code layer1.0.conv1.weight}, {@code
 * layer2.0.downsample.0.weight}, …; without the classifier {@code fc}.
 *
 * <p>Weights start as in MONAI: convolutions normal with variance 2 / fan-out, norms at scale 1 and
 * shift 0. Seed them by {@code Engine.setRandomSeed} before {@code initialize}.
 *
 * <p>Shortcuts have no bias ({@code bias_downsample=False} in MONAI). MONAI's own default has one;
 * as a norm follows, a checkpoint's {@code downsample.0.bias} can be subtracted from {@code
 * downsample.1.running_mean} without a change of the inference.
 *
 * <p>He, Zhang, Ren, Sun 2016, "Deep Residual Learning for Image Recognition"; Chen, Ma, Zheng
 * 2019, "Med3D: Transfer Learning for 3D Medical Image Analysis".
 */
public final class ResNet3d extends GridEncoder {
  private static final Shape THREE = new Shape(3, 3, 3);
  private static final Shape TWO = new Shape(2, 2, 2);
  private static final Pattern LAYER = Pattern.compile("layer(\\d+)\\.");
  private static final Shape ONE = new Shape(1, 1, 1);

  private final ResNet3dConfig config;
  private final Block conv1;
  private final BatchNorm bn1;
  private final List<Chain> layers = new ArrayList<>();

  /** Builds the network; weights come with {@code initialize}. */
  public ResNet3d(ResNet3dConfig config) {
    this.config = config;
    int stemChannels = config.widths().get(0);
    conv1 = addChildBlock("conv1", stem(config, stemChannels));
    bn1 = addChildBlock("bn1", ResidualBlock3d.norm());
    int channels = stemChannels;
    for (int stage = 0; stage < config.layers().size(); stage++) {
      Chain layer = stage(stage, channels);
      layers.add(addChildBlock("layer" + (stage + 1), layer));
      channels = config.widths().get(stage) * config.block().expansion();
    }
  }

  private static Block stem(ResNet3dConfig config, int channels) {
    int kernel = config.stemKernel();
    int stride = config.stemStride();
    return config
        .stemDepth()
        .map(
            z ->
                ResidualBlock3d.conv(
                    new Shape(z.kernel(), kernel, kernel),
                    new Shape(z.stride(), stride, stride),
                    channels))
        .orElseGet(() -> ResidualBlock3d.conv(kernel, stride, channels));
  }

  private Chain stage(int stage, int inChannels) {
    int width = config.widths().get(stage);
    List<Block> blocks = new ArrayList<>();
    blocks.add(new ResidualBlock3d(config.block(), inChannels, width, stage == 0 ? 1 : 2));
    while (blocks.size() < config.layers().get(stage)) {
      int channels = width * config.block().expansion();
      blocks.add(new ResidualBlock3d(config.block(), channels, width, 1));
    }
    return new Chain(blocks);
  }

  /** The network's settings. */
  public ResNet3dConfig config() {
    return config;
  }

  @Override
  public int channels() {
    return config.channels();
  }

  /** The stages. */
  @Override
  public int layers() {
    return config.layers().size();
  }

  @Override
  public int layerOf(String parameter) {
    Matcher stage = LAYER.matcher(parameter);
    return stage.lookingAt() ? Integer.parseInt(stage.group(1)) : 0;
  }

  /**
   * Encodes views; any size fits.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32
   * @param training whether batch statistics are used and updated
   * @return tokens {@code (B, N, C)} of the last stage: with the usual stem (stride 2, max pool)
   *     one per 32×32×32 voxels, sizes rounded up
   * @throws IllegalArgumentException when the shape is not that of views
   * @throws T3dException when training views leave one value per channel in the last stage
   */
  @Override
  public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
    check(views, training);
    // A handle: a stage frees its input, and the views are the caller's.
    NDArray map =
        stage(
            Scopes.handle(views, views.getManager()),
            v -> Steps.thenFree(stem(parameters, v, training), this::pool));
    for (Chain layer : layers) {
      map = stage(map, x -> layer.forward(parameters, x, training));
    }
    return VisualTokens.of(map);
  }

  /**
   * The feature maps of all resolutions, for decoders that need skip connections.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32
   * @param training whether batch statistics are used and updated
   * @return the stem's map before the max pool, then those of the four stages, finest first; {@code
   *     (B, C_i, D_i, H_i, W_i)} each; the caller closes them
   * @throws IllegalArgumentException as {@link #encode}
   */
  @Override
  public List<NDArray> featureMaps(ParameterStore parameters, NDArray views, boolean training) {
    check(views, training);
    List<NDArray> maps = new ArrayList<>();
    NDArray stem = stem(parameters, views, training);
    maps.add(stem);
    NDArray map = pool(stem);
    for (Chain layer : layers) {
      NDArray next = layer.forward(parameters, map, training);
      if (maps.size() == 1 && map != stem) {
        map.close();
      }
      map = next;
      maps.add(map);
    }
    return maps;
  }

  private void check(NDArray views, boolean training) {
    Shape tokens = getOutputShapes(new Shape[] {views.getShape()})[0]; // (B, N, C)
    if (training && tokens.get(0) * tokens.get(1) == 1) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "ResNet3d needs more than one value per channel for its batch statistics, but views "
              + Shapes.format(views.getShape())
              + " leave one voxel in the last stage; train with a larger batch or larger views");
    }
  }

  private NDArray stem(ParameterStore parameters, NDArray views, boolean training) {
    NDArray x = Steps.run(conv1, parameters, views, training);
    // The order of memory is chosen here: the later layers keep it.
    x = Steps.thenFree(x, MemoryFormats::forConvolutions);
    x = Steps.runAndFree(bn1, parameters, x, training);
    return Steps.thenFree(x, Activation::relu);
  }

  private NDArray pool(NDArray x) {
    return config.maxPool() ? Pool.maxPool3d(x, THREE, TWO, ONE, false) : x;
  }

  @Override
  protected Size3 grid(Shape views) {
    ViewShapes.check(views);
    Shape map = pooledShape(conv1.getOutputShapes(new Shape[] {views})[0]);
    for (Chain layer : layers) {
      map = layer.getOutputShapes(new Shape[] {map})[0];
    }
    return new Size3((int) map.get(2), (int) map.get(3), (int) map.get(4));
  }

  private Shape pooledShape(Shape s) {
    if (!config.maxPool()) {
      return s;
    }
    // Kernel 3, stride 2, padding 1: half, rounded up.
    return new Shape(
        s.get(0), s.get(1), (s.get(2) + 1) / 2, (s.get(3) + 1) / 2, (s.get(4) + 1) / 2);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    ViewShapes.check(inputs[0]);
    conv1.initialize(manager, dataType, inputs);
    Shape[] map = conv1.getOutputShapes(inputs);
    bn1.initialize(manager, dataType, map);
    map = new Shape[] {pooledShape(map[0])};
    for (Chain layer : layers) {
      layer.initialize(manager, dataType, map);
      map = layer.getOutputShapes(map);
    }
  }
}
