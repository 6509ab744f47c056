package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextConfig.Wording;
import io.t3d.core.volume.Spacing;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.prepare.Preprocessing.NonFinite;
import io.t3d.data.prepare.Recipe;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.ResampleGrid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Merlin: a ResNet-152 inflated to 3D, and Clinical-Longformer. (Blankemeier et al. 2024, arXiv
 * 2406.06512; names and preparation from github.com/StanfordMIMI/Merlin at commit 2489a96)
 *
 * <p>Its convolutions run over (z, x, y): kernels are turned here to (z, y, x).
 */
final class Merlin implements PublishedKind {
  private static final String VISION = "encode_image.i3_resnet.";
  private static final String TEXT = "encode_text.text_encoder.";
  private static final String HEAD = VISION + "contrastive_head.weight";

  /** Tokens that a token sees; of Clinical-Longformer's settings, the file does not tell it. */
  private static final int WINDOW = 512;

  private static final int HEAD_WIDTH = 64;
  private static final int LONGEST = 1024;
  private static final double EPSILON = 1e-5;
  private static final int PADDING = 1; // id of the padding token, after which positions begin

  private static final Pattern LEFT_OUT =
      Pattern.compile(
          ".*\\.num_batches_tracked"
              + "|encode_image\\.i3_resnet\\.classifier\\..*"
              + "|encode_text\\.text_encoder\\.pooler\\..*"
              + "|encode_text\\.text_encoder\\.encoder\\.layer\\.\\d+\\.attention\\.self"
              + "\\.(query|key|value)_global\\..*"
              + "|encode_text\\.text_encoder\\.embeddings\\.(position_ids|token_type_ids)");

  private final int window;
  private final int head;

  Merlin() {
    this(WINDOW, HEAD_WIDTH);
  }

  /** With another window of attention and heads of another width. */
  Merlin(int window, int head) {
    this.window = window;
    this.head = head;
  }

  @Override
  public String name() {
    return "merlin";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(HEAD) && file.has(TEXT + "embeddings.word_embeddings.weight");
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    ResNet3dConfig vision = vision(file);
    int embedDim = file.size(HEAD, 5, 0);
    // The folder's own config.json is Longformer's, whose sizes the file has too.
    Path folder = BertTexts.required(tokenizer, name());
    TextConfig bert = BertTexts.sized(file, TEXT, folder, TextConfig.bertBase(), head);
    file.requireFound(name());
    TextConfig text =
        bert.toBuilder()
            .layerNormEps(EPSILON)
            .positionOffset(PADDING + 1)
            .maxLength(Math.min(LONGEST, bert.positions() - PADDING - 1))
            .attentionWindow(window)
            .wording(Wording.LOWER_WORD_PUNCT)
            .build();
    T3DConfig config =
        T3DConfig.builder()
            .vision(vision)
            .text(text)
            .embedDim(embedDim)
            .projection(Projection.LINEAR_BIAS)
            .build();
    return new PublishedModel(config, folder, new Names(), preprocessing(), List.of(), note());
  }

  private static ResNet3dConfig vision(PublishedTensors file) throws IOException {
    long[] stem = file.shape(VISION + "conv1.weight", 5);
    List<Integer> layers = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      String layer = VISION + "layer" + stage;
      layers.add(Math.max(1, file.count(Pattern.quote(layer) + "\\.(\\d+)\\.conv2\\.weight")));
      widths.add(file.size(layer + ".0.conv2.weight", 5, 0));
    }
    file.requireFound("merlin");
    return new ResNet3dConfig(
        ResNet3dConfig.Block.BOTTLENECK,
        layers,
        widths,
        (int) stem[3],
        2,
        true,
        Optional.of(new ResNet3dConfig.StemDepth((int) stem[2], 1)));
  }

  /**
   * {@code merlin/data/monai_transforms.py}: RAS, MONAI's Spacing to 1.5 × 1.5 × 3 mm, −1000 … 1000
   * HU to [0, 1], padded with 0 and cut to 224 × 224 × 160.
   */
  static Preprocessing preprocessing() {
    return new Preprocessing(
            "RAS",
            new Spacing(3, 1.5, 1.5),
            IntensityWindow.between(-1000, 1000),
            new Size3(160, 224, 224),
            NonFinite.FAIL)
        .withRecipe(Recipe.defaults().withGrid(ResampleGrid.FIRST_VOXEL));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "Merlin",
        "code MIT; for the weights see huggingface.co/stanfordmimi/Merlin",
        "github.com/StanfordMIMI/Merlin; i3_resnet_clinical_longformer_best_clip_04-02-2024_23-21-36"
            + "_epoch_99.pt of huggingface.co/stanfordmimi/Merlin; tokenizer of"
            + " huggingface.co/yikuan8/Clinical-Longformer",
        "Blankemeier et al. 2024, Merlin: A Vision Language Foundation Model for 3D Computed"
            + " Tomography, arXiv 2406.06512",
        List.of(
            "Abdominal CT. The head that predicts 1,692 phenotypes is left out.",
            "Reports are lower-cased and cut into words and punctuation before its tokenizer, as by"
                + " its code.",
            "The code has no prompts; those of the paper's zero-shot findings are not in it."));
  }

  /** From our names to the file's. */
  private static final class Names implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.startsWith("text.")) {
        return file.take(TEXT + parameter.substring("text.".length()));
      }
      return switch (parameter) {
        case "logit_scale.value" -> file.take("logit_scale");
        case "text_projection.weight" -> file.take("encode_text.linear_layer.weight");
        case "text_projection.bias" -> file.take("encode_text.linear_layer.bias");
        case "vision_projection.weight" -> flat(file.take(HEAD));
        case "vision_projection.bias" -> file.take(HEAD.replace("weight", "bias"));
        default -> turned(file.take(VISION + parameter.substring("vision.".length())));
      };
    }

    /** A convolution of one voxel is a map. */
    private static NDArray flat(NDArray kernel) {
      return kernel.getShape().dimension() == 5
          ? kernel.reshape(kernel.getShape().get(0), -1)
          : kernel;
    }

    /** Kernels to (z, y, x); that of the stem sums the three equal channels. */
    private static NDArray turned(NDArray array) {
      if (array.getShape().dimension() != 5) {
        return array;
      }
      NDArray kernel = array.transpose(0, 1, 2, 4, 3);
      boolean colours = kernel.getShape().get(1) == 3 && kernel.getShape().get(4) > 3;
      return colours ? kernel.sum(new int[] {1}, true) : kernel;
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}
