package io.t3d.cli.option;

import io.t3d.core.T3dException;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.data.internal.Problems;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** The check of all volumes before work starts, and the option to go on without the bad ones. */
public final class SkipBad {
  @Option(
      names = "--skip-bad",
      description = "List volumes that cannot be read and go on without them, instead of stopping.")
  private boolean skip;

  /** Whether the bad ones may be left out. */
  public boolean isAllowed() {
    return skip;
  }

  /**
   * The volumes at a path by the rule of {@link VolumeFinder}, without those that look like one and
   * are none.
   *
   * @param err gets the list of what is left out
   * @throws T3dException when there is none, or one is bad and may not be skipped
   */
  public List<Path> find(Path input, PrintWriter err) throws IOException {
    List<VolumeFinder.Found> found = VolumeFinder.find(input);
    List<String> bad = new ArrayList<>();
    List<Path> good = new ArrayList<>();
    for (VolumeFinder.Found one : found) {
      one.problem()
          .ifPresentOrElse(why -> bad.add(one.path() + ": " + why), () -> good.add(one.path()));
    }
    if (found.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "No volume in " + input + ": neither a DICOM series nor a file that ends as one does");
    }
    report(bad, found.size(), err);
    return good;
  }

  /**
   * Reads every volume once, when the bad ones may be skipped; else it leaves that to their use,
   * which stops at the first bad one.
   *
   * @return the volumes to use
   * @throws T3dException when all are bad
   */
  public List<Path> readable(List<Path> volumes, Preprocessing preprocessing, PrintWriter err) {
    if (!skip) {
      return volumes;
    }
    List<ManifestRow> rows = new ArrayList<>();
    for (Path volume : volumes) {
      rows.add(
          new ManifestRow(
              rows.size(),
              volume,
              "",
              Split.UNASSIGNED,
              volume.toString(),
              Map.of(),
              Optional.empty()));
    }
    List<BadRow> bad =
        VolumeReportDataset.check(rows, preprocessing, Runtime.getRuntime().availableProcessors());
    report(bad.stream().map(SkipBad::line).toList(), volumes.size(), err);
    Set<Path> badFiles = new HashSet<>();
    bad.forEach(b -> badFiles.add(b.row().volume()));
    return volumes.stream().filter(v -> !badFiles.contains(v)).toList();
  }

  private static String line(BadRow bad) {
    String file = bad.row().volume().toString();
    return bad.reason().startsWith(file) ? bad.reason() : file + ": " + bad.reason();
  }

  private void report(List<String> bad, int all, PrintWriter err) {
    if (bad.isEmpty()) {
      return;
    }
    if (!skip || bad.size() == all) {
      throw unusable(bad, all);
    }
    err.println("skipped " + bad.size() + " of " + all + " volumes:" + Problems.list(bad));
    err.flush();
  }

  private T3dException unusable(List<?> bad, int all) {
    return new T3dException(
        T3dException.Kind.INPUT,
        bad.size()
            + " of "
            + all
            + " volumes cannot be used"
            + (skip ? "" : "; repair them, or leave them out with --skip-bad")
            + ":"
            + Problems.list(bad));
  }

  /**
   * Reads every volume once.
   *
   * @return the rows to use
   * @throws T3dException when volumes are bad and may not be skipped, or all are
   */
  public List<ManifestRow> check(
      List<ManifestRow> rows, Preprocessing preprocessing, PrintWriter err) {
    return check(rows, preprocessing, ProcessGroup.single(), err);
  }

  /** The same by several workers, each of which reads its share of the volumes. */
  public List<ManifestRow> check(
      List<ManifestRow> rows, Preprocessing preprocessing, ProcessGroup group, PrintWriter err) {
    int threads = Runtime.getRuntime().availableProcessors();
    List<BadRow> bad = VolumeReportDataset.check(rows, preprocessing, threads, group);
    if (bad.isEmpty()) {
      return rows;
    }
    if (!skip || bad.size() == rows.size()) {
      throw unusable(bad, rows.size());
    }
    if (group.rank() == 0) {
      err.println(
          "skipped " + bad.size() + " of " + rows.size() + " volumes:" + Problems.list(bad));
      err.flush();
    }
    Set<Integer> badRows = new HashSet<>();
    bad.forEach(b -> badRows.add(b.row().row()));
    return rows.stream().filter(r -> !badRows.contains(r.row())).toList();
  }
}
