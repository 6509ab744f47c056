package io.t3d.core.config;

import io.t3d.core.internal.Checks;
import java.util.Objects;

/**
 * Settings of CT-CLIP's visual encoder, the CT-ViT: attention within each slab of patches, then
 * along z, then a codebook.
 *
 * @param patch voxels per patch in (z, y, x) order
 * @param gridHeight tokens along y of every view
 * @param gridWidth tokens along x of every view
 * @param hiddenSize C, width of a token
 * @param spatialLayers layers that attend within a slab
 * @param temporalLayers layers that attend along z
 * @param heads attention heads A
 * @param headSize width of a head
 * @param mlpSize width of the feed-forward layer, after its gate
 * @param nullKeys learned keys and values that every query may look at; 0 in CT-CLIP
 * @param codebookSize vectors of the quantiser
 * @param attentionScale what the cosines of query and key are multiplied by; 8 in CT-CLIP
 */
public record CtVitConfig(
    Size3 patch,
    int gridHeight,
    int gridWidth,
    int hiddenSize,
    int spatialLayers,
    int temporalLayers,
    int heads,
    int headSize,
    int mlpSize,
    int nullKeys,
    int codebookSize,
    double attentionScale)
    implements VisionConfig {
  /** Checks sizes. */
  public CtVitConfig {
    Objects.requireNonNull(patch, "CtVitConfig.patch");
    Checks.positive("CtVitConfig.gridHeight", gridHeight);
    Checks.positive("CtVitConfig.gridWidth", gridWidth);
    Checks.positive("CtVitConfig.hiddenSize", hiddenSize);
    Checks.positive("CtVitConfig.spatialLayers", spatialLayers);
    Checks.positive("CtVitConfig.temporalLayers", temporalLayers);
    Checks.positive("CtVitConfig.heads", heads);
    Checks.positive("CtVitConfig.headSize", headSize);
    Checks.positive("CtVitConfig.mlpSize", mlpSize);
    Checks.inRange("CtVitConfig.nullKeys", nullKeys, 0, 1024);
    Checks.positive("CtVitConfig.codebookSize", codebookSize);
    Checks.positive("CtVitConfig.attentionScale", attentionScale);
  }

  /** CT-CLIP's: patches of 10×20×20 of views of 480×480 voxels per slice. */
  public static CtVitConfig ctClip() {
    return new CtVitConfig(new Size3(10, 20, 20), 24, 24, 512, 4, 4, 8, 32, 1365, 0, 8192, 8);
  }

  @Override
  public int channels() {
    return hiddenSize;
  }

  @Override
  public int places() {
    return gridHeight * gridWidth;
  }
}
