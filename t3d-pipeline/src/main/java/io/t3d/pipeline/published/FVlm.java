package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.OrganVit3dConfig.Organ;
import io.t3d.core.config.OrganVit3dConfig.Window;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.task.classify.FindingPrompts;
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
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * fVLM: MONAI's ViT, whose tokens a query gathers organ by organ, and CXR-BERT. (Shui et al. 2025,
 * ICLR; names and preparation from github.com/alibaba-damo-academy/fvlm at commit d768ec1)
 */
final class FVlm implements PublishedKind {
  private static final String VISION = "visual_encoder.";
  private static final String TEXT = "text_encoder.";
  private static final String KERNEL = VISION + "patch_embedding.patch_embeddings.weight";
  private static final String POSITIONS = VISION + "patch_embedding.position_embeddings";
  private static final String QUERIES = "query_tokens";
  private static final String TEMPERATURE = "temp";
  private static final String TOKEN_TYPES = "text.embeddings.token_type_embeddings.weight";

  /** Width of a head of the ViT, 768 / 12; the file does not tell it. */
  private static final int HEAD = 64;

  /** Heads of the attention that gathers an organ's tokens; a constant of the code. */
  private static final int GATHERING_HEADS = 4;

  /** Rows and columns of the table of positions, whose product alone the file holds. */
  private static final int ROWS = 16;

  private static final int COLUMNS = 11;

  /** {@code max_txt_len} of {@code pretrain_ct.yaml}. */
  private static final int LONGEST = 384;

  /** Layers whose tokens are gathered, before the last; a constant of the code. */
  private static final List<Integer> LEVELS = List.of(3, 6, 9);

  /** {@code class_map} and {@code merged_organ_id} of {@code data/resize.py}. */
  private static final List<Organ> ORGANS =
      List.of(
          new Organ(
              "lung",
              List.of(10, 11, 12, 13, 14),
              List.of(
                  "Emphysema",
                  "Atelectasis",
                  "Lung nodule",
                  "Lung opacity",
                  "Pulmonary fibrotic sequela",
                  "Pleural effusion",
                  "Mosaic attenuation pattern",
                  "Peribronchial thickening",
                  "Consolidation",
                  "Bronchiectasis",
                  "Interlobular septal thickening")),
          new Organ(
              "heart",
              List.of(51, 61), // the left atrial appendage is of it
              List.of(
                  "Cardiomegaly", "Pericardial effusion", "Coronary artery wall calcification")),
          new Organ("esophagus", List.of(15), List.of("Hiatal hernia")),
          new Organ("aorta", List.of(52), List.of("Arterial wall calcification")));

  /** What {@code eval.py} says where that is not the finding's name. */
  private static final Map<String, String> SAID =
      Map.of(
          "Atelectasis", "Atelectatic",
          "Lung nodule", "Nodule",
          "Lung opacity", "Opacity",
          "Pulmonary fibrotic sequela", "Pulmonary fibrotic");

  /** {@code data/preprocess.py} and the {@code roi_size} of {@code eval.py}. */
  private static final Window WINDOW =
      new Window(new Size3(5, 20, 20), new Size3(112, 256, 352), new Size3(112, 288, 352));

  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "text_encoder\\.cls\\..*"
              + "|text_encoder\\.embeddings\\.(position_ids|token_type_embeddings\\.weight)"
              + "|text_encoder\\.encoder\\.layer\\.\\d+\\.crossattention\\..*");

  private final int head;

  FVlm() {
    this(HEAD);
  }

  /** With heads of another width. */
  FVlm(int head) {
    this.head = head;
  }

  @Override
  public String name() {
    return "fvlm";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(QUERIES) && file.has("vision_projs.0.weight");
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    long[] kernel = file.shape(KERNEL, 5);
    int places = file.size(POSITIONS, 3, 1);
    int mlp = file.size(VISION + "blocks.0.mlp.linear1.weight", 2, 0);
    int layers = file.count(Pattern.quote(VISION) + "blocks\\.(\\d+)\\.norm1\\.weight");
    int organs = file.size(QUERIES, 2, 0);
    int embedDim = file.size("vision_projs.0.weight", 2, 0);
    double temperature = file.number(TEMPERATURE);
    TextConfig bert = BertTexts.configWithoutTokenTypes(file, TEXT, tokenizer, name());
    file.requireFound(name());
    if (organs != ORGANS.size()
        || layers <= LEVELS.get(LEVELS.size() - 1) + 1
        || places % (ROWS * COLUMNS) != 0) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file.source()
              + ": expected "
              + ORGANS.size()
              + " query_tokens (lung, heart, esophagus, aorta), more than "
              + (LEVELS.get(LEVELS.size() - 1) + 1)
              + " layers and n × 16 × 11 positions, got "
              + organs
              + ", "
              + layers
              + " and "
              + places
              + "; an fVLM of other organs is not supported");
    }
    TextConfig text =
        bert.toBuilder()
            .maxLength(Math.min(LONGEST, bert.maxLength()))
            .wording(TextConfig.Wording.NO_QUOTES_OR_PARENTHESES)
            .build();
    int channels = (int) kernel[0];
    Vit3dConfig vit =
        Vit3dConfig.builder()
            .patch(new Size3((int) kernel[2], (int) kernel[3], (int) kernel[4]))
            .hiddenSize(channels)
            .layers(layers)
            .heads(Math.max(1, channels / head))
            .mlpSize(mlp)
            .position(Position.LEARNED_RESIZED)
            .gridSize(new Size3(places / (ROWS * COLUMNS), ROWS, COLUMNS))
            .dropout(0)
            .qkvBias(file.has(VISION + "blocks.0.attn.qkv.bias"))
            .build();
    List<Integer> levels = new ArrayList<>(LEVELS);
    levels.add(layers - 1);
    T3DConfig config =
        T3DConfig.builder()
            .vision(new OrganVit3dConfig(vit, levels, GATHERING_HEADS, embedDim, ORGANS, WINDOW))
            .text(text)
            .embedDim(embedDim)
            .projection(Projection.LINEAR_BIAS)
            .visionProjection(Projection.NONE)
            .temperature(temperature > 0 ? temperature : 0.07)
            .build();
    return new PublishedModel(
        config,
        tokenizer.orElseThrow(),
        new Names(text),
        preprocessing(),
        prompts(),
        note(),
        Optional.of(PublishedModel.oneView(WINDOW.size())));
  }

  /**
   * {@code data/resize.py}: to 1 × 1 × 3 mm with sizes rounded down, of the spacing in the file's
   * header; {@code data/preprocess.py}: −1150 … 350 HU to [0, 1]. Its arrays are (z, y, x) as
   * CT-RATE's files hold them, whose axes run to the left, to the back and up. The sizes follow
   * from the organs: {@code OrganEmbedder}.
   */
  static Preprocessing preprocessing() {
    return new Preprocessing(
            Optional.of("LPS"),
            Optional.of(new Spacing(3, 1, 1)),
            Optional.of(IntensityWindow.between(-1150, 350)),
            Optional.empty(),
            NonFinite.FAIL)
        .withRecipe(Recipe.defaults().withGrid(ResampleGrid.EXTENT_OF_HEADER));
  }

  /** {@code test_items} of {@code eval.py}, organ by organ. */
  static List<FindingPrompts> prompts() {
    return ORGANS.stream().flatMap(organ -> organ.findings().stream()).map(FVlm::prompts).toList();
  }

  private static FindingPrompts prompts(String finding) {
    String said = SAID.getOrDefault(finding, finding);
    return new FindingPrompts(finding, List.of(said + "."), List.of("Not " + said + "."));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "fVLM",
        "its repository names no licence for code or weights (files that it took from LAVIS are BSD"
            + " 3-Clause, from MONAI Apache 2.0): ask its authors; its data, CT-RATE, are CC BY-NC-SA"
            + " 4.0: research without commerce",
        "github.com/alibaba-damo-academy/fvlm and the weights linked there; tokenizer of"
            + " huggingface.co/microsoft/BiomedVLP-CXR-BERT-specialized",
        "Shui et al. 2025, Large-scale and Fine-grained Vision-language Pre-training for Enhanced CT"
            + " Image Understanding, ICLR 2025",
        List.of(
            "It embeds lung, heart, esophagus and aorta, each under a label map of TotalSegmentator 2"
                + " (--ml) on the volume's voxels: ./t3d embed --organs, OrganEmbedder in Java. There is"
                + " no embedding of a whole volume; commands that need one are refused.",
            "Chest CT, volumes in HU with the right spacing. Its own code first rewrites CT-RATE's"
                + " files by the metadata's slope, intercept and spacing; OrganEmbedder takes files"
                + " as they are, so do the same.",
            "Heads of the two attentions, layers whose tokens are gathered, and organs are its code's"
                + " constants, not in the file."));
  }

  /** From our names to the file's. */
  private record Names(TextConfig text) implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.equals(TOKEN_TYPES)) {
        // Its code adds none, whether the file has some or not.
        return file.owner().zeros(new Shape(text.tokenTypes(), text.hiddenSize()));
      }
      if (parameter.startsWith("text.")) {
        return file.take(TEXT + parameter.substring("text.".length()));
      }
      if (parameter.startsWith("vision.vit.")) {
        return file.take(VISION + parameter.substring("vision.vit.".length()));
      }
      if (parameter.startsWith("vision.projections.")) {
        return file.take("vision_projs." + parameter.substring("vision.projections.".length()));
      }
      return switch (parameter) {
        // Its code divides by the number itself.
        case "logit_scale.value" -> file.take(TEMPERATURE).log().neg();
        case "vision.query_tokens" -> file.take(QUERIES);
        case "text_projection.weight" -> file.take("text_proj.weight");
        case "text_projection.bias" -> file.take("text_proj.bias");
        case "vision.attention.out_proj.weight" -> file.take("attention.out_proj.weight");
        case "vision.attention.out_proj.bias" -> file.take("attention.out_proj.bias");
        case "vision.attention.query.weight" -> third(file.take("attention.in_proj_weight"), 0);
        case "vision.attention.key.weight" -> third(file.take("attention.in_proj_weight"), 1);
        case "vision.attention.value.weight" -> third(file.take("attention.in_proj_weight"), 2);
        case "vision.attention.query.bias" -> third(file.take("attention.in_proj_bias"), 0);
        case "vision.attention.key.bias" -> third(file.take("attention.in_proj_bias"), 1);
        case "vision.attention.value.bias" -> third(file.take("attention.in_proj_bias"), 2);
        default -> file.take(parameter); // noted as missing
      };
    }

    /** One of three maps that lie one behind the other. */
    private static NDArray third(NDArray stacked, int place) {
      long rows = stacked.getShape().get(0);
      return rows == 0 || rows % 3 != 0
          ? stacked // of another shape, which the caller reports
          : stacked.get(place * rows / 3 + ":" + (place + 1) * rows / 3);
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}
