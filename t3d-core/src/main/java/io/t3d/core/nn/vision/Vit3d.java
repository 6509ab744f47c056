package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.GridEncoder;
import io.t3d.core.nn.internal.Steps;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A 3D vision transformer: patches of voxels as tokens, pre-norm blocks, a final norm; no class
 * token (pool the tokens by their mean), unless a {@link io.t3d.core.config.Vit3dVariant} asks for
 * one.
 *
 * <p>State-dict names are those of MONAI's {@code ViT} with {@code proj_type="conv"} and without
 * classification: {@code patch_embedding.patch_embeddings.weight} {@code (C, 1, pd, ph, pw)},
 * {@code patch_embedding.position_embeddings} (LEARNED only), {@code blocks.0.norm1.weight}, {@code
 * blocks.0.attn.qkv.weight} (its bias only with {@code qkvBias}), {@code
 * blocks.0.attn.out_proj.weight}, {@code blocks.0.mlp.linear1.weight}, …, {@code norm.weight}.
 *
 * <p>With a variant also {@code cls_token}, {@code register_tokens}, {@code blocks.0.ls1.weight},
 * {@code blocks.0.attn.norm.weight}, {@code blocks.0.mlp.linear3.weight}, {@code
 * blocks.0.mlp.norm.weight}, {@code output.weight}, {@code pool.query.weight}, ….
 *
 * <p>Weights start normal with standard deviation 0.02, biases at 0. Seed them by {@code
 * Engine.setRandomSeed} before {@code initialize}.
 *
 * <p>Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words". Differs from the paper: three axes,
 * no class token unless asked for; no bias in query, key and value unless {@code
 * Vit3dConfig.qkvBias} asks for it.
 */
public final class Vit3d extends GridEncoder {
  /** Standard deviation of all weights at the start, as in BERT and ViT. */
  static final float INIT_STD = 0.02f;

  private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\.");

  private final Vit3dConfig config;
  private final TokenEmbedding3d patchEmbedding;
  private final VitTrunk trunk;

  /** Builds the network; weights come with {@code initialize}. */
  @SuppressWarnings("this-escape")
  public Vit3d(Vit3dConfig config) {
    this.config = config;
    patchEmbedding = addChildBlock("patch_embedding", new TokenEmbedding3d(config));
    trunk = new VitTrunk(config, this::addChildBlock, this::addParameter);
  }

  /** The network's settings. */
  public Vit3dConfig config() {
    return config;
  }

  @Override
  public int channels() {
    return config.channels();
  }

  /** One patch. */
  @Override
  public Size3 exampleSize() {
    return config.patch();
  }

  @Override
  public int layers() {
    return config.layers();
  }

  @Override
  public int layerOf(String parameter) {
    if (parameter.startsWith("patch_embedding.")
        || parameter.endsWith("_token")
        || parameter.endsWith("_tokens")) {
      return 0;
    }
    Matcher block = BLOCK.matcher(parameter);
    return block.lookingAt() ? 1 + Integer.parseInt(block.group(1)) : layers() + 1;
  }

  /**
   * Encodes views.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32; the patch divides (D, H, W)
   * @param training whether dropout is on
   * @return tokens {@code (B, N, C)}, one per patch; pooled where {@code Vit3dVariant.pooling} is
   *     not the mean
   * @throws IllegalArgumentException when the patch does not divide the view, or the view has more
   *     tokens along an axis than a LEARNED position table
   */
  @Override
  public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
    Size3 grid = grid(views.getShape());
    NDArray x = patchEmbedding.forward(parameters, views, training);
    return trunk.run(parameters, x, grid, training);
  }

  /**
   * The tokens after every layer as maps, for decoders.
   *
   * @return one {@code (B, C, d, h, w)} per layer; the last one has passed the final norm
   * @throws IllegalArgumentException as {@link #encode}
   */
  @Override
  public List<NDArray> featureMaps(ParameterStore parameters, NDArray views, boolean training) {
    Size3 grid = grid(views.getShape());
    NDArray x = patchEmbedding.forward(parameters, views, training);
    return trunk.everyLayer(parameters, x, grid, training, tokens -> map(tokens, grid));
  }

  /** The same memory as a map, with the channels last. */
  private static NDArray map(NDArray tokens, Size3 g) {
    NDArray cube = tokens.reshape(tokens.getShape().get(0), g.depth(), g.height(), g.width(), -1);
    return Steps.thenFree(cube, c -> c.transpose(0, 4, 1, 2, 3)); // (B, C, d, h, w)
  }

  @Override
  protected Size3 grid(Shape views) {
    return patchEmbedding.grid(views);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    patchEmbedding.initialize(manager, dataType, inputs);
    Shape[] tokens = patchEmbedding.getOutputShapes(inputs);
    trunk.initialize(manager, dataType, tokens[0]);
  }
}
