package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.NoTextConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.core.config.Vit3dVariant.Rotary;
import io.t3d.core.internal.weights.RotaryRows;
import io.t3d.core.volume.Spacing;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.prepare.Recipe;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.ResampleGrid;
import io.t3d.data.view.ViewConfig;
import io.t3d.data.view.WholeScan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * SPECTRE: a ViT with 3D rotary positions over crops and a transformer over the crops; vision
 * alone, since its texts are read by a language model. (names and preparation from
 * github.com/cclaess/SPECTRE at commit 9260676)
 *
 * <p>Its arrays are (x, y, z): kernels and the axes of the rotations are turned here to (z, y, x).
 */
final class Spectre implements PublishedKind {
  private static final String LOCAL = "backbone.";
  private static final String COMBINER = "feature_combiner.";
  static final String PERIODS = "rope.periods";
  private static final double EPSILON = 1e-5; // of nn.LayerNorm, which its factories pass
  static final double LOCAL_BASE = 1000;
  static final double COMBINER_BASE = 100;

  /** Patches of a crop along each axis: 128 × 128 × 64 voxels of 16 × 16 × 8. */
  private static final int CROP = 8;

  private final int cropPatches;

  Spectre() {
    this(CROP);
  }

  /** With crops of another number of patches along each axis. */
  Spectre(int cropPatches) {
    this.cropPatches = cropPatches;
  }

  @Override
  public String name() {
    return "spectre";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(LOCAL + PERIODS) && file.has(LOCAL + "blocks.0.attn.kv.weight");
  }

  /** Backbone and combiner are published as files whose names clash. */
  @Override
  public String prefixFor(Set<String> names) {
    if (!names.contains(PERIODS) || !names.contains("blocks.0.attn.kv.weight")) {
      return "";
    }
    return names.contains("patch_proj.weight") ? COMBINER : LOCAL;
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    long[] kernel = file.shape(LOCAL + "patch_embed.proj.weight", 5);
    file.shape(COMBINER + "patch_proj.weight", 2);
    int localWidth = 6 * file.size(LOCAL + PERIODS, 1, 0);
    int combinerWidth = 6 * file.size(COMBINER + PERIODS, 1, 0);
    file.requireFound(name() + " (its two files, backbone and feature combiner, go together)");
    Size3 patch = new Size3((int) kernel[4], (int) kernel[3], (int) kernel[2]);
    Vit3dConfig local = transformer(file, LOCAL, patch, localWidth, LOCAL_BASE, EPSILON);
    Vit3dConfig combiner =
        transformer(file, COMBINER, Size3.cube(1), combinerWidth, COMBINER_BASE, EPSILON);
    Size3 crop =
        new Size3(
            cropPatches * patch.depth(), cropPatches * patch.height(), cropPatches * patch.width());
    CropVit3dConfig vision = new CropVit3dConfig(crop, local, combiner);
    T3DConfig config =
        T3DConfig.builder()
            .vision(vision)
            .text(
                new NoTextConfig(
                    "SPECTRE's texts are read by Qwen3-Embedding, which this library lacks",
                    vision.channels()))
            .embedDim(vision.channels())
            .projection(Projection.NONE)
            .build();
    return new PublishedModel(
        config,
        PublishedModel.NO_TOKENIZER,
        new Names(LOCAL, localWidth, COMBINER, combinerWidth),
        preprocessing(),
        List.of(),
        note(),
        Optional.of(views(crop)));
  }

  /** One of the two transformers, also of models that were made of SPECTRE. */
  static Vit3dConfig transformer(
      PublishedTensors file, String prefix, Size3 patch, int width, double base, double epsilon)
      throws IOException {
    int channels = file.size(prefix + "cls_token", 3, 2);
    int mlp = file.size(prefix + "blocks.0.mlp.fc1.weight", 2, 0);
    int layers = file.count(Pattern.quote(prefix) + "blocks\\.(\\d+)\\.norm1\\.weight");
    NDArray periods = file.take(prefix + PERIODS);
    double found = VitNames.base(periods, base);
    file.requireFound("spectre");
    VitNames.requirePeriods(file, prefix + PERIODS, periods, found);
    int heads = VitNames.heads(file, channels, prefix + "cls_token", width, prefix + PERIODS);
    return Vit3dConfig.builder()
        .patch(patch)
        .hiddenSize(channels)
        .layers(Math.max(1, layers))
        .heads(heads)
        .mlpSize(mlp)
        .position(Position.NONE)
        .dropout(0)
        .qkvBias(file.has(prefix + "blocks.0.attn.q.bias"))
        .layerNormEps(epsilon)
        .variant(
            Vit3dVariant.builder()
                .classToken(true)
                .layerScale(file.has(prefix + "blocks.0.ls1.gamma") ? 1 : 0)
                .rotary(new Rotary(Rotary.Coordinates.CENTRED, found))
                .pooling(Pooling.CLS_AND_MEAN)
                .build())
        .build();
  }

  /**
   * {@code eval/save_embeddings_merlin.py}: −1000 … 1000 HU to [0, 1], RAS, MONAI's Spacing to 0.5
   * × 0.5 × 1 mm. {@code eval/save_embeddings_ct_rate.py} does so with {@code --do_resample}.
   */
  static Preprocessing preprocessing() {
    return Preprocessing.none()
        .withOrientation("RAS")
        .withSpacing(new Spacing(1, 0.5, 0.5))
        .withWindow(IntensityWindow.between(-1000, 1000))
        .withRecipe(Recipe.defaults().withGrid(ResampleGrid.FIRST_VOXEL).withWindowFirst());
  }

  /**
   * The whole scan, cut to the largest multiple of a crop; in fine-tuning, the 3 × 3 × 4 crops of
   * its pre-training.
   */
  static ViewConfig views(Size3 crop) {
    return PublishedModel.oneView(new Size3(4 * crop.depth(), 3 * crop.height(), 3 * crop.width()))
        .withWholeScan(new WholeScan(crop));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "SPECTRE",
        "CC BY-NC-SA: no commercial use, shared alike; code MIT",
        "github.com/cclaess/SPECTRE; spectre_backbone_vit_large_patch16_128.pt and"
            + " spectre_combiner_feature_vit_large.pt of huggingface.co/cclaess/SPECTRE",
        "Claessens et al. 2025, Scaling Self-Supervised and Cross-Modal Pretraining for Volumetric CT"
            + " Transformers, arXiv 2511.17209",
        List.of(
            "A vision encoder here: its texts are read by Qwen3-Embedding-0.6B, and its projection"
                + " heads are not published.",
            "The embedding is the combiner's class token before the mean of the crops' tokens, what"
                + " its projection head takes.",
            "Whole scans at 0.5 × 0.5 × 1 mm, cut to the largest multiple of a crop of 128 × 128 × 64"
                + " voxels (x, y, z), as its evaluation scripts do; its pre-training saw 3 × 3 × 4 crops"
                + " at 0.75 × 0.75 × 1.5 mm."));
  }

  /** From our names to the file's, of both transformers. */
  record Names(String local, int localWidth, String combiner, int combinerWidth)
      implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.equals("logit_scale.value")) {
        return PublishedModel.noScale(file.owner());
      }
      String own = parameter.substring("vision.".length());
      if (own.startsWith("combiner.")) {
        return new VitNames(RotaryRows.HALVES_XYZ, combinerWidth)
            .find(own.substring("combiner.".length()), combiner, file);
      }
      NDArray found =
          new VitNames(RotaryRows.HALVES_XYZ, localWidth)
              .find(own.substring("local.".length()), local, file);
      return found.getShape().dimension() == 5
          ? found.transpose(0, 1, 4, 3, 2) // (C, 1, x, y, z) to (C, 1, z, y, x)
          : found;
    }

    @Override
    public boolean leavesOut(String tensor) {
      return tensor.matches("(backbone|feature_combiner)\\.(head|fc_norm)\\..*");
    }
  }
}
