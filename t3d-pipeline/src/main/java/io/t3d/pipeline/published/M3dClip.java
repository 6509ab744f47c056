package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.prepare.Preprocessing.NonFinite;
import io.t3d.data.prepare.Recipe;
import io.t3d.data.transform.IntensityWindow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * M3D-CLIP: MONAI's ViT with a class token, and BERT. (Bai et al. 2024, arXiv 2404.00578; names and
 * preparation from github.com/BAAI-DCAI/M3D at commit 63e7200)
 */
final class M3dClip implements PublishedKind {
  private static final String VISION = "vision_encoder.";
  private static final String TEXT = "language_encoder.";
  private static final String KERNEL = VISION + "patch_embedding.patch_embeddings.1.weight";
  private static final String POSITIONS = VISION + "patch_embedding.position_embeddings";
  private static final String SCALE = "logit_scale";

  /** Width of a head; the file does not tell it. */
  private static final int HEAD = 64;

  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "vision_encoder\\.blocks\\.\\d+\\.(norm_cross_attn|cross_attn)\\..*"
              + "|language_encoder\\.pooler\\..*"
              + "|language_encoder\\.embeddings\\.(position_ids|token_type_ids)");

  private final int head;

  M3dClip() {
    this(HEAD);
  }

  /** With heads of another width. */
  M3dClip(int head) {
    this.head = head;
  }

  @Override
  public String name() {
    return "m3d-clip";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has("mm_vision_proj.weight") && file.has(KERNEL);
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    long[] kernel = file.shape(KERNEL, 2);
    int rows = file.size(POSITIONS, 3, 1);
    int mlp = file.size(VISION + "blocks.0.mlp.linear1.weight", 2, 0);
    int layers = file.count(Pattern.quote(VISION) + "blocks\\.(\\d+)\\.norm1\\.weight");
    int embedDim = file.size("mm_vision_proj.weight", 2, 0);
    double scale = file.number(SCALE);
    TextConfig text = BertTexts.config(file, TEXT, tokenizer, name());
    file.requireFound(name());
    int channels = (int) kernel[0];
    Size3 patch = flat(file, KERNEL, kernel[1], 4);
    Size3 grid = flat(file, POSITIONS, rows, 2);
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(patch)
            .hiddenSize(channels)
            .layers(Math.max(1, layers))
            .heads(Math.max(1, channels / head))
            .mlpSize(mlp)
            .position(Position.LEARNED)
            .gridSize(grid)
            .dropout(0)
            .qkvBias(file.has(VISION + "blocks.0.attn.qkv.bias"))
            .variant(Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS).build())
            .build();
    T3DConfig config =
        T3DConfig.builder()
            .vision(vision)
            .text(text.toBuilder().maxLength(Math.min(text.maxLength(), 128)).build())
            .embedDim(embedDim)
            .projection(Projection.LINEAR_BIAS)
            .temperature(scale > 0 ? 1 / scale : 0.07)
            .build();
    return new PublishedModel(
        config,
        tokenizer.orElseThrow(),
        new Names(),
        preprocessing(patch, grid),
        List.of(),
        note());
  }

  /**
   * {@code n/depth × n × n} from the product, as the file has no more: 4 × 16 × 16 voxels of a
   * patch, 8 × 16 × 16 of its places.
   */
  private static Size3 flat(PublishedTensors file, String tensor, long product, int depth)
      throws IOException {
    int side = (int) Math.round(Math.cbrt((double) depth * product));
    if ((long) side * side * side != depth * product || side % depth != 0) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file.source()
              + ": "
              + tensor
              + " should have n/"
              + depth
              + " × n × n rows or columns, got "
              + product);
    }
    return new Size3(side / depth, side, side);
  }

  /**
   * The published data are slices of a teaching site as grey pictures, whose minimum and maximum
   * became 0 and 1, whose black border was cut away, and which were resized to 32 × 256 × 256.
   * There is no step from HU: here the window −1000 … 1000 HU and the resizing.
   */
  static Preprocessing preprocessing(Size3 patch, Size3 grid) {
    return new Preprocessing(
            Optional.of("LPS"),
            Optional.empty(),
            Optional.of(IntensityWindow.between(-1000, 1000)),
            Optional.of(
                new Size3(
                    patch.depth() * grid.depth(),
                    patch.height() * grid.height(),
                    patch.width() * grid.width())),
            NonFinite.FAIL)
        .withRecipe(Recipe.defaults().withFit(Recipe.Fit.RESIZE));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "M3D-CLIP",
        "code MIT; for the weights see huggingface.co/GoodBaiBai88/M3D-CLIP; its data are Radiopaedia's, for"
            + " non-commercial use",
        "github.com/BAAI-DCAI/M3D; pytorch_model.bin of huggingface.co/GoodBaiBai88/M3D-CLIP;"
            + " tokenizer of bert-base-uncased",
        "Bai et al. 2024, M3D: Advancing 3D Medical Image Analysis with Multi-Modal Large Language"
            + " Models, arXiv 2404.00578",
        List.of(
            "It was trained on pictures that a teaching site had windowed, not on HU: the window of"
                + " −1000 to 1000 HU in data.json is ours, choose one that suits the organ.",
            "It cuts away the black border of a scan before resizing; here the whole scan is"
                + " resized.",
            "No prompts are published."));
  }

  /** From our names to the file's. */
  private static final class Names implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.startsWith("text.")) {
        return file.take(TEXT + parameter.substring("text.".length()));
      }
      if (parameter.startsWith("vision_projection.") || parameter.startsWith("text_projection.")) {
        return file.take(
            parameter
                .replace("vision_projection.", "mm_vision_proj.")
                .replace("text_projection.", "mm_language_proj."));
      }
      return switch (parameter) {
        // Its code multiplies by the number itself, not by its exponential.
        case "logit_scale.value" -> file.take(SCALE).log();
        case "vision.patch_embedding.patch_embeddings.weight" -> kernel(file.take(KERNEL));
        case "vision.patch_embedding.patch_embeddings.bias" ->
            file.take(KERNEL.replace("weight", "bias"));
        default -> file.take(VISION + parameter.substring("vision.".length()));
      };
    }

    /** Rows of (z, y, x) become kernels. */
    private static NDArray kernel(NDArray rows) {
      if (rows.getShape().dimension() != 2) {
        return rows;
      }
      int side = (int) Math.round(Math.cbrt(4.0 * rows.getShape().get(1)));
      return rows.reshape(new Shape(rows.getShape().get(0), 1, side / 4, side, side));
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}
