package io.t3d.cli.option;

import io.t3d.core.T3dException;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Problems;
import io.t3d.data.prepare.Preprocessing;
import java.io.PrintWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** The check of all volumes before work starts, and the option to go on without the bad ones. */
public final class SkipBad {
  @Option(
      names = "--skip-bad",
      description = "List volumes that cannot be read and go on without them, instead of stopping.")
  private boolean skip;

  /**
   * Reads every volume once.
   *
   * @return the rows to use
   * @throws T3dException when volumes are bad and may not be skipped, or all are
   */
  public List<ManifestRow> check(
      List<ManifestRow> rows, Preprocessing preprocessing, PrintWriter err) {
    List<BadRow> bad =
        VolumeReportDataset.check(rows, preprocessing, Runtime.getRuntime().availableProcessors());
    if (bad.isEmpty()) {
      return rows;
    }
    String list = Problems.list(bad);
    if (!skip || bad.size() == rows.size()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          bad.size()
              + " of "
              + rows.size()
              + " volumes cannot be used"
              + (skip ? "" : "; repair them, or leave them out with --skip-bad")
              + ":"
              + list);
    }
    err.println("skipped " + bad.size() + " of " + rows.size() + " volumes:" + list);
    err.flush();
    Set<Integer> badRows = new HashSet<>();
    bad.forEach(b -> badRows.add(b.row().row()));
    return rows.stream().filter(r -> !badRows.contains(r.row())).toList();
  }
}
