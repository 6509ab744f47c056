package io.t3d.data.dataset;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** Writes manifests. */
final class ManifestCsv {
  private ManifestCsv() {}

  static void write(Path file, List<ManifestRow> rows) throws IOException {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("A manifest needs at least one row, got none");
    }
    Path target = file.toAbsolutePath().normalize();
    Files.createDirectories(target.getParent());
    Path temp = Files.createTempFile(target.getParent(), target.getFileName().toString(), ".tmp");
    try {
      try (BufferedWriter writer = Files.newBufferedWriter(temp, StandardCharsets.UTF_8)) {
        print(writer, target.getParent(), rows);
      }
      move(temp, target);
    } finally {
      Files.deleteIfExists(temp);
    }
  }

  private static void move(Path temp, Path target) throws IOException {
    try {
      Files.move(temp, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temp, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void print(Appendable out, Path folder, List<ManifestRow> rows)
      throws IOException {
    Set<String> labels = new LinkedHashSet<>();
    rows.forEach(r -> labels.addAll(r.labels().keySet()));
    boolean masks = rows.stream().anyMatch(r -> r.mask().isPresent());
    List<String> header =
        new ArrayList<>(List.of(Columns.VOLUME, Columns.REPORT, Columns.SPLIT, Columns.PATIENT));
    if (masks) {
      header.add(Columns.MASK);
    }
    labels.forEach(name -> header.add(Columns.LABEL_PREFIX + name));
    CSVFormat format = CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();
    try (CSVPrinter printer = new CSVPrinter(out, format)) {
      printer.printRecord(header);
      for (ManifestRow row : rows) {
        printer.printRecord(cells(folder, row, masks, labels));
      }
    }
  }

  private static List<String> cells(
      Path folder, ManifestRow row, boolean masks, Set<String> labels) {
    List<String> cells = new ArrayList<>();
    cells.add(pathText(folder, row.volume()));
    cells.add(row.report());
    cells.add(row.split().text());
    // The stand-in for a missing patient is not written: it would not survive a move of the files.
    cells.add(row.patient().equals(row.volume().toString()) ? "" : row.patient());
    if (masks) {
      cells.add(row.mask().map(m -> pathText(folder, m)).orElse(""));
    }
    for (String name : labels) {
      Boolean value = row.labels().get(name);
      cells.add(value == null ? "" : value ? "1" : "0");
    }
    return cells;
  }

  private static String pathText(Path folder, Path path) {
    Path full = path.toAbsolutePath().normalize();
    // Forward slashes, so that a manifest written on Windows is read elsewhere.
    return full.startsWith(folder)
        ? folder.relativize(full).toString().replace('\\', '/')
        : full.toString();
  }
}
