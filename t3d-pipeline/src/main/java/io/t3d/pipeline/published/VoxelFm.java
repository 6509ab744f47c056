package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
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
import java.util.regex.Pattern;

/**
 * VoxelFM: a DINOv2 of CT volumes with 3D rotary positions and register tokens; vision alone.
 * (names and preparation from github.com/rmaguado/VoxelFM at commit fba41a3)
 */
final class VoxelFm implements PublishedKind {
  private static final String BACKBONE = "backbone.";
  private static final String PERIODS = "rope_embed.periods";
  private static final double EPSILON = 1e-5;
  private static final double LAYER_SCALE = 1e-5; // where its training started
  private static final double BASE = 100;

  private static final double FINEST = 0.75; // mm; resize_isotropic's default
  private static final int MOST_PATCHES = 25_000; // of all its evaluation/*/embeddings.py
  private static final double LOWER = -1000;
  private static final double UPPER = 1900;
  private static final double MEAN = -573.8;
  private static final double STANDARD_DEVIATION = 461.3;

  private static final Pattern LEFT_OUT =
      Pattern.compile("(backbone\\.)?mask_token|(dino|ibot)_head\\..*");

  @Override
  public String name() {
    return "voxelfm";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(prefix(file) + PERIODS) && file.has(prefix(file) + "register_tokens");
  }

  private static String prefix(PublishedTensors file) {
    return file.has(BACKBONE + PERIODS) ? BACKBONE : "";
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    String prefix = prefix(file);
    long[] kernel = file.shape(prefix + "patch_embed.proj.weight", 5);
    int channels = Math.toIntExact(kernel[0]);
    int width = 6 * file.size(prefix + PERIODS, 1, 0);
    int mlp = file.size(prefix + "blocks.0.mlp.fc1.weight", 2, 0);
    int registers = file.size(prefix + "register_tokens", 3, 1);
    int layers = file.count(Pattern.quote(prefix) + "blocks\\.(\\d+)\\.norm1\\.weight");
    NDArray periods = file.take(prefix + PERIODS);
    double base = VitNames.base(periods, BASE);
    file.requireFound(name());
    VitNames.requirePeriods(file, prefix + PERIODS, periods, base);
    int heads =
        VitNames.heads(file, channels, prefix + "patch_embed.proj.weight", width, prefix + PERIODS);
    Size3 patch = new Size3((int) kernel[2], (int) kernel[3], (int) kernel[4]);
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(patch)
            .hiddenSize(channels)
            .layers(Math.max(1, layers))
            .heads(heads)
            .mlpSize(mlp)
            .position(Position.NONE)
            .dropout(0)
            .qkvBias(file.has(prefix + "blocks.0.attn.qkv.bias"))
            .layerNormEps(EPSILON)
            .variant(
                Vit3dVariant.builder()
                    .classToken(true)
                    .registers(registers)
                    .layerScale(file.has(prefix + "blocks.0.ls1.gamma") ? LAYER_SCALE : 0)
                    .rotary(new Rotary(Rotary.Coordinates.CENTRED, base))
                    .pooling(Pooling.CLS)
                    .build())
            .build();
    T3DConfig config =
        T3DConfig.builder()
            .vision(vision)
            .text(new NoTextConfig("VoxelFM is a vision encoder", channels))
            .embedDim(channels)
            .projection(Projection.NONE)
            .build();
    return new PublishedModel(
        config,
        PublishedModel.NO_TOKENIZER,
        new Names(prefix, width),
        preprocessing(),
        List.of(),
        note(),
        Optional.of(views(patch)));
  }

  /**
   * {@code dinov2/inference}: clip to −1000 … 1900 HU, trilinear to a cubic spacing with outer
   * corners in place, (v − mean) / standard deviation. Its arrays are (z, y, x) as DICOM slices
   * lie: rows to the back, columns to the left, slices up. The spacing is the volume's smallest,
   * 0.75 mm at least.
   */
  static Preprocessing preprocessing() {
    double scale = (UPPER - LOWER) / STANDARD_DEVIATION;
    return Preprocessing.none()
        .withOrientation("LPS")
        .withWindow(IntensityWindow.between(LOWER, UPPER))
        .withRecipe(
            Recipe.defaults()
                .withGrid(ResampleGrid.EXTENT_NEAREST)
                .withWindowFirst()
                .withScale(scale, (LOWER - MEAN) / STANDARD_DEVIATION)
                .withFinestSpacing(FINEST));
  }

  /** The whole scan, of so many patches at most; in fine-tuning, 16 patches of each axis. */
  static ViewConfig views(Size3 patch) {
    return PublishedModel.oneView(
            new Size3(16 * patch.depth(), 16 * patch.height(), 16 * patch.width()))
        .withWholeScan(new WholeScan(patch, Optional.of(MOST_PATCHES)));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "VoxelFM",
        "code Apache 2.0, its rotary positions under the DINOv3 License Agreement; for the weights see"
            + " huggingface.co/rmaguado/VoxelFM",
        "github.com/rmaguado/VoxelFM; vitb_3d/checkpoints/99999.pth of"
            + " huggingface.co/rmaguado/VoxelFM",
        "VoxelFM: Learning Robust Visual Features in Computed Tomography Enables Efficient Transfer"
            + " Learning for Clinical Tasks",
        List.of(
            "A vision encoder: no texts. Its embedding is the class token.",
            "Whole scans in cubic voxels of their smallest spacing, 0.75 mm at least, of 25,000 patches"
                + " at most, as in its evaluations. Its code clamps DICOM to 1000 HU, here 1900 HU"
                + " holds for all.",
            "Mean and standard deviation of the normalisation are those of the code's"
                + " configuration; compare with the config.yaml beside the weights."));
  }

  /** From our names to the file's. */
  private record Names(String prefix, int width) implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.equals("logit_scale.value")) {
        return PublishedModel.noScale(file.owner());
      }
      return new VitNames(RotaryRows.NEIGHBOURS_ZYX, width)
          .find(parameter.substring("vision.".length()), prefix, file);
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}
