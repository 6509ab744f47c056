package io.t3d.data.published.merge;

import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The result of merging published datasets.
 *
 * @param pairs volumes with reports, for pre-training
 * @param transfer volumes with labels only, of sets that publish no reports
 * @param statistics what they hold
 */
public record MergedDataset(
    List<ManifestRow> pairs, List<ManifestRow> transfer, DatasetStatistics statistics) {
  /** The file of the pairs. */
  public static final String MANIFEST = "manifest.csv";

  /** The file of the labelled volumes. */
  public static final String TRANSFER = "transfer.csv";

  /** The file of the statistics. */
  public static final String STATISTICS = "statistics.json";

  /** Copies the lists. */
  public MergedDataset {
    pairs = List.copyOf(pairs);
    transfer = List.copyOf(transfer);
  }

  static MergedDataset of(List<SourcedStudy> studies, DatasetStatistics statistics) {
    List<ManifestRow> pairs = new ArrayList<>();
    List<ManifestRow> transfer = new ArrayList<>();
    for (SourcedStudy study : studies) {
      List<ManifestRow> rows = study.study().report().isEmpty() ? transfer : pairs;
      rows.add(study.row(rows.size() + 2));
    }
    return new MergedDataset(pairs, transfer, statistics);
  }

  /**
   * Writes {@value #STATISTICS}, {@value #TRANSFER} when there are labelled volumes, and last
   * {@value #MANIFEST} when there are pairs. Each file is replaced as a whole or not at all;
   * writing the same again gives the same bytes.
   *
   * @return the manifests written
   */
  public List<Path> write(Path out) throws IOException {
    AtomicFiles.makeFolder(out);
    AtomicFiles.writeText(out.resolve(STATISTICS), Configs.toJson(statistics));
    List<Path> written = new ArrayList<>();
    if (!transfer.isEmpty()) {
      Manifest.write(out.resolve(TRANSFER), transfer);
      written.add(out.resolve(TRANSFER));
    }
    if (!pairs.isEmpty()) {
      Manifest.write(out.resolve(MANIFEST), pairs);
      written.add(out.resolve(MANIFEST));
    }
    return written;
  }
}
