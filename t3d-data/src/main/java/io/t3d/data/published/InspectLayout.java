package io.t3d.data.published;

import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * INSPECT (Huang et al. 2023, arXiv:2311.10798; som-shahlab/INSPECT_public): CT pulmonary
 * angiographies of Stanford with the impressions of their reports. The release at Stanford AIMI:
 *
 * <pre>{@code
 * full/CTPA/PE….nii.gz
 * full/impressions_20250611.tsv      impression_id, impressions
 * full/study_mapping_20250611.tsv    impression_id, image_id, person_id, …
 * full/splits_20250611.tsv           impression_id, split (train, valid, test)
 * full/labels_20250611.tsv           impression_id, pe_positive, …, 1_month_mortality, …
 * }</pre>
 *
 * <p>The tables' names and columns are those that public code reads (the benchmark's {@code
 * image/radfusion3/data/dataset_2d.py}, commit 01f5830, joins {@code image_id}, {@code split} and
 * labels by {@code impression_id}); the tables themselves are behind a data use agreement and could
 * not be looked at. {@code image_id} is taken with and without {@code .nii.gz}. Labels: all columns
 * whose names begin with {@code pe_}, or end with {@code mortality}, {@code readmission} or {@code
 * PH}, by the set's names; "Censored" is unknown.
 */
final class InspectLayout implements DatasetLayout {
  private static final String ID = "impression_id";
  private static final String IMAGE = "image_id";
  private static final String PERSON = "person_id";
  private static final String TEXT = "impressions";
  private static final Pattern VOLUME = Pattern.compile(".*\\.nii\\.gz");
  private static final Pattern LABEL =
      Pattern.compile("pe_.*|\\d+_months?_(mortality|readmission|PH)");

  @Override
  public String name() {
    return "inspect";
  }

  @Override
  public Reading read(Path root) throws IOException {
    List<Path> folders = List.of(root, root.resolve("full"));
    Reading.Collector out = new Reading.Collector();
    SideTable<String> reports = new SideTable<>(out);
    SideTable<Split> splits = new SideTable<>(out);
    SideTable<Map<String, Boolean>> labels = new SideTable<>(out);
    LabelCells cells =
        new LabelCells(c -> LABEL.matcher(c).matches() ? Optional.of(c) : Optional.empty());
    table(
        folders,
        "impressions",
        true,
        List.of(ID, TEXT),
        out,
        row -> reports.put(row.get(ID), row.text(TEXT), row));
    table(folders, "splits", true, List.of(ID, "split"), out, row -> split(row, splits, out));
    table(folders, "labels", false, List.of(ID), out, row -> labels(row, cells, labels, out));
    Map<String, Path> files = SetFiles.byName(root, 4, VOLUME);
    SideTable<List<String>> studies = new SideTable<>(out);
    table(
        folders,
        "study_mapping",
        true,
        List.of(ID, IMAGE, PERSON),
        out,
        row -> {
          String id = row.get(ID);
          String image = row.get(IMAGE).replaceFirst("\\.nii\\.gz$", "") + ".nii.gz";
          if (row.get(PERSON).isEmpty()) {
            out.badRow(row, "person_id is empty; splits by patient need it");
          } else if (studies.put(image, List.of(id, row.get(PERSON)), row)) {
            Path file = files.get(image);
            study(row, image, file, reports.get(id), splits.get(id), labels.get(id), out);
          }
        });
    if (!out.hasProblems()) {
      files.keySet().stream().filter(f -> !studies.has(f)).forEach(f -> out.drop(Drop.NO_ROW));
    }
    return out.result();
  }

  private static void study(
      Table.Row row,
      String image,
      Path file,
      Optional<String> report,
      Optional<Split> split,
      Optional<Map<String, Boolean>> labels,
      Reading.Collector out) {
    if (file == null) {
      out.drop(Drop.NO_FILE);
    } else if (report.orElse("").isEmpty()) {
      out.drop(Drop.NO_REPORT);
    } else if (split.isEmpty()) {
      out.badRow(row, "has no usable row in the table of splits");
    } else {
      out.study(
          new Study(
              image,
              row.get(PERSON),
              row.get(ID),
              file,
              report.get(),
              split.get(),
              labels.orElse(Map.of()),
              Calibration.none()));
    }
  }

  private static void split(Table.Row row, SideTable<Split> splits, Reading.Collector out) {
    Split split = SetFiles.split(row.get("split"));
    if (split == Split.UNASSIGNED) {
      out.badRow(row, "split must be train, valid or test, got \"" + row.get("split") + "\"");
    } else {
      splits.put(row.get(ID), split, row);
    }
  }

  private static void labels(
      Table.Row row,
      LabelCells cells,
      SideTable<Map<String, Boolean>> labels,
      Reading.Collector out) {
    try {
      labels.put(row.get(ID), cells.read(row), row);
    } catch (IllegalArgumentException e) {
      out.badRow(row, e.getMessage());
    }
  }

  private static void table(
      List<Path> folders,
      String prefix,
      boolean needed,
      List<String> columns,
      Reading.Collector out,
      Consumer<Table.Row> consumer)
      throws IOException {
    Pattern name = Pattern.compile(prefix + "(_\\d+)?\\.(tsv|csv)");
    Optional<Path> file = SetFiles.findLast(folders, name);
    if (file.isPresent()) {
      Table.read(file.get(), columns, out, consumer);
    } else if (needed) {
      out.problem(
          "no "
              + prefix
              + "_….tsv in "
              + folders.get(0)
              + " nor in its folder full; download it from Stanford AIMI");
    }
  }
}
