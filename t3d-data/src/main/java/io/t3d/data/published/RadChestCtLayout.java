package io.t3d.data.published;

import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * RAD-ChestCT (Draelos et al. 2021, doi:10.1016/j.media.2020.101857; zenodo.org/records/6406114):
 *
 * <pre>{@code
 * <NoteAcc_DEID>.npz                               see io.t3d.data.io.internal.format.RadChestCtReader
 * imgtrain_Abnormality_and_Location_Labels.csv     NoteAcc_DEID, then <abnormality>*<location>, 0 or 1
 * imgvalid_…, imgtest_…
 * CT_Scan_Metadata_Complete_35747.csv              NoteAcc_DEID, MRN_DEID, …
 * }</pre>
 *
 * <p>The public release has no reports, so the set serves for transfer only: its studies have an
 * empty report and go to a manifest of their own. Sentences made from the labels would be no
 * reports, and retrieval figures on them meaningless.
 *
 * <p>An abnormality is present when it is present at any location. Labels bear the set's names with
 * spaces for underscores, so that prompts can be built from them. The authors' split is kept. The
 * columns {@code NoteAcc_DEID} and {@code MRN_DEID} and the form of the labels are those that
 * public code reads (f10409/RadHarmony); the tables themselves could not be looked at.
 */
final class RadChestCtLayout implements DatasetLayout {
  private static final String ID = "NoteAcc_DEID";
  private static final String PATIENT = "MRN_DEID";
  private static final Pattern METADATA = Pattern.compile("CT_Scan_Metadata_Complete.*\\.csv");
  private static final Pattern VOLUME = Pattern.compile(".*\\.npz");
  private static final String LABELS = "_Abnormality_and_Location_Labels.csv";

  @Override
  public String name() {
    return "rad-chestct";
  }

  @Override
  public Reading read(Path root) throws IOException {
    Reading.Collector out = new Reading.Collector();
    List<Path> folders = List.of(root, root.resolve("tables"), root.resolve("metadata"));
    SideTable<String> patients = new SideTable<>(out);
    Optional<Path> metadata = SetFiles.findLast(folders, METADATA);
    if (metadata.isPresent()) {
      Table.read(
          metadata.get(),
          List.of(ID, PATIENT),
          out,
          row -> patients.put(row.get(ID), row.get(PATIENT), row));
    } else {
      out.problem("no CT_Scan_Metadata_Complete_….csv in " + root + "; it tells the patients");
    }
    Map<String, Path> files = SetFiles.byName(root, 3, VOLUME);
    SideTable<Map<String, Boolean>> studies = new SideTable<>(out);
    LabelCells cells = new LabelCells(RadChestCtLayout::label);
    boolean any = false;
    for (String part : List.of("train", "valid", "test")) {
      Optional<Path> table = SetFiles.find(folders, "img" + part + LABELS);
      any |= table.isPresent();
      if (table.isPresent()) {
        Split split = SetFiles.split(part);
        Table.read(
            table.get(),
            List.of(ID),
            out,
            row -> study(row, cells, split, files, patients, studies, out));
      }
    }
    if (!any) {
      out.problem(
          "no img{train,valid,test}" + LABELS + " in " + root + "; download one from Zenodo");
    }
    files.keySet().stream().filter(f -> !studies.has(f)).forEach(f -> out.drop(Drop.NO_ROW));
    return out.result();
  }

  private static void study(
      Table.Row row,
      LabelCells cells,
      Split split,
      Map<String, Path> files,
      SideTable<String> patients,
      SideTable<Map<String, Boolean>> studies,
      Reading.Collector out) {
    String name = row.get(ID) + ".npz";
    Map<String, Boolean> labels;
    try {
      labels = cells.read(row);
    } catch (IllegalArgumentException e) {
      out.badRow(row, e.getMessage());
      return;
    }
    if (!studies.put(name, labels, row)) {
      return;
    }
    String patient = patients.get(row.get(ID)).orElse("");
    if (!files.containsKey(name)) {
      out.drop(Drop.NO_FILE);
    } else if (patient.isEmpty()) {
      out.badRow(row, "has no MRN_DEID in the metadata; splits by patient need it");
    } else {
      out.study(
          new Study(name, patient, name, files.get(name), "", split, labels, Calibration.none()));
    }
  }

  private static Optional<String> label(String column) {
    return column.equals(ID)
        ? Optional.empty()
        : Optional.of(column.replaceFirst("\\*.*", "").replace('_', ' '));
  }
}
