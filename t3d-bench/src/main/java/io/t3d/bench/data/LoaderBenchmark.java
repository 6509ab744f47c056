package io.t3d.bench.data;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.t3d.core.config.Size3;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One epoch of training batches from {@code .nii.gz} files: the loader with its two threads against
 * the same steps in turn. Files lie in the page cache. The setup checks that the loader's views are
 * those of the steps.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LoaderBenchmark {
  private static final int STUDIES = 4;

  /** Named sizes: volume and views. */
  public enum Size {
    /** For the smoke run. */
    TINY(new Size3(10, 14, 12), 8),
    /** A CT at 4 mm. */
    BASE(new Size3(80, 96, 96), 64);

    final Size3 volume;
    final Size3 views;

    Size(Size3 volume, int edge) {
      this.volume = volume;
      views = Size3.cube(edge);
    }
  }

  /** Which size. */
  @Param("BASE")
  public Size size;

  private Path folder;
  private List<ManifestRow> rows;
  private MultiViewSampler sampler;
  private VolumeReportDataset data;
  private int epoch;

  /** Writes the files; compares the two ways. */
  @Setup(Level.Trial)
  public void setup() throws IOException {
    folder = Files.createTempDirectory("loader");
    StringBuilder manifest = new StringBuilder("volume,report,patient\n");
    for (int i = 0; i < STUDIES; i++) {
      String name = "ct" + i + ".nii.gz";
      NiftiWriter.write(folder.resolve(name), CtVolume.of(size.volume, i), PixelType.INT16);
      manifest.append(name).append(",No finding.,p").append(i).append('\n');
    }
    Path file = Files.writeString(folder.resolve("manifest.csv"), manifest);
    rows = Manifest.read(file).rows();
    sampler = new MultiViewSampler(ViewConfig.global(size.views));
    data =
        VolumeReportDataset.builder()
            .rows(rows)
            .preprocessing(Preprocessing.windowOnly())
            .sampler(sampler)
            .batchSize(2)
            .build();
    check();
  }

  /**
   * The loader's views are those of the steps. Seeds are its own, so whole volumes are compared.
   */
  private void check() throws IOException {
    VolumeReportDataset whole =
        VolumeReportDataset.builder()
            .rows(rows)
            .preprocessing(Preprocessing.windowOnly())
            .sampler(sampler)
            .forEvaluation()
            .build();
    List<PairBatch> batches = epoch(whole, 0);
    for (int i = 0; i < STUDIES; i++) {
      float[] loaded = batches.get(0).views().get(i).get(0).crop().voxels();
      if (!Arrays.equals(loaded, sampler.center(prepared(rows.get(i))).crop().voxels())) {
        throw new IllegalStateException("The loader's volume " + i + " differs");
      }
    }
  }

  /** Removes the files. */
  @TearDown(Level.Trial)
  public void tearDown() throws IOException {
    MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  /** The loader. */
  @Benchmark
  public int ours() {
    return epoch(data, epoch++).size();
  }

  /** Read, prepare, cut; one study after the other. */
  @Benchmark
  public int inTurn() throws IOException {
    int views = 0;
    for (ManifestRow row : rows) {
      views += sampler.sample(prepared(row), epoch++).size();
    }
    return views;
  }

  private static List<PairBatch> epoch(VolumeReportDataset data, int epoch) {
    List<PairBatch> batches = new ArrayList<>();
    try (PairSource.Batches epochBatches = data.epoch(epoch, 0)) {
      while (epochBatches.hasNext()) {
        batches.add(epochBatches.next());
      }
    }
    return batches;
  }

  private static Volume prepared(ManifestRow row) throws IOException {
    return Preprocessing.windowOnly().apply(VolumeReaders.read(row.volume()));
  }
}
