package io.t3d.data.published;

import io.t3d.core.internal.DidYouMean;
import io.t3d.data.internal.Cells;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * A set's table: CSV, or tab-separated when its name ends with {@code .tsv}, in UTF-8 with or
 * without byte order mark. Read row by row: RAD-ChestCT's have more than 4,000 columns.
 */
final class Table {
  private static final int COLUMNS_SHOWN = 30;

  private final Path file;
  private final Reading.Collector out;
  private final Map<String, Integer> columns = new LinkedHashMap<>();

  private Table(Path file, Reading.Collector out) {
    this.file = file;
    this.out = out;
  }

  /** A row; its text names table and row number as a spreadsheet counts, but no content. */
  record Row(String table, long number, Map<String, Integer> columns, CSVRecord cells) {
    /** The cell of a column, without white space around it; empty when there is no such column. */
    String get(String column) {
      Integer index = columns.get(column);
      return index == null ? "" : Cells.strip(cells.get(index));
    }

    /**
     * The same of a report, or a part of one: empty too when it says but {@code nan} or the like.
     */
    String text(String column) {
      String cell = get(column);
      return Cells.saysNothing(cell) ? "" : cell;
    }

    @Override
    public String toString() {
      return table + " row " + number;
    }
  }

  /**
   * Hands on each row. Missing columns and unreadable files are problems, rows of another length
   * bad rows.
   */
  static void read(Path file, List<String> required, Reading.Collector out, Consumer<Row> consumer)
      throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      reader.mark(1);
      if (reader.read() != '\uFEFF') {
        reader.reset();
      }
      new Table(file, out).rows(CSVParser.parse(reader, format(file)), required, consumer);
    } catch (UncheckedIOException e) {
      out.problem(problem(file, e.getCause()));
    } catch (CharacterCodingException e) {
      out.problem(problem(file, e));
    }
  }

  private static String problem(Path file, IOException e) {
    return e instanceof CharacterCodingException
        ? file + " is not UTF-8; download it again"
        : file + " is not a valid table: " + e.getMessage();
  }

  private static CSVFormat format(Path file) {
    CSVFormat.Builder format = CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true);
    return (file.toString().endsWith(".tsv") ? format.setDelimiter('\t') : format).get();
  }

  private void rows(CSVParser parser, List<String> required, Consumer<Row> consumer) {
    Iterator<CSVRecord> records = parser.iterator();
    if (!records.hasNext()) {
      out.problem(file + " is empty");
      return;
    }
    CSVRecord header = records.next();
    for (int i = 0; i < header.size(); i++) {
      if (columns.putIfAbsent(header.get(i).strip(), i) != null) {
        out.problem(file + ": column \"" + header.get(i).strip() + "\" appears twice");
      }
    }
    required.stream().filter(c -> !columns.containsKey(c)).forEach(this::missing);
    if (!columns.keySet().containsAll(required)) {
      return;
    }
    String name = file.getFileName().toString();
    while (records.hasNext()) {
      CSVRecord record = records.next();
      Row row = new Row(name, record.getRecordNumber(), columns, record);
      if (record.size() == header.size()) {
        consumer.accept(row);
      } else {
        out.badRow(row, "has " + record.size() + " cells, expected " + header.size());
      }
    }
  }

  private void missing(String column) {
    List<String> got = columns.keySet().stream().limit(COLUMNS_SHOWN).toList();
    out.problem(
        file
            + ": column \""
            + column
            + "\" is missing; got "
            + String.join(", ", got)
            + (columns.size() > got.size() ? ", …" : "")
            + DidYouMean.suggest(column, columns.keySet())
                .map(c -> "; is it \"" + c + "\"? Rename it in the table")
                .orElse(""));
  }
}
