package io.t3d.data.manifest;

import io.t3d.core.T3dException;
import io.t3d.core.internal.OsPaths;
import io.t3d.data.internal.Cells;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A table of volume–report pairs, kept as CSV with the columns {@code
 * volume,report[,split][,patient][,mask][,slope][,intercept][,spacing][,source][,id][,label:NAME…]};
 * docs/manifest.md describes it. Volumes with labels may come without the column of reports.
 *
 * @param rows the pairs, at least one
 * @param labelNames names of the label columns, in order
 */
public record Manifest(List<ManifestRow> rows, List<String> labelNames) {
  private static final Logger LOG = LoggerFactory.getLogger(Manifest.class);
  private static final int SHOWN = 5;

  /** Copies the lists. */
  public Manifest {
    rows = List.copyOf(rows);
    labelNames = List.copyOf(labelNames);
  }

  /**
   * Reads and checks a manifest; its {@linkplain #warnings warnings} are logged. Relative paths in
   * it start at the manifest's folder. A row without patient is taken as a patient of its own,
   * shared by rows of the same volume.
   *
   * @param file CSV in UTF-8, with or without byte order mark
   * @throws ManifestException with all problems found: unknown or missing columns, blank reports,
   *     missing files, bad labels or splits, repeated rows, a volume in two splits
   * @throws IOException when the file cannot be read
   */
  public static Manifest read(Path file) throws IOException {
    Manifest manifest = ManifestParser.parse(file);
    manifest.warnings().forEach(warning -> LOG.warn("{}: {}", file, warning));
    return manifest;
  }

  /**
   * Writes rows as a manifest that {@link #read} gives back, in the same order. Volumes and masks
   * below the manifest's folder are written relative to it, others absolute. The file is replaced
   * as a whole or not at all.
   *
   * @param file the CSV to write; its folder is made when missing
   * @param rows at least one
   */
  public static void write(Path file, List<ManifestRow> rows) throws IOException {
    ManifestCsv.write(file, rows);
  }

  /** Whether any row is assigned to a split. */
  public boolean hasSplits() {
    return rows.stream().anyMatch(r -> r.split() != Split.UNASSIGNED);
  }

  /** Whether the volumes come with reports; otherwise they have labels only. */
  public boolean hasReports() {
    return rows.stream().noneMatch(r -> r.report().isEmpty());
  }

  /**
   * Checks that there are reports to learn from or to measure with.
   *
   * @throws T3dException when the manifest has labels only
   */
  public void requireReports() {
    if (!hasReports()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "The manifest has labels but no column report; pre-training and retrieval need reports,"
              + " zero-shot classification does not");
    }
  }

  /**
   * What is allowed, but may be an oversight: volumes that several rows of one split name, by
   * whatever path or link, which is right where a scan has several reports; and patients whose ids
   * differ in case, white space or a {@code .0} only, and who count as different ones.
   *
   * @return one text for each
   */
  public List<String> warnings() {
    Map<Path, ManifestRow> first = new HashMap<>();
    List<String> pairs = new ArrayList<>();
    for (ManifestRow row : rows) {
      ManifestRow earlier = first.putIfAbsent(OsPaths.identity(row.volume()), row);
      if (earlier != null) {
        pairs.add(earlier.row() + " and " + row.row());
      }
    }
    List<String> warnings = new ArrayList<>();
    if (!pairs.isEmpty()) {
      warnings.add(
          "the same volume is in several rows: "
              + shown(pairs)
              + "; that is right only where a scan has several reports");
    }
    List<String> alike = patientsAlike();
    if (!alike.isEmpty()) {
      warnings.add(
          "patients count as different, but their ids differ in case, white space or \".0\" only:"
              + " rows "
              + shown(alike)
              + "; if they are one, write them alike, or one patient may be in two splits");
    }
    return List.copyOf(warnings);
  }

  private static String shown(List<String> pairs) {
    int more = pairs.size() - SHOWN;
    return String.join(", ", pairs.subList(0, Math.min(SHOWN, pairs.size())))
        + (more > 0 ? " and " + more + " more" : "");
  }

  /**
   * Rows of patients with ids that look alike: the first of each spelling beside the very first.
   */
  private List<String> patientsAlike() {
    Map<String, ManifestRow> first = new HashMap<>();
    Set<String> spellings = new HashSet<>();
    List<String> pairs = new ArrayList<>();
    for (ManifestRow row : rows) {
      boolean named = !row.patient().equals(row.volume().toString());
      if (named && spellings.add(row.patient())) {
        ManifestRow earlier = first.putIfAbsent(Cells.blurred(row.patient()), row);
        if (earlier != null) {
          pairs.add(earlier.row() + " and " + row.row());
        }
      }
    }
    return pairs;
  }

  /** The rows of a split; all rows when the manifest assigns none. */
  public List<ManifestRow> select(Split split) {
    return hasSplits() ? rows.stream().filter(r -> r.split() == split).toList() : rows;
  }
}
