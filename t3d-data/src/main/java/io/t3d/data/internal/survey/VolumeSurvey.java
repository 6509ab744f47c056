package io.t3d.data.internal.survey;

import io.t3d.core.T3dException;
import io.t3d.core.internal.Tasks;
import io.t3d.data.internal.survey.SurveyRow.Verdict;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Surveys a new dataset: reads every volume of a folder to the end and writes a table with a
 * verdict on each. Rows are written as they are done; a run that was killed goes on where it
 * stopped.
 */
public final class VolumeSurvey {
  private final Path folder;
  private final Path table;
  private final int threads;

  /**
   * Plans a survey.
   *
   * @param folder is searched by the rule of {@link VolumeFinder}
   * @param table the CSV file, in UTF-8; paths that it has rows of are skipped
   * @param threads volumes read at a time, ≥ 1
   */
  public VolumeSurvey(Path folder, Path table, int threads) {
    this.folder = Objects.requireNonNull(folder, "folder");
    this.table = Objects.requireNonNull(table, "table");
    this.threads = threads;
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be >= 1, got " + threads);
    }
  }

  /** Is told how far a survey is, from several threads, one at a time. */
  public interface Listener {
    /** So many of so many volumes have their row. */
    void done(int done, int all);
  }

  /**
   * What the table holds now.
   *
   * @param volumes rows
   * @param before rows that were there already
   * @param ok volumes without a fault
   * @param warnings volumes to look at
   * @param errors volumes that cannot be used
   */
  public record Summary(int volumes, int before, int ok, int warnings, int errors) {}

  /**
   * Surveys the folder.
   *
   * @throws T3dException when there is no volume, or the table's file is another one
   * @throws IOException when the folder cannot be searched or the table cannot be written
   */
  public Summary run(Listener listener) throws IOException {
    // The real path: two runs that spell the folder in two ways mean the same volumes.
    List<VolumeFinder.Found> all = VolumeFinder.find(folder.toRealPath());
    if (all.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "No volume in " + folder + ": neither a DICOM series nor a file that ends as one does");
    }
    try (SurveyTable rows = SurveyTable.open(table)) {
      List<VolumeFinder.Found> left = all.stream().filter(f -> !rows.has(f.path())).toList();
      int before = total(rows);
      Progress progress = new Progress(listener, all.size() - left.size(), all.size());
      survey(left, rows, progress);
      return new Summary(
          total(rows),
          before,
          rows.count(Verdict.OK),
          rows.count(Verdict.WARNING),
          rows.count(Verdict.ERROR));
    }
  }

  private static int total(SurveyTable rows) {
    return rows.count(Verdict.OK) + rows.count(Verdict.WARNING) + rows.count(Verdict.ERROR);
  }

  private static final class Progress {
    private final Listener listener;
    private final int all;
    private int done;

    Progress(Listener listener, int done, int all) {
      this.listener = listener;
      this.done = done;
      this.all = all;
      listener.done(done, all);
    }

    synchronized void step() {
      done++;
      listener.done(done, all);
    }
  }

  private void survey(List<VolumeFinder.Found> left, SurveyTable rows, Progress progress)
      throws IOException {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Boolean>> tasks = new ArrayList<>();
      for (VolumeFinder.Found found : left) {
        tasks.add(
            workers.submit(
                () -> {
                  rows.add(row(found));
                  progress.step();
                  return true;
                }));
      }
      for (Future<Boolean> task : tasks) {
        Tasks.result(
            task,
            cause -> new IOException(table + " cannot be written: " + cause.getMessage(), cause),
            e -> {
              InterruptedIOException stopped =
                  new InterruptedIOException("Interrupted while surveying " + folder);
              stopped.initCause(e);
              return stopped;
            });
      }
    } finally {
      workers.shutdownNow();
    }
  }

  /**
   * Reads one volume to its end.
   *
   * @return the row that it has in the table; a volume that cannot be used has the verdict {@link
   *     Verdict#ERROR}
   */
  public static SurveyRow row(VolumeFinder.Found found) {
    Path path = found.path();
    if (found.problem().isPresent()) {
      return SurveyRow.unreadable(path, found.problem().get());
    }
    VolumeInfo info;
    try {
      info = VolumeReaders.info(path);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      return SurveyRow.unreadable(path, reason(e));
    }
    SurveyValues values = new SurveyValues();
    try {
      VolumeReaders.read(path, values);
      return SurveyRow.of(path, info, values);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      return SurveyRow.unreadable(path, info, reason(e));
    }
  }

  private static String reason(Throwable e) {
    if (e instanceof OutOfMemoryError) {
      return "it needs more memory than Java has; raise -Xmx";
    }
    if (e instanceof NoSuchFileException) {
      return "no such file: " + e.getMessage();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
