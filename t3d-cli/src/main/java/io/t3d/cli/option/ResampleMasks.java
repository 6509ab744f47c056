package io.t3d.cli.option;

import io.t3d.data.prepare.Masks;
import picocli.CommandLine.Option;

/** What becomes of masks that do not lie on their volume's voxels. */
public final class ResampleMasks {
  @Option(
      names = "--resample-masks",
      description =
          "Bring masks on another grid to their volume's voxels, each voxel by its nearest, instead"
              + " of refusing them.")
  private boolean resample;

  /** Whether it was asked for. */
  public boolean asked() {
    return resample;
  }

  public Masks.OtherGrid otherGrid() {
    return resample ? Masks.OtherGrid.RESAMPLE : Masks.OtherGrid.REFUSE;
  }
}
