package io.t3d.data.published;

import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * BIMCV-R (Chen et al. 2024, arXiv:2403.15992; huggingface.co/datasets/cyd0806/BIMCV-R), as the
 * authors' loader expects it (github.com/ydchen0806/MedFinder, README and {@code BIMCVRDataset}):
 *
 * <pre>{@code
 * CT…/ct/sub-S03047_ses-E06208_run-1_bp-chest_ct.nii.gz
 * meta/curated_ct_report_path_En.csv                        columns path, Report_en
 * }</pre>
 *
 * <p>Files are found by the last part of {@code path}, as there. Patient and session are read from
 * {@code sub-…} and {@code ses-…} in {@code path}, the naming of BIMCV's data; that BIMCV-R keeps
 * it could not be verified in a copy of the set, so a row without them is an error rather than a
 * patient of its own. No split by patient is published (the authors' loader takes the first 80 % of
 * the rows), nor did we find a description of the set's label tables: studies come without split
 * and labels.
 */
final class BimcvRLayout implements DatasetLayout {
  private static final String TABLE = "curated_ct_report_path_En.csv";
  private static final Pattern VOLUME = Pattern.compile(".*\\.nii(\\.gz)?");
  private static final Pattern SUBJECT = Pattern.compile("sub-([A-Za-z0-9]+)");
  private static final Pattern SESSION = Pattern.compile("ses-([A-Za-z0-9]+)");

  @Override
  public String name() {
    return "bimcv-r";
  }

  @Override
  public Reading read(Path root) throws IOException {
    Reading.Collector out = new Reading.Collector();
    Optional<Path> table = SetFiles.find(List.of(root.resolve("meta"), root), TABLE);
    if (table.isEmpty()) {
      out.problem("no " + TABLE + " in " + root + " nor in its folder meta; unpack meta.zip there");
      return out.result();
    }
    Map<String, Path> files = SetFiles.byName(root, 5, VOLUME);
    SideTable<String> reports = new SideTable<>(out);
    Table.read(
        table.get(), List.of("path", "Report_en"), out, row -> study(row, files, reports, out));
    files.keySet().stream().filter(f -> !reports.has(f)).forEach(f -> out.drop(Drop.NO_ROW));
    return out.result();
  }

  private static void study(
      Table.Row row, Map<String, Path> files, SideTable<String> reports, Reading.Collector out) {
    String path = row.get("path").replace('\\', '/');
    String name = path.replaceFirst(".*/", "");
    Matcher subject = SUBJECT.matcher(path);
    if (!VOLUME.matcher(name).matches() || !subject.find()) {
      out.badRow(
          row,
          "path must end with a .nii.gz and hold sub-…, from which the patient is known; splits by"
              + " patient need it");
      return;
    }
    String report = row.text("Report_en");
    if (!reports.put(name, report, row)) {
      return;
    }
    if (!files.containsKey(name)) {
      out.drop(Drop.NO_FILE);
    } else if (report.isEmpty()) {
      out.drop(Drop.NO_REPORT);
    } else {
      Matcher session = SESSION.matcher(path);
      String scan = subject.group(1) + "/" + (session.find() ? session.group(1) : name);
      out.study(
          new Study(
              name,
              subject.group(1),
              scan,
              files.get(name),
              report,
              Split.UNASSIGNED,
              Map.of(),
              Calibration.none()));
    }
  }
}
