package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.NoTextConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.volume.Spacing;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * RadFinder's image side: SPECTRE's two transformers, trained on at 3 mm, and the head for
 * retrieval. (Ging et al. 2026, arXiv 2603.02026; names and preparation from
 * github.com/lmb-freiburg/radfinder at commit 7c6ab92)
 */
final class RadFinder implements PublishedKind {
  private static final String LOCAL = "model.backbone_image.";
  private static final String COMBINER = "model.feature_comb_image.";
  private static final String HEAD = "model.projection_image.";
  private static final String GAINS = HEAD + "last_layer.parametrizations.weight.original0";
  private static final String DIRECTIONS = HEAD + "last_layer.parametrizations.weight.original1";
  private static final double EPSILON = 1e-6; // of the norms in its code

  /** Patches of a window along each axis: 128 × 128 × 32 voxels of 16 × 16 × 4. */
  private static final int WINDOW = 8;

  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "model\\.(backbone_text|projection_text|projection_text_copy|projection_image_copy"
              + "|criterion|loc_criterion|feature_comb_image\\.axis_patch_proj)\\..*");

  private final int windowPatches;

  RadFinder() {
    this(WINDOW);
  }

  /** With windows of another number of patches along each axis. */
  RadFinder(int windowPatches) {
    this.windowPatches = windowPatches;
  }

  @Override
  public String name() {
    return "radfinder";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(LOCAL + Spectre.PERIODS) && file.has(GAINS);
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    long[] kernel = file.shape(LOCAL + "patch_embed.proj.weight", 5);
    int localWidth = 6 * file.size(LOCAL + Spectre.PERIODS, 1, 0);
    int combinerWidth = 6 * file.size(COMBINER + Spectre.PERIODS, 1, 0);
    CropVit3dConfig.Head head =
        new CropVit3dConfig.Head(
            file.size(HEAD + "layers.0.weight", 2, 0),
            file.size(DIRECTIONS, 2, 1),
            file.size(DIRECTIONS, 2, 0));
    file.requireFound(name());
    Size3 patch = new Size3((int) kernel[4], (int) kernel[3], (int) kernel[2]);
    Vit3dConfig local =
        Spectre.transformer(file, LOCAL, patch, localWidth, Spectre.LOCAL_BASE, EPSILON);
    Vit3dConfig combiner =
        Spectre.transformer(
            file, COMBINER, Size3.cube(1), combinerWidth, Spectre.COMBINER_BASE, EPSILON);
    Size3 window =
        new Size3(
            windowPatches * patch.depth(),
            windowPatches * patch.height(),
            windowPatches * patch.width());
    T3DConfig config =
        T3DConfig.builder()
            .vision(new CropVit3dConfig(window, local, combiner, Optional.of(head)))
            .text(
                new NoTextConfig(
                    "RadFinder's texts are read by Qwen3-Embedding, which this library lacks",
                    head.size()))
            .embedDim(head.size())
            .projection(Projection.NONE)
            .build();
    return new PublishedModel(
        config,
        PublishedModel.NO_TOKENIZER,
        new Names(new Spectre.Names(LOCAL, localWidth, COMBINER, combinerWidth)),
        preprocessing(),
        List.of(),
        note(),
        Optional.of(Spectre.views(window)));
  }

  /** {@code transforms/shared_utils.py}: as SPECTRE's, at 0.75 × 0.75 × 3 mm. */
  static Preprocessing preprocessing() {
    return Spectre.preprocessing().withSpacing(new Spacing(3, 0.75, 0.75));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "RadFinder",
        "CC BY-NC-SA 4.0: research without commerce, with attribution, shared alike; code MIT",
        "github.com/lmb-freiburg/radfinder; model.safetensors of huggingface.co/lmb-freiburg/radfinder",
        "Ging et al. 2026, Learning to Read Where to Look: Disease-Aware Vision-Language Pretraining"
            + " for 3D CT, MICCAI 2026, arXiv 2603.02026",
        List.of(
            "Its image side: embeddings are those of its head for retrieval"
                + " (encode_image_retrieval). Its texts are read by Qwen3-Embedding-0.6B, so that"
                + " zero-shot classification and retrieval by text are not here.",
            "Its head for diseases and its localisation along the axis are left out.",
            "Whole scans, cut to the largest multiple of a window of 128 × 128 × 32 voxels (x, y, z),"
                + " as its evaluation does; its training saw 3 × 3 × 4 windows."));
  }

  /** From our names to the file's. */
  private record Names(Spectre.Names transformers) implements PublishedModel.NameMap {
    private static final String OURS = "vision.head.linear";

    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (!parameter.startsWith(OURS)) {
        return transformers.find(parameter, file);
      }
      int map = parameter.charAt(OURS.length()) - '1'; // GELUs are layers 1 and 3
      String rest = parameter.substring(OURS.length() + 1);
      return map == 3 ? last(file) : file.take(HEAD + "layers." + 2 * map + rest);
    }

    /** {@code g · v / ‖v‖} by rows: the weight that its parametrisation stands for. */
    private static NDArray last(PublishedTensors file) {
      NDArray gains = file.take(GAINS);
      NDArray directions = file.take(DIRECTIONS);
      if (gains.getShape().dimension() != 2 || directions.getShape().dimension() != 2) {
        return directions;
      }
      return directions.mul(gains).div(directions.norm(new int[] {1}, true));
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}
