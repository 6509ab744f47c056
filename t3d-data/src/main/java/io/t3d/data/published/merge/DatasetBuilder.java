package io.t3d.data.published.merge;

import io.t3d.core.T3dException;
import io.t3d.core.internal.OsPaths;
import io.t3d.data.manifest.Split;
import io.t3d.data.published.BuildSettings;
import io.t3d.data.published.DatasetLayout;
import io.t3d.data.published.LayoutException;
import io.t3d.data.published.Reading;
import io.t3d.data.published.Study;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Merges published datasets into one: reads their tables and the headers of their volumes, removes
 * duplicates, and ensures that no patient is in two splits. The same files and settings give the
 * same result. docs/datasets.md explains the rules.
 *
 * <pre>{@code
 * MergedDataset merged =
 *     new DatasetBuilder(BuildSettings.defaults())
 *         .add(DatasetLayout.ctRate(), ctRate)
 *         .add(DatasetLayout.radChestCt(), radChestCt)
 *         .build(Runtime.getRuntime().availableProcessors());
 * merged.write(out);
 * }</pre>
 *
 * <p>Patients of different sets are taken for different people: the sets' ids are pseudonyms, and
 * whether someone is in two of them cannot be known.
 */
public final class DatasetBuilder {
  private static final String ADVICE =
      "repair them, or leave rows out with --skip-bad (BuildSettings.skipBad)";

  private final BuildSettings settings;
  private final Map<DatasetLayout, Path> sets = new LinkedHashMap<>();
  private final Map<String, Map<String, Integer>> dropped = new LinkedHashMap<>();

  /** Merges by these rules. */
  public DatasetBuilder(BuildSettings settings) {
    this.settings = settings;
  }

  /** Adds a set. */
  public DatasetBuilder add(DatasetLayout layout, Path root) {
    sets.put(layout, OsPaths.resolve(root));
    return this;
  }

  /**
   * Reads and merges.
   *
   * @param threads headers read at a time
   * @throws LayoutException with all problems of all sets
   * @throws IOException when a folder or file cannot be read
   * @throws T3dException when no set was added
   */
  public MergedDataset build(int threads) throws IOException {
    if (sets.isEmpty()) {
      throw new T3dException(T3dException.Kind.USAGE, "Add at least one data set");
    }
    dropped.clear();
    List<String> problems = new ArrayList<>();
    List<String> badRows = new ArrayList<>();
    Map<String, List<SourcedStudy>> bySource = new LinkedHashMap<>();
    for (Map.Entry<DatasetLayout, Path> set : sets.entrySet()) {
      String source = set.getKey().name();
      Reading reading = set.getKey().read(set.getValue());
      dropped.put(source, new TreeMap<>(reading.dropped()));
      reading.problems().forEach(p -> problems.add(source + ": " + p));
      reading.badRows().forEach(r -> badRow(source, r, LeftOut.BAD, badRows));
      bySource.put(source, headers(source, reading.studies(), threads, badRows));
    }
    refuse(problems, badRows, bySource);
    return result(withoutLeaks(withoutDuplicates(split(bySource))));
  }

  private List<SourcedStudy> split(Map<String, List<SourcedStudy>> bySource)
      throws LayoutException {
    List<SourcedStudy> all = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    bySource.forEach(
        (source, studies) -> {
          try {
            all.addAll(Splitting.assign(studies, settings));
          } catch (T3dException e) {
            problems.add(source + ": " + e.getMessage());
          }
        });
    if (!problems.isEmpty()) {
      throw new LayoutException(problems, "");
    }
    return all;
  }

  private void badRow(String source, String text, String reason, List<String> badRows) {
    badRows.add(source + ": " + text);
    drop(source, reason);
  }

  private void drop(String source, String reason) {
    dropped.get(source).merge(reason, 1, Integer::sum);
  }

  private List<SourcedStudy> headers(
      String source, List<Study> studies, int threads, List<String> badRows) throws IOException {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      List<Future<SourcedStudy>> futures = new ArrayList<>();
      studies.forEach(s -> futures.add(workers.submit(() -> SourcedStudy.read(source, s))));
      List<SourcedStudy> read = new ArrayList<>();
      for (Future<SourcedStudy> future : futures) {
        try {
          read.add(future.get());
        } catch (ExecutionException e) {
          badRow(source, String.valueOf(e.getCause().getMessage()), LeftOut.UNREADABLE, badRows);
        }
      }
      return read;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while reading headers", e);
    } finally {
      workers.shutdownNow();
    }
  }

  private void refuse(
      List<String> problems, List<String> badRows, Map<String, List<SourcedStudy>> bySource)
      throws LayoutException {
    List<String> all = new ArrayList<>(problems);
    if (!settings.skipBad()) {
      all.addAll(badRows);
    }
    if (all.isEmpty()) {
      bySource.forEach(
          (source, studies) -> {
            if (studies.isEmpty()) {
              all.add(source + ": no usable volume; left out were " + dropped.get(source));
            }
          });
    }
    if (!all.isEmpty()) {
      throw new LayoutException(all, settings.skipBad() || badRows.isEmpty() ? "" : ADVICE);
    }
  }

  private List<SourcedStudy> withoutDuplicates(List<SourcedStudy> studies) throws IOException {
    Duplicates duplicates = new Duplicates((s, reason) -> drop(s.source(), reason));
    List<SourcedStudy> kept = duplicates.oneOfEachFile(studies);
    if (settings.reconstructions() == BuildSettings.Reconstructions.FIRST) {
      kept = duplicates.firstReconstructions(kept);
    }
    return settings.identicalReports() == BuildSettings.IdenticalReports.DROP
        ? duplicates.oneOfEachReport(kept)
        : kept;
  }

  private List<SourcedStudy> withoutLeaks(List<SourcedStudy> studies) {
    Map<String, Split> strictest = Splitting.strictest(studies);
    List<SourcedStudy> kept = new ArrayList<>();
    for (SourcedStudy s : studies) {
      if (strictest.get(s.patient()) == s.split()) {
        kept.add(s);
      } else {
        drop(s.source(), LeftOut.OTHER_SPLIT);
      }
    }
    return kept;
  }

  private MergedDataset result(List<SourcedStudy> kept) {
    Map<String, DatasetStatistics.Source> sources = new LinkedHashMap<>();
    dropped.forEach(
        (source, reasons) -> {
          List<SourcedStudy> own = kept.stream().filter(s -> s.source().equals(source)).toList();
          if (!own.isEmpty()) {
            sources.put(source, DatasetStatistics.of(own, reasons));
          }
        });
    return MergedDataset.of(kept, new DatasetStatistics(settings, sources));
  }
}
