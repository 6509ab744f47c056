package io.t3d.data.internal.survey;

import io.t3d.core.T3dException;
import io.t3d.data.internal.survey.SurveyRow.Verdict;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CSV file of a survey. Each row is written at once, as a line, when it is known; a process
 * that is killed leaves at most one line without its end, which the next one cuts off.
 */
final class SurveyTable implements AutoCloseable {
  static final List<String> HEADER =
      List.of(
          "path",
          "kind",
          "size",
          "spacing",
          "orientation",
          "range",
          "slices",
          "verdict",
          "message");

  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();

  private static final Logger LOG = LoggerFactory.getLogger(SurveyTable.class);

  private final FileChannel channel;
  private final Set<String> paths = new HashSet<>();
  private final Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);

  private SurveyTable(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Opens a table to go on with, or makes it.
   *
   * @throws T3dException when the file is no table of a survey
   * @throws IOException when it cannot be written, or another process writes it
   */
  static SurveyTable open(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    SurveyTable table = new SurveyTable(channel);
    try {
      table.lock(file);
      table.load(file);
      return table;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void lock(Path file) throws IOException {
    try {
      if (channel.tryLock() != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      // Held by this process; the same to the user.
    } catch (IOException e) {
      LOG.warn(
          "{} is on a file system without locks ({}): nothing keeps a second survey out of it",
          file,
          e.getMessage());
      return;
    }
    throw new IOException(
        file + " is being written by another survey; wait for it, or name another file");
  }

  private void load(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(channel.size()));
    int read = 0;
    while (bytes.hasRemaining() && read >= 0) {
      read = channel.read(bytes);
    }
    String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    String whole = text.substring(0, text.lastIndexOf('\n') + 1);
    if (whole.isEmpty() && !String.join(",", HEADER).startsWith(text)) {
      throw otherFile(file);
    }
    try (CSVParser parser = CSVParser.parse(new StringReader(whole), FORMAT)) {
      for (CSVRecord record : parser) {
        take(file, record);
      }
    } catch (UncheckedIOException e) {
      throw otherFile(file);
    }
    channel.truncate(whole.getBytes(StandardCharsets.UTF_8).length);
    channel.position(channel.size());
    if (whole.isEmpty()) {
      append(HEADER);
    }
  }

  private void take(Path file, CSVRecord record) {
    if (record.getRecordNumber() == 1) {
      if (!record.toList().equals(HEADER)) {
        throw otherFile(file);
      }
      return;
    }
    for (Verdict verdict : Verdict.values()) {
      if (record.size() == HEADER.size()
          && verdict.text().equals(record.get(HEADER.indexOf("verdict")))) {
        paths.add(record.get(0));
        counts.merge(verdict, 1, Integer::sum);
        return;
      }
    }
    throw otherFile(file);
  }

  private static T3dException otherFile(Path file) {
    return new T3dException(
        T3dException.Kind.USAGE,
        file
            + " is there and no table of this survey, whose columns are "
            + String.join(",", HEADER)
            + "; name another file, or remove it");
  }

  /** Whether the table has a row of this path. */
  boolean has(Path path) {
    return paths.contains(SurveyRow.oneLine(path.toString()));
  }

  /** How many rows have a verdict. */
  synchronized int count(Verdict verdict) {
    return counts.getOrDefault(verdict, 0);
  }

  /** Writes a row; may be called by several threads. */
  synchronized void add(SurveyRow row) throws IOException {
    append(
        List.of(
            row.path(),
            row.kind(),
            row.size(),
            row.spacing(),
            row.orientation(),
            row.range(),
            row.slices(),
            row.verdict().text(),
            row.message()));
    counts.merge(row.verdict(), 1, Integer::sum);
  }

  private void append(List<String> cells) throws IOException {
    String line = FORMAT.format(cells.toArray()) + "\n";
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(line);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close(); // and its lock
  }
}
