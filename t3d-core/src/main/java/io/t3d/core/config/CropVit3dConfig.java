package io.t3d.core.config;

import java.util.Objects;

/**
 * Settings of a visual encoder that sees a volume as a grid of crops: one transformer reads each
 * crop, another the crops' vectors, each of them a class token before the mean of the patches. (As
 * SPECTRE does: Claessens et al. 2025, arXiv 2511.17209)
 *
 * @param crop voxels of a crop in (z, y, x) order; views are a multiple of it
 * @param local reads a crop; pools CLS_AND_MEAN
 * @param combiner reads the crops' vectors: its {@code patch} is one crop, so a cube of 1; pools
 *     CLS_AND_MEAN too, without learned positions
 */
public record CropVit3dConfig(Size3 crop, Vit3dConfig local, Vit3dConfig combiner)
    implements VisionConfig {
  /** Checks that the parts fit each other. */
  public CropVit3dConfig {
    Objects.requireNonNull(crop, "CropVit3dConfig.crop");
    require("local", local);
    require("combiner", combiner);
    Size3 p = local.patch();
    if (crop.depth() % p.depth() != 0
        || crop.height() % p.height() != 0
        || crop.width() % p.width() != 0) {
      throw new IllegalArgumentException(
          "CropVit3dConfig.crop must be a multiple of local.patch, got " + crop + " and " + p);
    }
    if (!combiner.patch().equals(Size3.cube(1))
        || combiner.position() == Vit3dConfig.Position.LEARNED) {
      throw new IllegalArgumentException(
          "CropVit3dConfig.combiner must have a patch of 1×1×1 and no LEARNED positions, got "
              + combiner.patch()
              + " and "
              + combiner.position());
    }
  }

  private static void require(String name, Vit3dConfig vit) {
    Objects.requireNonNull(vit, "CropVit3dConfig." + name);
    if (vit.variantOrPlain().pooling() != Vit3dVariant.Pooling.CLS_AND_MEAN) {
      throw new IllegalArgumentException(
          "CropVit3dConfig."
              + name
              + " must pool CLS_AND_MEAN, got "
              + vit.variantOrPlain().pooling());
    }
  }

  @Override
  public int channels() {
    return combiner.channels();
  }
}
