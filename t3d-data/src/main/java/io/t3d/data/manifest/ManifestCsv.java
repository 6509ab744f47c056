package io.t3d.data.manifest;

import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.OsPaths;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** Writes manifests. */
final class ManifestCsv {
  private ManifestCsv() {}

  static void write(Path file, List<ManifestRow> rows) throws IOException {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("A manifest needs at least one row, got none");
    }
    Path target = OsPaths.resolve(file);
    AtomicFiles.write(
        target,
        channel -> {
          Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
          print(writer, target.getParent(), rows);
          writer.flush();
        });
  }

  private static void print(Appendable out, Path folder, List<ManifestRow> rows)
      throws IOException {
    Set<String> labels = new LinkedHashSet<>();
    rows.forEach(r -> labels.addAll(r.labels().keySet()));
    List<Column> columns = columns(folder, rows);
    labels.forEach(name -> columns.add(new Column(Columns.LABEL_PREFIX + name, label(name))));
    CSVFormat format = CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();
    // Not closed: that would close the channel before it is forced to the disk.
    CSVPrinter printer = new CSVPrinter(out, format);
    printer.printRecord(columns.stream().map(Column::name));
    for (ManifestRow row : rows) {
      printer.printRecord(columns.stream().map(c -> c.cell().apply(row)));
    }
  }

  private record Column(String name, Function<ManifestRow, String> cell) {}

  /** The columns but for labels; those that would be empty in all rows are left out. */
  private static List<Column> columns(Path folder, List<ManifestRow> rows) {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column(Columns.VOLUME, r -> pathText(folder, r.volume())));
    if (rows.stream().anyMatch(r -> !r.report().isEmpty())) {
      columns.add(new Column(Columns.REPORT, ManifestRow::report));
    }
    columns.add(new Column(Columns.SPLIT, r -> r.split().text()));
    columns.add(new Column(Columns.PATIENT, ManifestCsv::patient));
    List<Column> optional = new ArrayList<>();
    optional.add(new Column(Columns.MASK, r -> r.mask().map(m -> pathText(folder, m)).orElse("")));
    List<String> calibration = List.of(Columns.SLOPE, Columns.INTERCEPT, Columns.SPACING);
    for (int i = 0; i < calibration.size(); i++) {
      int at = i;
      optional.add(
          new Column(calibration.get(i), r -> CalibrationCells.print(r.calibration()).get(at)));
    }
    optional.add(new Column(Columns.SOURCE, r -> r.origin().source()));
    optional.add(new Column(Columns.ID, r -> r.origin().id()));
    optional.stream()
        .filter(c -> rows.stream().anyMatch(r -> !c.cell().apply(r).isEmpty()))
        .forEach(columns::add);
    return columns;
  }

  /**
   * The stand-in for a missing patient is not written: it would not survive a move of the files.
   */
  private static String patient(ManifestRow row) {
    return row.patient().equals(row.volume().toString()) ? "" : row.patient();
  }

  private static Function<ManifestRow, String> label(String name) {
    return row -> {
      Boolean value = row.labels().get(name);
      return value == null ? "" : value ? "1" : "0";
    };
  }

  private static String pathText(Path folder, Path path) {
    Path full = OsPaths.resolve(path);
    // Forward slashes, so that a manifest written on Windows is read elsewhere.
    return full.startsWith(folder)
        ? folder.relativize(full).toString().replace('\\', '/')
        : full.toString();
  }
}
