package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.GridEncoder;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.ViewShapes;
import io.t3d.core.torch.Casts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A transformer over crops of a view: {@code local}, a {@link Vit3d}, reads each crop; {@code
 * combiner} reads the crops' vectors, each a class token before the mean of the crop's patches, and
 * sees how the crops lie to each other. A token of the result stands for a crop.
 *
 * <p>Parameters: {@code local.…} as of {@link Vit3d}; {@code combiner.patch_proj.weight}, {@code
 * combiner.cls_token}, {@code combiner.blocks.0.…}, {@code combiner.norm.weight}; with a head
 * {@code head.linear1.weight} to {@code head.linear4.weight}. Where there is a head, the embedding
 * is what it makes of the class token before the mean of the tokens, and tokens pass it too.
 *
 * <p>Claessens et al. 2025, "Scaling Self-Supervised and Cross-Modal Pretraining for Volumetric CT
 * Transformers", arXiv 2511.17209.
 */
public final class CropVit3d extends GridEncoder {
  /** Crops that the local transformer reads at once: what they need in between is freed. */
  private static final int CROPS_AT_ONCE = 8;

  private static final Pattern BLOCK = Pattern.compile("(local|combiner)\\.blocks\\.(\\d+)\\.");

  private final CropVit3dConfig config;
  private final Vit3d local;
  private final Combiner combiner;
  private final @Nullable Head head;

  /** Builds the network; weights come with {@code initialize}. */
  @SuppressWarnings("this-escape")
  public CropVit3d(CropVit3dConfig config) {
    this.config = config;
    local = addChildBlock("local", new Vit3d(config.local()));
    combiner = addChildBlock("combiner", new Combiner(config));
    head = config.head().map(sizes -> addChildBlock("head", new Head(sizes))).orElse(null);
  }

  /** The network's settings. */
  public CropVit3dConfig config() {
    return config;
  }

  @Override
  public int channels() {
    return config.channels();
  }

  /** One crop. */
  @Override
  public Size3 exampleSize() {
    return config.crop();
  }

  /** Those of both transformers. */
  @Override
  public int layers() {
    return config.local().layers() + config.combiner().layers();
  }

  @Override
  public int layerOf(String parameter) {
    int localLayers = config.local().layers();
    if (parameter.startsWith("local.")) {
      return Math.min(local.layerOf(parameter.substring("local.".length())), localLayers);
    }
    Matcher block = BLOCK.matcher(parameter);
    if (block.lookingAt()) {
      return localLayers + 1 + Integer.parseInt(block.group(2));
    }
    boolean last = parameter.startsWith("combiner.norm.") || parameter.startsWith("head.");
    return last ? layers() + 1 : localLayers;
  }

  /**
   * Encodes views.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32; a multiple of the crop
   * @param training whether dropout is on
   * @return tokens {@code (B, N, C)}, one per crop
   * @throws T3dException when the crop does not divide the view
   */
  @Override
  public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
    Size3 grid = grid(views.getShape());
    NDArray crops = cut(views, grid); // (B·N, 1, d, h, w)
    NDArray vectors = Steps.thenFree(crops, c -> vectors(parameters, c, training)); // (B·N, 2·C)
    long b = views.getShape().get(0);
    NDArray rows = Steps.thenFree(vectors, v -> v.reshape(b, -1, v.getShape().get(1)));
    VisualTokens seen = combiner.forward(parameters, rows, grid, training);
    return head == null ? seen : head.through(parameters, seen, training);
  }

  @Override
  protected Size3 grid(Shape views) {
    ViewShapes.check(views);
    Size3 c = config.crop();
    if (views.get(2) % c.depth() != 0
        || views.get(3) % c.height() != 0
        || views.get(4) % c.width() != 0) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The view's (D, H, W) must be a multiple of the crop ("
              + c.depth()
              + ", "
              + c.height()
              + ", "
              + c.width()
              + "), got "
              + Shapes.format(views.slice(2))
              + "; cut or pad the volume to one");
    }
    return new Size3(
        (int) views.get(2) / c.depth(),
        (int) views.get(3) / c.height(),
        (int) views.get(4) / c.width());
  }

  /** Crops in (z, y, x) order, those of a view one after the other. */
  private NDArray cut(NDArray views, Size3 g) {
    long b = views.getShape().get(0);
    Size3 c = config.crop();
    return Scopes.within(
        views,
        x ->
            x.reshape(b, g.depth(), c.depth(), g.height(), c.height(), g.width(), c.width())
                .transpose(0, 1, 3, 5, 2, 4, 6)
                .reshape(-1, 1, c.depth(), c.height(), c.width()));
  }

  private NDArray vectors(ParameterStore parameters, NDArray crops, boolean training) {
    long count = crops.getShape().get(0);
    NDList parts = new NDList();
    for (long from = 0; from < count; from += CROPS_AT_ONCE) {
      try (NDArray some = crops.get(from + ":" + Math.min(count, from + CROPS_AT_ONCE));
          NDArray tokens = local.encode(parameters, some, training).tokens()) {
        parts.add(tokens.mean(new int[] {1})); // (n, 2·C): every token bears the class token
      }
    }
    if (parts.size() == 1) {
      return parts.get(0);
    }
    try (parts) {
      return NDArrays.concat(parts, 0);
    }
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Size3 c = config.crop();
    local.initialize(manager, dataType, new Shape(1, 1, c.depth(), c.height(), c.width()));
    combiner.initialize(manager, dataType, new Shape(1, 1, config.local().channels()));
    if (head != null) {
      head.initialize(manager, dataType, new Shape(1, 1, config.combiner().channels()));
    }
  }

  /** The transformer over the crops' vectors. */
  private static final class Combiner extends TypedBlock {
    private final CropVit3dConfig config;
    private final Linear projection;
    private final VitTrunk trunk;

    @SuppressWarnings("this-escape")
    Combiner(CropVit3dConfig config) {
      this.config = config;
      projection =
          addChildBlock("patch_proj", NamedBlocks.linear(config.combiner().hiddenSize(), true));
      trunk = new VitTrunk(config.combiner(), this::addChildBlock, this::addParameter);
    }

    /** {@code vectors (B, N, 2·C)}, which are freed. */
    VisualTokens forward(ParameterStore parameters, NDArray vectors, Size3 grid, boolean training) {
      NDArray x = Steps.runAndFree(projection, parameters, vectors, training); // (B, N, C)
      return trunk.run(parameters, Steps.thenFree(x, Casts::toFloat32), grid, training);
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray rows = Scopes.handle(inputs.singletonOrThrow(), inputs.head().getManager());
      Size3 line = new Size3(1, 1, (int) rows.getShape().get(1));
      return forward(parameters, rows, line, training).tokens();
    }

    @Override
    protected Shape outputShape(Shape... inputs) {
      return new Shape(inputs[0].get(0), inputs[0].get(1), config.channels());
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      projection.initialize(manager, dataType, inputs);
      trunk.initialize(manager, dataType, new Shape(1, 1, config.combiner().hiddenSize()));
    }
  }

  /** The maps behind the combiner. */
  private static final class Head extends TypedBlock {
    private final CropVit3dConfig.Head sizes;
    private final List<Linear> maps = new ArrayList<>();

    @SuppressWarnings("this-escape")
    Head(CropVit3dConfig.Head sizes) {
      this.sizes = sizes;
      for (int width : List.of(sizes.hiddenSize(), sizes.hiddenSize(), sizes.bottleneck())) {
        String name = "linear" + (maps.size() + 1);
        maps.add(addChildBlock(name, NamedBlocks.linear(width, true)));
      }
      maps.add(addChildBlock("linear4", NamedBlocks.linear(sizes.size(), false)));
    }

    /** Tokens, which are freed, and their mean. */
    VisualTokens through(ParameterStore parameters, VisualTokens seen, boolean training) {
      try (NDArray tokens = seen.tokens();
          NDArray mean = tokens.mean(new int[] {1})) { // (B, 2·C)
        return new VisualTokens(
            run(parameters, tokens, training),
            seen.depth(),
            seen.height(),
            seen.width(),
            Optional.of(run(parameters, mean, training)));
      }
    }

    private NDArray run(ParameterStore parameters, NDArray x, boolean training) {
      NDArray y = Steps.thenFree(Steps.run(maps.get(0), parameters, x, training), Activation::gelu);
      y = Steps.thenFree(Steps.runAndFree(maps.get(1), parameters, y, training), Activation::gelu);
      y = Steps.runAndFree(maps.get(2), parameters, y, training);
      return Steps.runAndFree(maps.get(3), parameters, y, training);
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      return run(parameters, inputs.singletonOrThrow(), training);
    }

    @Override
    protected Shape outputShape(Shape... inputs) {
      return inputs[0].slice(0, inputs[0].dimension() - 1).add(sizes.size());
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      Shape[] x = inputs;
      for (Linear map : maps) {
        map.initialize(manager, dataType, x);
        x = map.getOutputShapes(x);
      }
    }
  }
}
