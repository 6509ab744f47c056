package io.t3d.data.load;

import com.google.common.base.Splitter;
import io.t3d.core.T3dException;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.View;
import io.t3d.data.internal.Seeds;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.DatasetPreparation;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.PreparedVolumes.VolumeLoader;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.VolumeSource;
import io.t3d.data.view.MultiViewSampler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Training batches from volume files: worker threads read, prepare and crop ahead of use. Volumes
 * that {@link DatasetPreparation} has prepared are not prepared again, and only the chunks that the
 * views need are read.
 *
 * <p>What a batch holds depends on seed, epoch and batch number alone: neither on the number of
 * threads nor on where an epoch is begun. At most {@code prefetch} batches of views are held, and
 * each thread holds one volume.
 *
 * <pre>{@code
 * VolumeReportDataset data =
 *     VolumeReportDataset.builder()
 *         .rows(Manifest.read(file).select(Split.TRAIN))
 *         .preprocessing(Preprocessing.chestCt())
 *         .sampler(new MultiViewSampler(ViewConfig.global96()))
 *         .batchSize(8)
 *         .seed(42)
 *         .build();
 * }</pre>
 */
public final class VolumeReportDataset implements PairSource {
  private final List<ManifestRow> rows;
  private final List<String> patients;
  private final MultiViewSampler sampler;
  private final ReportSampling reports;
  private final SourceLoader loader;
  private final int batchSize;
  private final long seed;
  private final int threads;
  private final int prefetch;
  private final boolean dropLast;
  private final boolean shuffle;
  private final boolean centerViews;
  private final int rank;
  private final int workers;

  private VolumeReportDataset(Builder b) {
    rows = b.rows;
    patients = rows.stream().map(ManifestRow::patient).toList();
    sampler = b.sampler;
    reports = b.reports;
    loader = b.cacheBytes > 0 ? new VolumeCache(b.loader(), b.cacheBytes) : b.loader();
    batchSize = b.batchSize;
    seed = b.seed;
    threads = b.threads;
    prefetch = b.prefetch;
    dropLast = b.dropLast;
    shuffle = b.shuffle;
    centerViews = b.centerViews;
    rank = 0;
    workers = 1;
  }

  private VolumeReportDataset(VolumeReportDataset all, int rank, int workers) {
    rows = all.rows;
    patients = all.patients;
    sampler = all.sampler;
    reports = all.reports;
    loader = all.loader;
    batchSize = all.batchSize;
    seed = all.seed;
    threads = all.threads;
    prefetch = all.prefetch;
    dropLast = all.dropLast;
    shuffle = all.shuffle;
    centerViews = all.centerViews;
    this.rank = rank;
    this.workers = workers;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Only the worker's own volumes are read, and each epoch has others, so that over time every
   * worker reads all.
   */
  @Override
  public PairSource ofWorker(int worker, int of) {
    PairSource.pairsPerWorker(batchSize, of);
    return new VolumeReportDataset(this, worker, of);
  }

  /** Collects options. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Reads every volume to its end, so that truncated, damaged, empty and non-finite ones are found
   * before training starts. Masks must have the size of their volume.
   *
   * @param rows the pairs to check
   * @param preprocessing says whether non-finite voxels are a problem
   * @param threads volumes read at a time
   * @return the rows that cannot be used, in order; empty when all is well
   */
  public static List<BadRow> check(
      List<ManifestRow> rows, Preprocessing preprocessing, int threads) {
    requireAtLeastOne("threads", threads);
    return PreparedVolumes.check(rows, preprocessing, threads);
  }

  /**
   * The same by several workers, each of which reads its share of the volumes.
   *
   * @param group all workers, with the same rows
   * @return the same in all workers
   */
  public static List<BadRow> check(
      List<ManifestRow> rows, Preprocessing preprocessing, int threads, ProcessGroup group) {
    if (group.size() == 1) {
      return check(rows, preprocessing, threads);
    }
    List<Path> volumes = rows.stream().map(ManifestRow::volume).distinct().toList();
    Map<Path, Integer> numbers = new HashMap<>();
    volumes.forEach(volume -> numbers.put(volume, numbers.size()));
    List<ManifestRow> own =
        rows.stream()
            .filter(row -> numbers.get(row.volume()) % group.size() == group.rank())
            .toList();
    StringBuilder found = new StringBuilder(); // number of the row, TAB, reason, NUL
    for (BadRow bad : check(own, preprocessing, threads)) {
      found.append(rows.indexOf(bad.row())).append('\t').append(bad.reason()).append('\0');
    }
    Map<Integer, BadRow> all = new TreeMap<>();
    for (String ofWorker : group.allGather(found.toString())) {
      for (String each : Splitter.on('\0').omitEmptyStrings().split(ofWorker)) {
        int tab = each.indexOf('\t');
        int row = Integer.parseInt(each.substring(0, tab));
        all.put(row, new BadRow(rows.get(row), each.substring(tab + 1)));
      }
    }
    return List.copyOf(all.values());
  }

  /** The pairs, in the manifest's order. */
  public List<ManifestRow> rows() {
    return rows;
  }

  @Override
  public int batchesPerEpoch() {
    return dropLast ? rows.size() / batchSize : (rows.size() + batchSize - 1) / batchSize;
  }

  @Override
  public Batches epoch(int epoch, int firstBatch) {
    if (epoch < 0 || firstBatch < 0 || firstBatch > batchesPerEpoch()) {
      throw new IllegalArgumentException(
          "epoch must be >= 0 and firstBatch in [0, "
              + batchesPerEpoch()
              + "], got "
              + epoch
              + " and "
              + firstBatch
              + "; was the checkpoint made with other data or another batch size?");
    }
    List<int[]> plan =
        shuffle
            ? BatchPlan.shuffled(patients, batchSize, dropLast, Seeds.mix(seed, epoch))
            : BatchPlan.inOrder(rows.size(), batchSize, dropLast);
    return new PrefetchingBatches(
        rows,
        plan.stream().map(this::own).toList(),
        firstBatch,
        row -> views(epoch, row),
        row -> report(epoch, row),
        threads,
        prefetch);
  }

  /** This worker's rows of a batch. */
  private int[] own(int[] batch) {
    if (workers == 1) {
      return batch;
    }
    int each = PairSource.pairsPerWorker(batch.length, workers);
    return Arrays.copyOfRange(batch, rank * each, (rank + 1) * each);
  }

  private String report(int epoch, int row) {
    String report = rows.get(row).report();
    // Another stream than the views', or both would be drawn alike.
    return centerViews ? report : reports.sample(report, Seeds.mix(~seed, epoch, row));
  }

  private List<View> views(int epoch, int row) throws IOException {
    VolumeSource volume = loader.load(rows.get(row).volume());
    return centerViews
        ? List.of(sampler.centerOfOneSize(volume.readAll()))
        : sampler.sample(volume, Seeds.mix(seed, epoch, row));
  }

  private static void requireAtLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be >= 1, got " + value);
    }
  }

  /** Options of a {@link VolumeReportDataset}; rows, preprocessing and sampler are required. */
  public static final class Builder {
    private List<ManifestRow> rows;
    private Preprocessing preprocessing;
    private MultiViewSampler sampler;
    private ReportSampling reports = ReportSampling.none();
    private @Nullable VolumeLoader source; // null: the file readers
    private int batchSize = 8;
    private long seed;
    private int threads = 2;
    private int prefetch = 2;
    private long cacheBytes;
    private boolean dropLast = true;
    private boolean shuffle = true;
    private boolean centerViews;

    private Builder() {}

    /** The pairs; required. */
    public Builder rows(List<ManifestRow> rows) {
      this.rows = List.copyOf(rows);
      return this;
    }

    /** What is done to a volume before views are cut; required. */
    public Builder preprocessing(Preprocessing preprocessing) {
      this.preprocessing = preprocessing;
      return this;
    }

    /** Cuts the views; required. */
    public Builder sampler(MultiViewSampler sampler) {
      this.sampler = sampler;
      return this;
    }

    /** B; 8 when not set. */
    public Builder batchSize(int batchSize) {
      this.batchSize = batchSize;
      return this;
    }

    /** Of order and views; 0 when not set. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** Worker threads, each holding a volume; 2 when not set. Batches do not depend on it. */
    public Builder threads(int threads) {
      this.threads = threads;
      return this;
    }

    /** Batches loaded ahead; 2 when not set. */
    public Builder prefetch(int prefetch) {
      this.prefetch = prefetch;
      return this;
    }

    /**
     * Memory for prepared volumes, kept over epochs; 0, so no cache, when not set. Volumes that do
     * not fit any more are read again in each epoch.
     */
    public Builder cacheBytes(long cacheBytes) {
      this.cacheBytes = cacheBytes;
      return this;
    }

    /**
     * Whether to leave out what does not fill a batch; true when not set, because a contrastive
     * loss depends on B. Shuffling leaves out other rows in each epoch.
     */
    public Builder dropLast(boolean dropLast) {
      this.dropLast = dropLast;
      return this;
    }

    /** Whether each epoch has its own order, with patients apart; true when not set. */
    public Builder shuffle(boolean shuffle) {
      this.shuffle = shuffle;
      return this;
    }

    /**
     * For embedding a data set: all rows in order, one whole-volume view each ({@link
     * MultiViewSampler#center}).
     */
    public Builder forEvaluation() {
      shuffle = false;
      dropLast = false;
      centerViews = true;
      return this;
    }

    /** Which sentences of a report each epoch sees; all, in order, when not set. */
    public Builder reports(ReportSampling reports) {
      this.reports = Objects.requireNonNull(reports, "reports");
      return this;
    }

    /** Replaces the file readers, for tests. */
    Builder source(VolumeLoader source) {
      this.source = source;
      return this;
    }

    private SourceLoader loader() {
      PreparedVolumes volumes =
          source == null
              ? new PreparedVolumes(preprocessing, rows)
              : new PreparedVolumes(preprocessing, rows, source);
      return volumes::load;
    }

    /**
     * Builds the data set; no file is touched yet.
     *
     * @throws IllegalArgumentException when an option is out of range
     * @throws T3dException when there is no row, or the rows do not fill one batch
     */
    public VolumeReportDataset build() {
      Objects.requireNonNull(rows, "rows must be set, e.g. Manifest.read(file).rows()");
      Objects.requireNonNull(preprocessing, "preprocessing must be set");
      Objects.requireNonNull(sampler, "sampler must be set");
      requireAtLeastOne("batchSize", batchSize);
      requireAtLeastOne("threads", threads);
      requireAtLeastOne("prefetch", prefetch);
      if (cacheBytes < 0) {
        throw new IllegalArgumentException("cacheBytes must be >= 0, got " + cacheBytes);
      }
      if (rows.isEmpty()) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            "A data set needs rows, got none; is the split you selected in the manifest?");
      }
      if (dropLast && rows.size() < batchSize) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            rows.size()
                + " rows do not fill one batch of "
                + batchSize
                + "; lower batchSize or set dropLast(false)");
      }
      return new VolumeReportDataset(this);
    }
  }
}
