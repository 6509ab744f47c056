package io.t3d.data.prepare;

import io.t3d.data.manifest.BadRow;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** The list of rows that could not be prepared: row, file and reason, but no patient. */
final class Quarantine {
  private Quarantine() {}

  /** Replaces the list; there is none when nothing is bad. */
  static void write(PreparedFolder folder, List<BadRow> bad) throws IOException {
    if (bad.isEmpty()) {
      Files.deleteIfExists(folder.quarantine());
      return;
    }
    StringBuilder text = new StringBuilder();
    CSVFormat format = CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();
    try (CSVPrinter printer = new CSVPrinter(text, format)) {
      printer.printRecord("row", "file", "reason");
      for (BadRow b : bad) {
        printer.printRecord(b.row().row(), b.row().volume(), b.reason());
      }
    }
    folder.replace(folder.quarantine(), text.toString());
  }
}
