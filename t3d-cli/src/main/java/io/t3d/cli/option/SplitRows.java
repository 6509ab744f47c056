package io.t3d.cli.option;

import io.t3d.core.T3dException;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The rows of a manifest that a command works on. */
public final class SplitRows {
  @Option(names = "--split", description = "Which rows: train, validation, test (default) or all.")
  private String split = "test";

  /** What was asked for, as it was typed. */
  public String name() {
    return split;
  }

  /** Whether this one was asked for. */
  public boolean is(String name) {
    return split.equalsIgnoreCase(name);
  }

  /**
   * The rows of the split that was asked for; a manifest without splits gives all rows.
   *
   * @param file the manifest's, for messages
   * @return at least one row
   * @throws T3dException when there is no such split or row
   */
  public List<ManifestRow> rows(Manifest manifest, Path file) {
    if (is("all") || !manifest.hasSplits()) {
      return manifest.rows();
    }
    for (Split s : Split.values()) {
      if (s != Split.UNASSIGNED && is(s.text())) {
        List<ManifestRow> rows = manifest.select(s);
        if (rows.isEmpty()) {
          throw new T3dException(
              T3dException.Kind.INPUT,
              file + " has no row of the split " + split + "; choose another with --split");
        }
        return rows;
      }
    }
    throw new T3dException(
        T3dException.Kind.USAGE, "--split must be train, validation, test or all, got " + split);
  }
}
