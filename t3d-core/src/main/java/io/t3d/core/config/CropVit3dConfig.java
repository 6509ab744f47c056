package io.t3d.core.config;

import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of a visual encoder that sees a volume as a grid of crops: one transformer reads each
 * crop, another the crops' vectors, each of them a class token before the mean of the patches. (As
 * SPECTRE does: Claessens et al. 2025, arXiv 2511.17209)
 *
 * @param crop voxels of a crop in (z, y, x) order; views are a multiple of it
 * @param local reads a crop; pools CLS_AND_MEAN
 * @param combiner reads the crops' vectors: its {@code patch} is one crop, so a cube of 1; pools
 *     CLS_AND_MEAN too, without learned positions
 * @param head maps behind the combiner; none when left out
 */
public record CropVit3dConfig(
    Size3 crop, Vit3dConfig local, Vit3dConfig combiner, @LeftOutWhenEmpty Optional<Head> head)
    implements VisionConfig {
  /**
   * Maps of the class token before the mean of the crops' tokens, with a GELU behind the first two:
   * two of {@code hiddenSize}, one of {@code bottleneck}, and one without bias. (As DINO's, Caron
   * et al. 2021, without its norm; as in RadFinder, Ging et al. 2026, arXiv 2603.02026)
   *
   * @param hiddenSize width of the first two maps
   * @param bottleneck width of the third
   * @param size width of the embedding, and of a token, which passes the maps too
   */
  public record Head(int hiddenSize, int bottleneck, int size) {
    /** Checks the sizes. */
    public Head {
      Checks.positive("CropVit3dConfig.Head.hiddenSize", hiddenSize);
      Checks.positive("CropVit3dConfig.Head.bottleneck", bottleneck);
      Checks.positive("CropVit3dConfig.Head.size", size);
    }
  }

  /** Without a head. */
  public CropVit3dConfig(Size3 crop, Vit3dConfig local, Vit3dConfig combiner) {
    this(crop, local, combiner, Optional.empty());
  }

  /** Checks that the parts fit each other. */
  public CropVit3dConfig {
    Objects.requireNonNull(crop, "CropVit3dConfig.crop");
    require("local", local);
    require("combiner", combiner);
    Objects.requireNonNull(head, "CropVit3dConfig.head");
    Size3 p = local.patch();
    if (crop.depth() % p.depth() != 0
        || crop.height() % p.height() != 0
        || crop.width() % p.width() != 0) {
      throw new IllegalArgumentException(
          "CropVit3dConfig.crop must be a multiple of local.patch, got " + crop + " and " + p);
    }
    if (!combiner.patch().equals(Size3.cube(1))
        || combiner.position() == Vit3dConfig.Position.LEARNED
        || combiner.position() == Vit3dConfig.Position.LEARNED_RESIZED) {
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
    return head.map(Head::size).orElse(combiner.channels());
  }
}
