package io.t3d.data.published;

import com.google.common.base.Splitter;
import io.t3d.core.volume.Spacing;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * CT-RATE (Hamamci et al. 2024, arXiv:2403.17834; huggingface.co/datasets/ibrahimhamamci/CT-RATE):
 *
 * <pre>{@code
 * dataset/train/train_1/train_1_a/train_1_a_1.nii.gz     patient 1, scan a, reconstruction 1
 * dataset/train_fixed/…, dataset/valid/…, dataset/valid_fixed/…
 * dataset/radiology_text_reports/train_reports.csv, validation_reports.csv
 * dataset/multi_abnormality_labels/train_predicted_labels.csv, valid_predicted_labels.csv
 * dataset/metadata/train_metadata.csv, validation_metadata.csv, no_chest_train.txt, no_chest_valid.txt
 * }</pre>
 *
 * <p>The first release ({@code train}, {@code valid}) holds stored values: rescale slope, intercept
 * and spacing are in the metadata table, from where CT-CLIP's own loader takes them ({@code
 * scripts/data.py}, commit a2a155c: {@code slope * get_fdata() + intercept}; issue 28 of CT-CLIP:
 * the header's slope and intercept are defaults of the conversion). The second release ({@code
 * train_fixed}, {@code valid_fixed}) holds HU; rescaling it again is a known error (issue 50). So
 * the folder's name decides, unless {@link CalibrationSource} says otherwise. When both releases
 * are there, the second is taken.
 *
 * <p>A report is {@code Findings_EN} and {@code Impressions_EN}, without those that say nothing
 * ("Not given.", nan). The 18 labels were predicted by the authors' text classifier from the
 * reports. The authors' split is kept: {@code valid} becomes {@code validation}.
 */
final class CtRateLayout implements DatasetLayout {
  private static final Pattern NAME =
      Pattern.compile("(((train|valid)_\\d+)_[a-z]+)_\\d+\\.nii\\.gz");
  private static final String VOLUME_NAME = "VolumeName";
  private static final List<String> SECTIONS = List.of("Findings_EN", "Impressions_EN");
  private static final List<String> METADATA =
      List.of(VOLUME_NAME, "RescaleSlope", "RescaleIntercept", "XYSpacing", "ZSpacing");

  /** The files of one split. */
  private record Part(
      String folder, String reports, String labels, String metadata, String noChest, Split split) {
    static final Part TRAIN =
        new Part(
            "train",
            "train_reports.csv",
            "train_predicted_labels.csv",
            "train_metadata.csv",
            "no_chest_train.txt",
            Split.TRAIN);
    static final Part VALID =
        new Part(
            "valid",
            "validation_reports.csv",
            "valid_predicted_labels.csv",
            "validation_metadata.csv",
            "no_chest_valid.txt",
            Split.VALIDATION);
  }

  private final CalibrationSource calibrationSource;

  CtRateLayout(CalibrationSource calibrationSource) {
    this.calibrationSource = Objects.requireNonNull(calibrationSource, "calibrationSource");
  }

  @Override
  public String name() {
    return "ct-rate";
  }

  /**
   * {@inheritDoc}
   *
   * @param root the folder {@code dataset} of CT-RATE, or the one that holds it
   */
  @Override
  public Reading read(Path root) throws IOException {
    Path base = Files.isDirectory(root.resolve("dataset")) ? root.resolve("dataset") : root;
    Reading.Collector out = new Reading.Collector();
    boolean any = false;
    for (Part part : List.of(Part.TRAIN, Part.VALID)) {
      Path fixed = base.resolve(part.folder() + "_fixed");
      Path folder = Files.isDirectory(fixed) ? fixed : base.resolve(part.folder());
      if (Files.isDirectory(folder)) {
        any = true;
        new PartReader(base, folder, part, out).read();
      }
    }
    if (!any) {
      out.problem(
          base
              + " has none of the folders train, train_fixed, valid, valid_fixed; give CT-RATE's"
              + " folder dataset");
    }
    return out.result();
  }

  /** Reads one split. */
  private final class PartReader {
    private final List<Path> tableFolders;
    private final Path folder;
    private final Part part;
    private final Reading.Collector out;
    private final SideTable<String> reports;
    private final SideTable<Map<String, Boolean>> labels;
    private final SideTable<Calibration> calibrations;

    PartReader(Path base, Path folder, Part part, Reading.Collector out) {
      this.tableFolders =
          List.of(
              base.resolve("radiology_text_reports"),
              base.resolve("multi_abnormality_labels"),
              base.resolve("metadata"),
              base);
      this.folder = folder;
      this.part = part;
      this.out = out;
      reports = new SideTable<>(out);
      labels = new SideTable<>(out);
      calibrations = new SideTable<>(out);
    }

    void read() throws IOException {
      Map<String, Path> files = SetFiles.byName(folder, 4, NAME);
      Set<String> noChest = noChest();
      labels();
      if (calibrated()) {
        metadata();
      }
      Optional<Path> table = table(part.reports());
      if (table.isEmpty()) {
        return;
      }
      List<String> required = List.of(VOLUME_NAME, SECTIONS.get(0), SECTIONS.get(1));
      Table.read(table.get(), required, out, row -> study(row, files, noChest));
      files.keySet().stream().filter(f -> !reports.has(f)).forEach(f -> out.drop(Drop.NO_ROW));
    }

    private void study(Table.Row row, Map<String, Path> files, Set<String> noChest) {
      String name = row.get(VOLUME_NAME);
      Matcher parts = NAME.matcher(name);
      if (!parts.matches() || !parts.group(3).equals(part.folder())) {
        out.badRow(
            row, "VolumeName must be like " + part.folder() + "_1_a_1.nii.gz; is the row shifted?");
        return;
      }
      String report = report(row);
      if (!reports.put(name, report, row)) {
        return;
      }
      Optional<Calibration> calibration =
          calibrated() ? calibrations.get(name) : Optional.of(Calibration.none());
      if (noChest.contains(name)) {
        out.drop(Drop.NO_CHEST);
      } else if (!files.containsKey(name)) {
        out.drop(Drop.NO_FILE);
      } else if (report.isEmpty()) {
        out.drop(Drop.NO_REPORT);
      } else if (calibration.isEmpty()) {
        out.badRow(row, "has no usable row in " + part.metadata() + ", which holds its slope");
      } else {
        out.study(
            new Study(
                name,
                parts.group(2),
                parts.group(1),
                files.get(name),
                report,
                part.split(),
                labels.get(name).orElse(Map.of()),
                calibration.get()));
      }
    }

    private boolean calibrated() {
      return switch (calibrationSource) {
        case METADATA -> true;
        case HEADER -> false;
        case BY_FOLDER -> !folder.getFileName().toString().endsWith("_fixed");
      };
    }

    private void labels() throws IOException {
      Optional<Path> table = SetFiles.find(tableFolders, part.labels());
      if (table.isEmpty()) {
        return; // Pre-training needs none.
      }
      LabelCells cells =
          new LabelCells(c -> c.equals(VOLUME_NAME) ? Optional.empty() : Optional.of(c));
      Table.read(
          table.get(),
          List.of(VOLUME_NAME),
          out,
          row -> {
            try {
              labels.put(row.get(VOLUME_NAME), cells.read(row), row);
            } catch (IllegalArgumentException e) {
              out.badRow(row, e.getMessage());
            }
          });
    }

    private void metadata() throws IOException {
      Optional<Path> table = table(part.metadata());
      if (table.isEmpty()) {
        return;
      }
      Table.read(
          table.get(),
          METADATA,
          out,
          row -> {
            try {
              calibrations.put(row.get(VOLUME_NAME), calibration(row), row);
            } catch (IllegalArgumentException e) {
              out.badRow(row, e.getMessage());
            }
          });
    }

    private Set<String> noChest() throws IOException {
      Set<String> names = new HashSet<>();
      Optional<Path> list = SetFiles.find(tableFolders, part.noChest());
      if (list.isPresent()) {
        // Lines may be names or paths.
        Files.readAllLines(list.get())
            .forEach(line -> names.add(line.strip().replaceFirst(".*/", "")));
      }
      return names;
    }

    private Optional<Path> table(String name) {
      Optional<Path> table = SetFiles.find(tableFolders, name);
      if (table.isEmpty()) {
        out.problem(
            "no "
                + name
                + " in "
                + tableFolders.get(3)
                + " nor in its folders radiology_text_reports and metadata; download it");
      }
      return table;
    }
  }

  private static String report(Table.Row row) {
    StringBuilder text = new StringBuilder();
    for (String section : SECTIONS) {
      String part = row.text(section);
      if (!part.isEmpty()) {
        text.append(text.isEmpty() ? "" : "\n").append(part);
      }
    }
    return text.toString();
  }

  private static Calibration calibration(Table.Row row) {
    // As in DICOM's PixelSpacing: between rows first, then between columns.
    List<String> xy =
        Splitter.on(',').splitToList(row.get("XYSpacing").replaceAll("[\\[\\]'\"]", ""));
    double y = number("XYSpacing", xy.get(0));
    double x = xy.size() == 1 ? y : number("XYSpacing", xy.get(1));
    double z = Math.abs(number("ZSpacing", row.get("ZSpacing")));
    return new Calibration(
        number("RescaleSlope", row.get("RescaleSlope")),
        number("RescaleIntercept", row.get("RescaleIntercept")),
        Optional.of(new Spacing(z, y, x)));
  }

  private static double number(String column, String cell) {
    try {
      return Double.parseDouble(cell.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "column \"" + column + "\" must hold a number, got \"" + cell.strip() + "\"", e);
    }
  }
}
