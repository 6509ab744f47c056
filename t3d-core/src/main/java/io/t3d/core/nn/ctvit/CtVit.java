package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.T3dException;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.GridEncoder;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.ViewShapes;
import io.t3d.core.torch.MemoryFormats;
import io.t3d.core.torch.internal.Patches;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * CT-CLIP's visual encoder, the CT-ViT: patches of voxels, attention within each slab of patches
 * with a bias by distance, attention along z at each place, and a codebook whose vectors replace
 * the tokens. Before each attention a convolution tells tokens where they are.
 *
 * <p>Hamamci et al. 2024, "Developing Generalist Foundation Models from a Multimodal Dataset for 3D
 * Computed Tomography", arXiv 2403.17834; {@code transformer_maskgit/ctvit.py} of
 * github.com/ibrahimethemhamamci/CT-CLIP at commit a2a155c. As in that code:
 *
 * <ul>
 *   <li>the convolution before attention along z reads the memory of tokens that are ordered (y, x,
 *       z) as if they were ordered (z, y, x); its weights were learned so
 *   <li>a slab's height and width are those that the model was trained with; the depth is free
 * </ul>
 *
 * <p>Every parameter learns but the codebook, which stays as it is; see the class for the gradient
 * through it. There is no dropout.
 */
public final class CtVit extends GridEncoder {
  /** Standard deviation of weights at the start. */
  static final float INIT_STD = 0.02f;

  private static final Pattern LAYER = Pattern.compile("(spatial|temporal)\\.layers\\.(\\d+)\\.");

  private final CtVitConfig config;
  private final LayerNorm voxelNorm;
  private final Linear embedding;
  private final LayerNorm tokenNorm;
  private final PositionBias bias;
  private final CtVitTransformer spatial;
  private final CtVitTransformer temporal;
  private final Codebook codebook;

  /** Builds the network; weights come with {@code initialize}. */
  @SuppressWarnings("this-escape")
  public CtVit(CtVitConfig config) {
    this.config = config;
    NamedBlocks patches = addChildBlock("patch_embedding", new NamedBlocks());
    voxelNorm = patches.add("norm1", NamedBlocks.layerNorm(1e-5));
    embedding = patches.add("linear", NamedBlocks.linear(config.hiddenSize(), true));
    tokenNorm = patches.add("norm2", NamedBlocks.layerNorm(1e-5));
    bias = addChildBlock("position_bias", new PositionBias(config));
    spatial = addChildBlock("spatial", new CtVitTransformer(config, config.spatialLayers()));
    temporal = addChildBlock("temporal", new CtVitTransformer(config, config.temporalLayers()));
    codebook = addChildBlock("codebook", new Codebook(config));
    setInitializer(new NormalInitializer(INIT_STD), Parameter.Type.WEIGHT);
  }

  /** The network's settings. */
  public CtVitConfig config() {
    return config;
  }

  @Override
  public int channels() {
    return config.hiddenSize();
  }

  /** One slab. */
  @Override
  public Size3 exampleSize() {
    Size3 p = config.patch();
    return new Size3(p.depth(), p.height() * config.gridHeight(), p.width() * config.gridWidth());
  }

  @Override
  public int layers() {
    return config.spatialLayers() + config.temporalLayers();
  }

  @Override
  public int layerOf(String parameter) {
    Matcher layer = LAYER.matcher(parameter);
    if (layer.lookingAt()) {
      int below = layer.group(1).equals("temporal") ? config.spatialLayers() : 0;
      return 1 + below + Integer.parseInt(layer.group(2));
    }
    boolean start = parameter.startsWith("patch_embedding.") || parameter.startsWith("position_");
    return start ? 0 : layers() + 1;
  }

  /**
   * Encodes views.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32; (H, W) is the slab's grid times the patch, and
   *     the patch's depth divides D
   * @param training whether the gradient is to pass the codebook
   * @return vectors of the codebook, {@code (B, N, C)}
   * @throws IllegalArgumentException when the shape is not that of views
   * @throws T3dException when views have another size
   */
  @Override
  public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
    Size3 grid = grid(views.getShape());
    long b = views.getShape().get(0);
    int c = config.hiddenSize();
    int d = grid.depth();
    int places = config.places();
    Shape asGrid = new Shape(b, d, grid.height(), grid.width(), c);
    NDArray x = patches(parameters, views, training); // (B, N, C)
    x = Steps.thenFree(x, y -> y.reshape(b * d, places, c));
    Function<NDManager, NDArray> byDistance = owner -> bias.bias(parameters, owner, training);
    x = spatial.forwardAndFree(parameters, x, asGrid, Optional.of(byDistance), training);
    x = Steps.thenFree(x, y -> reordered(y, b, d, places).reshape(b * places, d, c));
    x = temporal.forwardAndFree(parameters, x, asGrid, Optional.empty(), training);
    x = Steps.thenFree(x, y -> reordered(y, b, places, d).reshape(b, (long) d * places, c));
    x = Steps.thenFree(x, y -> codebook.quantize(parameters, y, training)); // (B, N, C)
    return new VisualTokens(x, d, grid.height(), grid.width());
  }

  private NDArray patches(ParameterStore parameters, NDArray views, boolean training) {
    NDArray x = Patches.rows(views, config.patch(), false); // (B, N, pd·ph·pw)
    x = Steps.runAndFree(voxelNorm, parameters, x, training);
    x = Steps.runAndFree(embedding, parameters, x, training);
    return Steps.runAndFree(tokenNorm, parameters, x, training); // (B, N, C)
  }

  /** {@code (B, outer, inner, C)} to {@code (B, inner, outer, C)}, in memory too. */
  private NDArray reordered(NDArray x, long b, long outer, long inner) {
    NDArray parts = x.reshape(b, outer, inner, config.hiddenSize());
    NDArray moved = Steps.thenFree(parts, y -> y.transpose(0, 2, 1, 3));
    return Steps.thenFree(moved, MemoryFormats::contiguous);
  }

  @Override
  protected Size3 grid(Shape views) {
    ViewShapes.check(views);
    Size3 p = config.patch();
    boolean fits =
        views.get(2) % p.depth() == 0
            && views.get(3) == (long) p.height() * config.gridHeight()
            && views.get(4) == (long) p.width() * config.gridWidth();
    if (!fits) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "views of a CtVit must be (B, 1, n·"
              + p.depth()
              + ", "
              + p.height() * config.gridHeight()
              + ", "
              + p.width() * config.gridWidth()
              + "), got "
              + Shapes.format(views)
              + "; prepare volumes as the model's data.json says");
    }
    return new Size3((int) views.get(2) / p.depth(), config.gridHeight(), config.gridWidth());
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Size3 p = config.patch();
    voxelNorm.initialize(
        manager, dataType, new Shape(1, 1, (long) p.depth() * p.height() * p.width()));
    embedding.initialize(
        manager, dataType, new Shape(1, 1, (long) p.depth() * p.height() * p.width()));
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    tokenNorm.initialize(manager, dataType, tokens);
    bias.initialize(manager, dataType, tokens);
    spatial.initialize(manager, dataType, tokens);
    temporal.initialize(manager, dataType, tokens);
    codebook.initialize(manager, dataType, tokens);
  }
}
