package io.t3d.core.config;

import io.t3d.core.internal.Checks;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Settings of a visual encoder that embeds organs and not whole volumes: a transformer reads a
 * window about an organ, and a learned query of the organ gathers the tokens of the patches that
 * hold some of it. (As fVLM does: Shui et al. 2025, "Large-scale and Fine-grained Vision-language
 * Pre-training for Enhanced CT Image Understanding", ICLR 2025)
 *
 * @param vit reads a window
 * @param levels layers of the transformer whose tokens are gathered, from 0 on, ascending; the last
 *     layer's have passed the final norm
 * @param heads of the attention that gathers tokens; divides the transformer's width
 * @param embedDim E, width of an organ's embedding
 * @param organs which organs, each with a query and a projection of its own
 * @param window how windows are cut out of a volume
 */
public record OrganVit3dConfig(
    Vit3dConfig vit,
    List<Integer> levels,
    int heads,
    int embedDim,
    List<Organ> organs,
    Window window)
    implements VisionConfig {
  /**
   * An organ.
   *
   * @param name e.g. {@code lung}
   * @param labels which values of a label map are of this organ: those of TotalSegmentator 2
   * @param findings names of the findings that are asked of this organ, see {@code FindingPrompts}
   */
  public record Organ(String name, List<Integer> labels, List<String> findings) {
    /** Checks and copies. */
    public Organ {
      Checks.named("OrganVit3dConfig.Organ.name", name);
      labels = List.copyOf(labels);
      findings = List.copyOf(findings);
      if (labels.isEmpty() || labels.contains(0)) {
        throw new IllegalArgumentException(
            "OrganVit3dConfig.Organ.labels must be values of a label map without 0, the background,"
                + " got "
                + labels
                + " for "
                + name);
      }
    }
  }

  /**
   * How windows are cut, in (z, y, x) order.
   *
   * @param margin voxels about all organs together that are kept of a volume
   * @param least what is kept is padded to this size
   * @param size of a window about an organ; larger where the organ is, smaller where the volume is
   */
  public record Window(Size3 margin, Size3 least, Size3 size) {
    /** Checks. */
    public Window {
      Objects.requireNonNull(margin, "OrganVit3dConfig.Window.margin");
      Objects.requireNonNull(least, "OrganVit3dConfig.Window.least");
      Objects.requireNonNull(size, "OrganVit3dConfig.Window.size");
    }
  }

  /** Checks that the parts fit each other. */
  public OrganVit3dConfig {
    Objects.requireNonNull(vit, "OrganVit3dConfig.vit");
    Objects.requireNonNull(window, "OrganVit3dConfig.window");
    levels = List.copyOf(levels);
    organs = List.copyOf(organs);
    Checks.divides("OrganVit3dConfig.vit.hiddenSize", vit.hiddenSize(), "heads", heads);
    Checks.positive("OrganVit3dConfig.embedDim", embedDim);
    if (vit.variant().isPresent()) {
      throw new IllegalArgumentException(
          "OrganVit3dConfig.vit must be a plain ViT, got the variant " + vit.variant().get());
    }
    int before = -1;
    for (int level : levels) {
      if (level <= before || level >= vit.layers()) {
        throw new IllegalArgumentException(
            "OrganVit3dConfig.levels must ascend and be less than the "
                + vit.layers()
                + " layers, got "
                + levels);
      }
      before = level;
    }
    Set<String> names = new HashSet<>();
    Set<Integer> labels = new HashSet<>();
    boolean apart = true;
    for (Organ organ : organs) {
      apart &= names.add(organ.name());
      for (int label : organ.labels()) {
        apart &= labels.add(label);
      }
    }
    if (levels.isEmpty() || organs.isEmpty() || !apart) {
      throw new IllegalArgumentException(
          "OrganVit3dConfig needs a level, and organs whose names and labels differ, got levels "
              + levels
              + " and "
              + organs);
    }
  }

  /** E: what an organ's tokens become is its embedding. */
  @Override
  public int channels() {
    return embedDim;
  }
}
