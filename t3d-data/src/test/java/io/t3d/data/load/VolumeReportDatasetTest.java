package io.t3d.data.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Rows;
import io.t3d.data.manifest.Split;
import io.t3d.data.prepare.DataLoadingException;
import io.t3d.data.prepare.PreparedVolumes.VolumeLoader;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.Augmentation;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class VolumeReportDatasetTest {
  private static final ViewConfig VIEWS = ViewConfig.global(Size3.cube(8));

  @TempDir Path folder;

  @Test
  void batchesDoNotDependOnTheNumberOfThreads() {
    List<String> one = content(source(20).threads(1).prefetch(1).build(), 3, 0);
    List<String> four = content(source(20).threads(4).prefetch(3).build(), 3, 0);
    assertThat(four).hasSize(5).isEqualTo(one);
  }

  @Test
  void workersHaveTheBatchesOfOneAndReadTheirOwnVolumesAlone() {
    AtomicInteger reads = new AtomicInteger();
    VolumeLoader counting =
        path -> {
          reads.incrementAndGet();
          return volumeFor(path);
        };
    List<List<String>> whole = pairs(source(20).build(), 2, 1); // batches of 4
    PairSource first = source(20).source(counting).build().ofWorker(0, 2);
    PairSource second = source(20).build().ofWorker(1, 2);
    assertThat(first.batchesPerEpoch()).isEqualTo(5);
    List<List<String>> firsts = pairs(first, 2, 1);
    List<List<String>> seconds = pairs(second, 2, 1);
    assertThat(whole).hasSize(4);
    for (int i = 0; i < 4; i++) {
      List<String> joined = new ArrayList<>(firsts.get(i));
      joined.addAll(seconds.get(i));
      assertThat(joined).isEqualTo(whole.get(i));
    }
    assertThat(reads).hasValue(8);
    assertThatThrownBy(() -> source(20).build().ofWorker(0, 3))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "data.batchSize, the pairs of all workers together, must be a multiple of the 3"
                + " workers, got 4; change one of them");
  }

  @Test
  void anEpochBegunLaterGoesOnAsAnUninterruptedOne() {
    List<String> whole = content(source(20).build(), 1, 0);
    assertThat(content(source(20).build(), 1, 3)).isEqualTo(whole.subList(3, 5));
    assertThat(content(source(20).build(), 1, 5)).isEmpty();
  }

  @Test
  void epochsAndSeedsDiffer() {
    VolumeReportDataset data = source(20).build();
    assertThat(content(data, 0, 0))
        .isNotEqualTo(content(data, 1, 0))
        .isNotEqualTo(content(source(20).seed(9).build(), 0, 0));
  }

  @Test
  void theCacheChangesNothingButTheNumberOfReads() {
    AtomicInteger reads = new AtomicInteger();
    VolumeLoader counting =
        path -> {
          reads.incrementAndGet();
          return volumeFor(path);
        };
    // 10 of 20 volumes of 10·9·8 voxels fit.
    long bytes = 10L * 10 * 9 * 8 * Float.BYTES;
    VolumeReportDataset cached = source(20).source(counting).cacheBytes(bytes).build();
    assertThat(content(cached, 0, 0)).isEqualTo(content(source(20).build(), 0, 0));
    assertThat(reads).hasValue(20);
    assertThat(content(cached, 1, 0)).isEqualTo(content(source(20).build(), 1, 0));
    assertThat(reads).hasValue(30);
  }

  @Test
  void onlyPrefetchedBatchesAreLoadedAhead() throws InterruptedException {
    AtomicInteger reads = new AtomicInteger();
    VolumeLoader counting =
        path -> {
          reads.incrementAndGet();
          return volumeFor(path);
        };
    VolumeReportDataset data = source(40).source(counting).prefetch(2).build();
    try (PairSource.Batches batches = data.epoch(0, 0)) {
      settle(reads, 8);
      batches.next();
      settle(reads, 12);
    }
  }

  @Test
  void forEvaluationEveryRowComesInOrderWithOneView() {
    VolumeReportDataset data = source(10).forEvaluation().build();
    List<String> reports = new ArrayList<>();
    try (PairSource.Batches batches = data.epoch(0, 0)) {
      while (batches.hasNext()) {
        PairBatch batch = batches.next();
        reports.addAll(batch.reports());
        assertThat(batch.views())
            .allSatisfy(
                views -> {
                  assertThat(views).hasSize(1);
                  assertThat(views.get(0).box().depth()).isEqualTo(10);
                });
      }
    }
    assertThat(reports).isEqualTo(data.rows().stream().map(ManifestRow::report).toList());
  }

  @Test
  void filesAreReadAndPrepared() throws IOException {
    List<ManifestRow> rows = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      rows.add(file(i + 2, "v" + i + ".nii.gz"));
    }
    VolumeReportDataset data =
        VolumeReportDataset.builder()
            .rows(rows)
            .preprocessing(Preprocessing.windowOnly())
            .sampler(new MultiViewSampler(VIEWS.withAugmentation(Augmentation.none())))
            .batchSize(2)
            .build();
    try (PairSource.Batches batches = data.epoch(0, 0)) {
      PairBatch batch = batches.next();
      assertThat(batch.size()).isEqualTo(2);
      for (float v : batch.views().get(0).get(1).crop().voxels()) {
        assertThat(v).isBetween(0f, 1f);
      }
    }
  }

  @Test
  void aCorruptFileSurfacesWithRowAndFileButNoPatient() throws IOException {
    ManifestRow bad = file(17, "bad.nii.gz");
    truncate(bad.volume());
    VolumeReportDataset data =
        builder(List.of(bad)).source(VolumeReaders::read).batchSize(1).build();
    try (PairSource.Batches batches = data.epoch(0, 0)) {
      assertThatThrownBy(batches::next)
          .isInstanceOf(DataLoadingException.class)
          .hasMessageContaining("row 17 (" + bad.volume() + ") could not be loaded")
          .hasMessageContaining("VolumeReportDataset.check")
          .hasMessageNotContaining("secret")
          .hasCauseInstanceOf(IOException.class);
      assertThat(batches.hasNext()).isFalse();
    }
  }

  @Test
  void errorsOfTheJvmSurfaceToo() {
    VolumeLoader broken =
        path -> {
          throw new OutOfMemoryError("Java heap space");
        };
    try (PairSource.Batches batches = source(4).source(broken).build().epoch(0, 0)) {
      assertThatThrownBy(batches::next)
          .isInstanceOf(DataLoadingException.class)
          .hasMessageContaining("Java heap space");
    }
  }

  @Test
  void closeStopsTheThreadsAndTheirReads() throws InterruptedException {
    CountDownLatch started = new CountDownLatch(2);
    List<Thread> threads = new ArrayList<>();
    VolumeLoader endless =
        path -> {
          synchronized (threads) {
            threads.add(Thread.currentThread());
          }
          started.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
          }
          throw new AssertionError("the latch never opens");
        };
    PairSource.Batches batches = source(40).source(endless).threads(2).build().epoch(0, 0);
    assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
    batches.close();
    batches.close();
    for (Thread thread : threads) {
      thread.join(1000);
    }
    assertThat(threads).hasSize(2).noneMatch(Thread::isAlive);
    assertThat(batches.hasNext()).isFalse();
    assertThatThrownBy(batches::next)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void afterTheLastBatchNextIsAnError() {
    try (PairSource.Batches batches = source(4).build().epoch(0, 1)) {
      assertThat(batches.hasNext()).isFalse();
      assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    }
  }

  @Test
  void checkFindsDamagedEmptyAndNonFiniteVolumes() throws IOException {
    ManifestRow good = file(2, "good.nii.gz");
    ManifestRow truncated = file(3, "truncated.nii.gz");
    truncate(truncated.volume());
    ManifestRow noise = file(4, "noise.nii");
    Files.write(noise.volume(), new byte[500]);
    ManifestRow constant = file(5, "constant.nii");
    NiftiWriter.write(constant.volume(), new Volume(new float[8], 2, 2, 2, Affine.identity()));
    ManifestRow nan = file(6, "nan.nii");
    NiftiWriter.write(
        nan.volume(), new Volume(new float[] {1, Float.NaN}, 1, 1, 2, Affine.identity()));
    ManifestRow gone = Rows.row(7, folder.resolve("gone.nii").toString(), "p");
    ManifestRow masked = withMask(8, good.volume(), constant.volume());

    List<BadRow> bad =
        VolumeReportDataset.check(
            List.of(good, truncated, noise, constant, nan, gone, masked),
            Preprocessing.windowOnly(),
            2);

    assertThat(bad.stream().map(b -> b.row().row())).containsExactly(3, 4, 5, 6, 7, 8);
    assertThat(bad.get(0).reason()).containsIgnoringCase("truncated");
    assertThat(bad.get(2).reason()).contains("all voxels are 0.0");
    assertThat(bad.get(3).reason()).contains("got 1 of 2 that are NaN or infinite");
    assertThat(bad.get(4).reason()).contains("no such file");
    assertThat(bad.get(5).reason())
        .contains("has the size (D, H, W) = (2, 2, 2), its volume (D, H, W) = (10, 9, 8)");
    assertThat(bad.get(0)).asString().startsWith("row 3 (");
  }

  @Test
  void badOptionsAreErrors() {
    assertThatThrownBy(() -> source(3).build())
        .hasMessage("3 rows do not fill one batch of 4; lower batchSize or set dropLast(false)");
    assertThat(source(3).dropLast(false).build().batchesPerEpoch()).isEqualTo(1);
    assertThatThrownBy(() -> builder(List.of()).build()).hasMessageContaining("got none");
    assertThatThrownBy(() -> source(4).threads(0).build())
        .hasMessage("threads must be >= 1, got 0");
    assertThatThrownBy(() -> source(4).cacheBytes(-1).build()).hasMessageContaining("cacheBytes");
    assertThatThrownBy(() -> VolumeReportDataset.builder().build())
        .hasMessageContaining("rows must be set");
    assertThatThrownBy(() -> source(8).build().epoch(0, 3))
        .hasMessageContaining("firstBatch in [0, 2], got 0 and 3")
        .hasMessageContaining("other data or another batch size");
  }

  /** Waits until reading has stopped, then checks how much was read. */
  private static void settle(AtomicInteger reads, int expected) throws InterruptedException {
    for (int i = 0; i < 200 && reads.get() < expected; i++) {
      Thread.sleep(10);
    }
    Thread.sleep(100);
    assertThat(reads).hasValue(expected);
  }

  private static VolumeReportDataset.Builder source(int rows) {
    return builder(Rows.many(rows, 2));
  }

  private static VolumeReportDataset.Builder builder(List<ManifestRow> rows) {
    return VolumeReportDataset.builder()
        .rows(rows)
        .preprocessing(Preprocessing.none())
        .sampler(new MultiViewSampler(VIEWS))
        .batchSize(4)
        .seed(5)
        .source(VolumeReportDatasetTest::volumeFor);
  }

  /** A volume that depends on the file's name only. */
  private static Volume volumeFor(Path path) {
    float[] voxels = new float[10 * 9 * 8];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (path.getFileName().toString().hashCode() % 1000 + i * 7) % 100;
    }
    return new Volume(voxels, 10, 9, 8, Affine.identity());
  }

  /** Each batch's pairs: report, patient and views. */
  private static List<List<String>> pairs(PairSource data, int epoch, int firstBatch) {
    List<List<String>> out = new ArrayList<>();
    try (PairSource.Batches batches = data.epoch(epoch, firstBatch)) {
      while (batches.hasNext()) {
        PairBatch batch = batches.next();
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
          StringBuilder pair = new StringBuilder(batch.reports().get(i));
          pair.append(batch.patientIds().get(i));
          for (View view : batch.views().get(i)) {
            pair.append(view.box()).append(Arrays.hashCode(view.crop().voxels()));
          }
          pairs.add(pair.toString());
        }
        out.add(pairs);
      }
    }
    return out;
  }

  private static List<String> content(VolumeReportDataset data, int epoch, int firstBatch) {
    List<String> lines = new ArrayList<>();
    try (PairSource.Batches batches = data.epoch(epoch, firstBatch)) {
      while (batches.hasNext()) {
        PairBatch batch = batches.next();
        StringBuilder line = new StringBuilder(batch.reports() + " " + batch.patientIds());
        for (List<View> views : batch.views()) {
          for (View view : views) {
            line.append(view.box()).append(Arrays.hashCode(view.crop().voxels()));
          }
        }
        lines.add(line.toString());
      }
    }
    return lines;
  }

  private ManifestRow file(int row, String name) throws IOException {
    Path path = folder.resolve(name);
    NiftiWriter.write(path, volumeFor(path));
    return Rows.row(row, path.toString(), "secret");
  }

  private static ManifestRow withMask(int row, Path volume, Path mask) {
    return new ManifestRow(row, volume, "Report", Split.TRAIN, "p", Map.of(), Optional.of(mask));
  }

  private static void truncate(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
  }
}
