package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.TokenShares;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Side;
import io.t3d.data.phantom.Structure;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Where the findings of n volumes are that have a side and voxels of their own.
 *
 * @param sides {@code [n][F]}, from the generator's record: {@link Side#MIDLINE} where the finding
 *     is absent or on both sides
 * @param sizes {@code [n][F]}: mm³ of the mask, 0 where the finding is absent
 * @param shares {@code [n][F][N]}: the share of its voxels in each token's region
 */
record LocalTruth(Side[][] sides, double[][] sizes, double[][][] shares) {
  /** F findings, in the order of the columns. */
  static final List<FindingKind> FINDINGS =
      List.of(
          FindingKind.PLEURAL_EFFUSION,
          FindingKind.CONSOLIDATION,
          FindingKind.PNEUMOTHORAX,
          FindingKind.ATELECTASIS);

  static LocalTruth ofVolumes(int n) {
    int findings = FINDINGS.size();
    return new LocalTruth(
        new Side[n][findings], new double[n][findings], new double[n][findings][]);
  }

  /**
   * Fills in a volume.
   *
   * @param i which
   * @param mask on its own voxels, in the orientation of the views
   * @param findings the generator's record
   * @param grid tokens along z, y, x
   */
  void put(int i, Volume mask, List<Finding> findings, int[] grid) {
    Spacing spacing = mask.spacing();
    double voxel = spacing.z() * spacing.y() * spacing.x();
    for (int f = 0; f < FINDINGS.size(); f++) {
      FindingKind kind = FINDINGS.get(f);
      int value = Structure.valueOf(kind.name()).value();
      Set<Side> there =
          findings.stream()
              .filter(one -> one.kind() == kind)
              .map(Finding::side)
              .collect(Collectors.toSet());
      sides[i][f] = there.size() == 1 ? there.iterator().next() : Side.MIDLINE;
      // Voxels are looked through only where there is something: it is the slow part.
      sizes[i][f] = there.isEmpty() ? 0 : TokenShares.count(mask, value) * voxel;
      shares[i][f] =
          there.isEmpty()
              ? new double[grid[0] * grid[1] * grid[2]]
              : TokenShares.of(mask, value, grid);
    }
  }

  /** The shares of a finding in the volumes that show it. */
  double[][] sharesOfPositives(int finding) {
    return Arrays.stream(positives(finding))
        .mapToObj(i -> shares[i][finding])
        .toArray(double[][]::new);
  }

  /** The volumes whose mask shows a finding. */
  int[] positives(int finding) {
    return IntStream.range(0, sizes.length).filter(i -> sizes[i][finding] > 0).toArray();
  }

  /** Sizes of a finding in all volumes. */
  double[] sizes(int finding) {
    return Arrays.stream(sizes).mapToDouble(row -> row[finding]).toArray();
  }
}
