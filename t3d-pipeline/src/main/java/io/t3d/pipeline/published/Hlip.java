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
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.volume.Spacing;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.prepare.Preprocessing.NonFinite;
import io.t3d.data.prepare.Recipe;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.ResampleGrid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * HLIP for chest CT: a ViT whose slices attend to themselves in two layers of three, and CXR-BERT.
 * (Zhao et al. 2025, arXiv 2505.21862; names and preparation from github.com/Zch0414/hlip at commit
 * fe8d764, on open_clip and timm)
 */
final class Hlip implements PublishedKind {
  private static final String VISION = "visual.trunk.";
  private static final String TEXT = "text.transformer.";
  private static final String KERNEL = VISION + "patch_embed.proj.weight";
  private static final String POSITIONS = VISION + "spatial_posemb";
  private static final String SCANS = VISION + "sequential_posemb";
  private static final String TO_IMAGE = "visual.head.proj.weight";
  private static final String TO_TEXT = "text.proj.weight";
  private static final String SCALE = "logit_scale";
  private static final double EPSILON = 1e-6; // of timm's ViT

  /** Width of a head, 768 / 12; the file does not tell it. */
  private static final int HEAD = 64;

  /** {@code study_attn_indexes=(2, 5, 8, 11)} of {@code vit_base_singlescan_h2_token2744}. */
  private static final int GLOBAL_EVERY = 3;

  /** The mean of ImageNet's three means and of its three deviations. */
  private static final double MEAN = (0.485 + 0.456 + 0.406) / 3;

  private static final double DEVIATION = (0.229 + 0.224 + 0.225) / 3;

  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "text\\.transformer\\.pooler\\..*"
              + "|text\\.transformer\\.embeddings\\.(position_ids|token_type_ids)");

  private final int head;

  Hlip() {
    this(HEAD);
  }

  /** With heads of another width. */
  Hlip(int head) {
    this.head = head;
  }

  @Override
  public String name() {
    return "hlip";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(POSITIONS) && file.has(TO_IMAGE);
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    if (file.has(SCANS)) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file.source()
              + " is an HLIP of studies of several scans (it holds "
              + SCANS
              + "), of which the code for CT is not published; what is imported is the one for"
              + " chest CT, vit_base_chestct_h2_token2744.pt");
    }
    long[] kernel = file.shape(KERNEL, 5);
    long[] table = file.shape(POSITIONS, 5);
    int mlp = file.size(VISION + "blocks.0.mlp.fc1.weight", 2, 0);
    int layers = file.count(Pattern.quote(VISION) + "blocks\\.(\\d+)\\.norm1\\.weight");
    int embedDim = file.size(TO_IMAGE, 2, 0);
    double scale = file.number(SCALE);
    TextConfig text = BertTexts.config(file, TEXT, tokenizer, name());
    file.requireFound(name());
    int channels = (int) kernel[0];
    Size3 patch = new Size3((int) kernel[2], (int) kernel[3], (int) kernel[4]);
    Size3 grid = new Size3((int) table[1], (int) table[2], (int) table[3]);
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
            .layerNormEps(EPSILON)
            .variant(
                Vit3dVariant.builder()
                    .classToken(true)
                    .pooling(Pooling.CLS)
                    .globalEvery(GLOBAL_EVERY)
                    .build())
            .build();
    T3DConfig config =
        T3DConfig.builder()
            .vision(vision)
            .text(text)
            .embedDim(embedDim)
            .projection(Projection.LINEAR)
            .temperature(Math.exp(-scale))
            .build();
    Size3 view =
        new Size3(
            patch.depth() * grid.depth(),
            patch.height() * grid.height(),
            patch.width() * grid.width());
    return new PublishedModel(
        config,
        tokenizer.orElseThrow(),
        new Names(),
        preprocessing().withSize(view),
        prompts(),
        note());
  }

  /**
   * {@code data/ct_rate/process.py}: resampled to 1 × 1 × 3 mm with sizes rounded down; {@code
   * zeroshot_ct_rate.py}: −1150 … 350 HU to [0, 1], cut or padded to 336 × 336 × 112 about the
   * centre, and normalised by the means of ImageNet's numbers. Its arrays are (z, y, x) as
   * CT-RATE's files hold them, whose axes run to the left, to the back and up.
   */
  static Preprocessing preprocessing() {
    return new Preprocessing(
            "LPS",
            new Spacing(3, 1, 1),
            IntensityWindow.between(-1150, 350),
            new Size3(112, 336, 336),
            NonFinite.FAIL)
        .withRecipe(
            Recipe.defaults()
                .withGrid(ResampleGrid.EXTENT)
                .withScale(1 / DEVIATION, -MEAN / DEVIATION));
  }

  /** The 16 of CT-RATE's findings that {@code zeroshot_metadata_ct_rate.py} has, for volumes. */
  static List<FindingPrompts> prompts() {
    return Stream.of(
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
            "Interlobular septal thickening",
            "Cardiomegaly",
            "Pericardial effusion",
            "Coronary artery wall calcification",
            "Hiatal hernia",
            "Arterial wall calcification")
        .map(Hlip::prompts)
        .toList();
  }

  private static FindingPrompts prompts(String finding) {
    String denied =
        finding.equals("Atelectasis") ? "atelectatic" : finding.toLowerCase(Locale.ROOT);
    return new FindingPrompts(
        finding,
        List.of("The volume shows: " + finding + "."),
        List.of("The volume shows: Not " + denied + "."));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "HLIP, chest CT",
        "code MIT; of the weights its page says nothing, and its data, CT-RATE, are CC BY-NC-SA 4.0:"
            + " research without commerce",
        "github.com/Zch0414/hlip; vit_base_chestct_h2_token2744.pt of the model card there; tokenizer"
            + " of huggingface.co/microsoft/BiomedVLP-CXR-BERT-specialized",
        "Zhao et al. 2025, Towards Scalable Language-Image Pre-training for 3D Medical Imaging, arXiv"
            + " 2505.21862",
        List.of(
            "Chest CT, volumes in HU; its own code rescales CT-RATE's files by the metadata's slope"
                + " and intercept, here the file's own or the manifest's hold.",
            "Which layers see the whole scan (every third) is its code's constant, not in the file.",
            "Its prompts are those of whole volumes; those of organs are left out.",
            "Views larger than 336 × 336 × 112 voxels, for which its code stretches the table of"
                + " positions, are refused; smaller ones use the table's centre here."));
  }

  /** From our names to the file's. */
  private static final class Names implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.startsWith("text.")) {
        return file.take(TEXT + parameter.substring("text.".length()));
      }
      return switch (parameter) {
        case "logit_scale.value" -> file.take(SCALE);
        case "vision_projection.weight" -> file.take(TO_IMAGE);
        case "text_projection.weight" -> file.take(TO_TEXT);
        case "vision.patch_embedding.position_embeddings" -> flat(file.take(POSITIONS));
        default -> file.take(VISION + VitNames.published(parameter.substring("vision.".length())));
      };
    }

    private static NDArray flat(NDArray table) {
      Shape shape = table.getShape();
      return shape.dimension() == 5 ? table.reshape(1, -1, shape.get(4)) : table;
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}
