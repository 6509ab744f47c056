package io.t3d.data.manifest;

import io.t3d.core.internal.OsPaths;
import io.t3d.data.internal.Cells;
import io.t3d.data.io.Locations;
import io.t3d.data.io.VolumeFinder;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/** Reads a manifest, collecting every problem before it gives up. */
final class ManifestParser {
  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).get();

  /** Columns whose cells are taken as they stand: a number that is none is an error, too. */
  private static final Set<String> OWN_WORDS =
      Set.of(Columns.VOLUME, Columns.REPORT, Columns.SLOPE, Columns.INTERCEPT, Columns.SPACING);

  /** Columns of names, where NA or Nil may be one; only what programs write is no name. */
  private static final Set<String> NAMES = Set.of(Columns.PATIENT, Columns.SPLIT);

  private static final Set<String> NULL = Set.of("", "nan", "none", "null");

  private final Path folder;
  private final List<String> header;
  private final List<String> problems = new ArrayList<>();
  private final Map<List<String>, Integer> seen = new HashMap<>();
  private final Map<Path, FirstUse> uses = new HashMap<>();
  private final Map<Path, ManifestRow> calibrated = new HashMap<>();

  private ManifestParser(Path file, List<String> header) {
    this.folder = OsPaths.resolve(file).getParent();
    this.header = header;
  }

  static Manifest parse(Path file) throws IOException {
    List<CSVRecord> records = records(file);
    if (records.isEmpty()) {
      throw new ManifestException(
          file, List.of("the file is empty; its first row must be volume,report,…"));
    }
    List<String> header = records.get(0).stream().map(String::strip).toList();
    List<String> problems = Columns.problems(header);
    if (!problems.isEmpty()) {
      throw new ManifestException(file, problems);
    }
    if (records.size() == 1) {
      throw new ManifestException(file, List.of("there is a header but no row of data"));
    }
    ManifestParser parser = new ManifestParser(file, header);
    List<ManifestRow> rows = parser.rows(records.subList(1, records.size()));
    if (!parser.problems.isEmpty()) {
      throw new ManifestException(file, parser.problems);
    }
    return new Manifest(rows, parser.labelNames());
  }

  private static List<CSVRecord> records(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new ManifestException(
          file, List.of("this is a folder; name the file in it, e.g. manifest.csv"));
    }
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      // Excel starts UTF-8 files with a byte order mark.
      Reader reader = new StringReader(text.startsWith("\uFEFF") ? text.substring(1) : text);
      try (CSVParser parser = CSVParser.parse(reader, FORMAT)) {
        return parser.getRecords();
      }
    } catch (CharacterCodingException e) {
      throw new ManifestException(file, List.of("the file is not UTF-8; save it as CSV UTF-8"));
    } catch (UncheckedIOException e) {
      throw new ManifestException(file, List.of("not valid CSV: " + e.getCause().getMessage()));
    }
  }

  private List<String> labelNames() {
    return header.stream()
        .filter(c -> c.startsWith(Columns.LABEL_PREFIX))
        .map(c -> c.substring(Columns.LABEL_PREFIX.length()))
        .toList();
  }

  private List<ManifestRow> rows(List<CSVRecord> records) {
    List<ManifestRow> rows = new ArrayList<>();
    for (CSVRecord record : records) {
      int number = Math.toIntExact(record.getRecordNumber());
      if (record.size() != header.size()) {
        problem(
            number,
            "has "
                + record.size()
                + " cells, expected "
                + header.size()
                + " as in the header; quote cells that hold commas");
        continue;
      }
      row(number, record).ifPresent(rows::add);
    }
    return rows;
  }

  /** Whether a cell is taken as empty: pandas and others write such a cell as a word. */
  private static boolean isEmpty(String column, String cell) {
    if (NAMES.contains(column)) {
      return NULL.contains(cell.toLowerCase(Locale.ROOT));
    }
    return !OWN_WORDS.contains(column) && Cells.saysNothing(cell);
  }

  /** Parses a row; empty when it has no usable volume, the other problems are noted anyway. */
  private Optional<ManifestRow> row(int number, CSVRecord record) {
    Map<String, String> cells = new HashMap<>();
    for (int i = 0; i < header.size(); i++) {
      String column = header.get(i);
      String cell = Cells.strip(record.get(i));
      cells.put(column, isEmpty(column, cell) ? "" : cell);
    }
    String report = cells.getOrDefault(Columns.REPORT, "");
    if (cells.containsKey(Columns.REPORT) && Cells.saysNothing(report)) {
      problem(
          number,
          (report.isEmpty() ? "the report is blank" : "\"" + report + "\" is no report")
              + "; write it or remove the row");
    }
    Optional<Path> volume =
        file(number, Columns.VOLUME, cells.get(Columns.VOLUME)).map(ManifestParser::volumeAt);
    if (volume.isEmpty() && cells.get(Columns.VOLUME).isEmpty()) {
      problem(number, "the cell of column volume is empty");
    }
    Optional<Path> mask = file(number, Columns.MASK, cells.getOrDefault(Columns.MASK, ""));
    Split split = split(number, cells.getOrDefault(Columns.SPLIT, ""));
    Map<String, Boolean> labels = labels(number, cells);
    volume.ifPresent(v -> noticeRepetition(number, OsPaths.identity(v), report, split));
    String patient = cells.getOrDefault(Columns.PATIENT, "");
    Calibration calibration = calibration(number, cells);
    Origin origin =
        new Origin(cells.getOrDefault(Columns.SOURCE, ""), cells.getOrDefault(Columns.ID, ""));
    Optional<ManifestRow> row =
        volume.map(
            v ->
                new ManifestRow(
                    number,
                    v,
                    report,
                    split,
                    patient.isEmpty() ? v.toString() : patient,
                    labels,
                    mask,
                    calibration,
                    origin));
    row.ifPresent(this::noticeOtherCalibration);
    return row;
  }

  /** The volume that a folder holds; the folder itself where reading it will tell what is wrong. */
  private static Path volumeAt(Path path) {
    try {
      return VolumeFinder.one(path);
    } catch (IOException e) {
      return path;
    }
  }

  private Calibration calibration(int number, Map<String, String> cells) {
    try {
      return CalibrationCells.parse(cells);
    } catch (IllegalArgumentException e) {
      problem(number, e.getMessage());
      return Calibration.none();
    }
  }

  private void noticeOtherCalibration(ManifestRow row) {
    ManifestRow earlier = calibrated.putIfAbsent(row.volume(), row);
    if (earlier != null && !earlier.calibration().equals(row.calibration())) {
      problem(
          row.row(),
          "has another slope, intercept or spacing than row "
              + earlier.row()
              + " of the same volume; correct one of them");
    }
  }

  private Optional<Path> file(int number, String column, String cell) {
    if (cell.isEmpty()) {
      return Optional.empty();
    }
    try {
      Path path = OsPaths.resolve(Locations.resolve(folder, cell));
      if (Files.exists(path)) {
        return Optional.of(path);
      }
      problem(
          number, column + " not found: " + path + "; paths are relative to the manifest's folder");
    } catch (InvalidPathException e) {
      problem(number, column + " is not a path: " + e.getMessage());
    }
    return Optional.empty();
  }

  private Split split(int number, String cell) {
    for (Split split : Split.values()) {
      if (split.text().equals(cell.toLowerCase(Locale.ROOT))) {
        return split;
      }
    }
    problem(number, "split must be train, validation, test or empty, got \"" + cell + "\"");
    return Split.UNASSIGNED;
  }

  private Map<String, Boolean> labels(int number, Map<String, String> cells) {
    Map<String, Boolean> labels = new LinkedHashMap<>();
    for (String name : labelNames()) {
      String cell = cells.get(Columns.LABEL_PREFIX + name);
      try {
        Cells.label(cell).ifPresent(label -> labels.put(name, label));
      } catch (IllegalArgumentException e) {
        problem(number, "label:" + name + " must be 0, 1 or empty (unknown), got \"" + cell + "\"");
      }
    }
    return labels;
  }

  /**
   * The same file by whatever name.
   *
   * @param file free of links
   */
  private void noticeRepetition(int number, Path file, String report, Split split) {
    Integer earlier = seen.putIfAbsent(List.of(file.toString(), report), number);
    if (earlier != null) {
      problem(number, "repeats row " + earlier + " (same volume and report); remove one of them");
      return;
    }
    if (split == Split.UNASSIGNED) {
      return;
    }
    FirstUse first = uses.putIfAbsent(file, new FirstUse(number, split));
    if (first != null && first.split() != split) {
      problem(
          number,
          "has the same volume as row "
              + first.row()
              + ", but is in the split "
              + split.text()
              + " and that one in "
              + first.split().text()
              + "; a scan must be in one split only");
    }
  }

  /** The first row that names a file, of those in a split. */
  private record FirstUse(int row, Split split) {}

  private void problem(int number, String text) {
    problems.add("row " + number + ": " + text);
  }
}
