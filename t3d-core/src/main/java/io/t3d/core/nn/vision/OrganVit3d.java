package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.T3dException;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.GridEncoder;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;
import io.t3d.core.torch.Casts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Embeds organs: a {@link Vit3d} reads a window about an organ, and a learned query of the organ
 * gathers, by one attention, the tokens of the patches that hold some of it, of several layers; a
 * linear map of the organ follows. There is no embedding of a whole volume: {@link #encode}
 * refuses.
 *
 * <p>Parameters: {@code vit.…} as of {@link Vit3d}; {@code query_tokens} {@code (O, C)}; {@code
 * attention.query.weight}, {@code attention.key.weight}, {@code attention.value.weight}, {@code
 * attention.out_proj.weight}; {@code projections.0.weight} {@code (E, C)}, …, one per organ.
 *
 * <p>Shui et al. 2025, "Large-scale and Fine-grained Vision-language Pre-training for Enhanced CT
 * Image Understanding" (fVLM), ICLR 2025.
 */
public final class OrganVit3d extends GridEncoder {
  private final OrganVit3dConfig config;
  private final Vit3d vit;
  private final Parameter queries;
  private final Gathering attention;
  private final List<Linear> projections = new ArrayList<>();

  /** Builds the network; weights come with {@code initialize}. */
  @SuppressWarnings("this-escape")
  public OrganVit3d(OrganVit3dConfig config) {
    this.config = config;
    vit = addChildBlock("vit", new Vit3d(config.vit()));
    int channels = config.vit().hiddenSize();
    attention = addChildBlock("attention", new Gathering(channels, config.heads()));
    NamedBlocks byOrgan = addChildBlock("projections", new NamedBlocks());
    for (int i = 0; i < config.organs().size(); i++) {
      projections.add(byOrgan.add(Integer.toString(i), VitBlock.linear(config.embedDim(), true)));
    }
    queries =
        addParameter(
            Parameter.builder()
                .setName("query_tokens")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(config.organs().size(), channels))
                .optInitializer(new NormalInitializer(Vit3d.INIT_STD))
                .build());
  }

  /** The network's settings. */
  public OrganVit3dConfig config() {
    return config;
  }

  @Override
  public int channels() {
    return config.channels();
  }

  /** One patch. */
  @Override
  public Size3 exampleSize() {
    return vit.exampleSize();
  }

  @Override
  public int layers() {
    return vit.layers();
  }

  @Override
  public int layerOf(String parameter) {
    return parameter.startsWith("vit.")
        ? vit.layerOf(parameter.substring("vit.".length()))
        : layers() + 1;
  }

  /**
   * Always fails: a whole volume has no embedding.
   *
   * @throws T3dException says what takes its place
   */
  @Override
  public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
    throw refusal();
  }

  /**
   * Always fails, as {@link #encode}.
   *
   * @throws T3dException says what takes its place
   */
  @Override
  public List<NDArray> featureMaps(ParameterStore parameters, NDArray views, boolean training) {
    throw refusal();
  }

  private T3dException refusal() {
    return new T3dException(
        T3dException.Kind.USAGE,
        "This model embeds organs, not whole volumes: expected a volume and a label map of its "
            + String.join(", ", config.organs().stream().map(OrganVit3dConfig.Organ::name).toList())
            + ", got a volume alone; use OrganEmbedder of io.t3d.pipeline.organ or ./t3d embed"
            + " --organs, see docs/published-models.md");
  }

  /**
   * Embeds an organ.
   *
   * @param parameters where the weights come from
   * @param window {@code (1, 1, D, H, W)}, float32, about the organ; the patch divides (D, H, W)
   * @param organ its place in {@link OrganVit3dConfig#organs()}
   * @param patches which patches hold some of it, at least one, in (z, y, x) order
   * @param training whether dropout is on
   * @return {@code (1, E)}, L2-normalised; owned by the manager of the window
   * @throws IllegalArgumentException when there is no such organ or no patch, or a patch is not of
   *     the window
   */
  public NDArray embedOrgan(
      ParameterStore parameters, NDArray window, int organ, int[] patches, boolean training) {
    Size3 grid = grid(window.getShape());
    int last = grid.depth() * grid.height() * grid.width() - 1;
    if (organ < 0 || organ >= config.organs().size() || patches.length == 0) {
      throw new IllegalArgumentException(
          "An organ needs a place below "
              + config.organs().size()
              + " and a patch at least, got "
              + organ
              + " and "
              + patches.length
              + " patches");
    }
    for (int patch : patches) {
      if (patch < 0 || patch > last) {
        throw new IllegalArgumentException(
            "Patches must be of the window's 0 to " + last + ", got " + patch);
      }
    }
    return Scopes.within(
        window,
        x -> {
          NDManager scope = x.getManager();
          List<NDArray> maps = vit.featureMaps(parameters, x, training);
          NDArray rows = scope.create(Arrays.stream(patches).asLongStream().toArray());
          NDList seen = new NDList();
          for (int level : config.levels()) {
            NDArray map = maps.get(level); // (1, C, d, h, w)
            NDArray tokens = map.reshape(map.getShape().get(1), -1).transpose(); // (N, C)
            seen.add(Casts.toFloat32(tokens).get(new NDIndex("{}", rows))); // (n, C)
          }
          NDArray organTokens = NDArrays.concat(seen, 0).expandDims(0); // (1, L·n, C)
          NDArray all = Scopes.handle(parameters.getValue(queries, x.getDevice(), training), scope);
          NDArray query = all.get(organ + ":" + (organ + 1)).expandDims(0); // (1, 1, C)
          NDArray gathered =
              attention.forward(parameters, query, organTokens, training).squeeze(1); // (1, C)
          NDArray projected = Steps.run(projections.get(organ), parameters, gathered, training);
          return Casts.toFloat32(projected).normalize(2, 1); // (1, E)
        });
  }

  @Override
  protected Size3 grid(Shape views) {
    return vit.grid(views);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    vit.initialize(manager, dataType, inputs);
    Shape tokens = new Shape(1, 1, config.vit().hiddenSize());
    attention.initialize(manager, dataType, tokens);
    for (Linear projection : projections) {
      projection.initialize(manager, dataType, new Shape(1, config.vit().hiddenSize()));
    }
  }

  /** A multi-head attention of a query over tokens: PyTorch's {@code MultiheadAttention}. */
  private static final class Gathering extends TypedBlock {
    private final int heads;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear outProj;

    @SuppressWarnings("this-escape")
    Gathering(int channels, int heads) {
      this.heads = heads;
      query = addChildBlock("query", VitBlock.linear(channels, true));
      key = addChildBlock("key", VitBlock.linear(channels, true));
      value = addChildBlock("value", VitBlock.linear(channels, true));
      outProj = addChildBlock("out_proj", VitBlock.linear(channels, true));
    }

    /** {@code asked (1, 1, C)} over {@code tokens (1, n, C)} to {@code (1, 1, C)}. */
    NDArray forward(ParameterStore parameters, NDArray asked, NDArray tokens, boolean training) {
      NDArray gathered =
          Attention.multiHead(
              Steps.run(query, parameters, asked, training),
              Steps.run(key, parameters, tokens, training),
              Steps.run(value, parameters, tokens, training),
              heads,
              0);
      return Steps.run(outProj, parameters, gathered, training);
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray tokens = inputs.singletonOrThrow();
      return forward(parameters, tokens.get(":, :1"), tokens, training);
    }

    @Override
    protected Shape outputShape(Shape... inputs) {
      return new Shape(inputs[0].get(0), 1, inputs[0].get(2));
    }
  }
}
