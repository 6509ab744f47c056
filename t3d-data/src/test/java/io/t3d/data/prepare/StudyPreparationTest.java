package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyPreparationTest {
  private static final int COUNT = 6;

  @TempDir private Path dir;

  private List<ManifestRow> rows() throws IOException {
    return Manifest.read(Studies.write(dir.resolve("raw"), COUNT)).rows();
  }

  private static DatasetPreparation into(Path out) {
    return new DatasetPreparation(Studies.CONFIG, out, 1);
  }

  @Test
  void anyWorkersMakeTheFolderThatThreadsMake() throws IOException {
    List<ManifestRow> rows = rows();
    into(dir.resolve("threads")).run(rows, n -> {});
    PreparationResult result =
        into(dir.resolve("workers"))
            .runOn(
                rows,
                studies -> {
                  List<StudyOutcome> outcomes = new ArrayList<>();
                  for (int i = COUNT - 1; i >= 0; i--) {
                    outcomes.add(studies.get(i).run());
                  }
                  return outcomes;
                });
    assertThat(result.written()).isEqualTo(COUNT);
    assertThat(Studies.contents(dir.resolve("workers")))
        .isEqualTo(Studies.contents(dir.resolve("threads")));
  }

  @Test
  void attemptsAtTheSameTimeWriteOnceAndLeaveNothing() throws Exception {
    List<ManifestRow> rows = rows();
    Path out = dir.resolve("out");
    into(dir.resolve("threads")).run(rows, n -> {});
    List<StudyOutcome> all = new ArrayList<>();
    into(out)
        .runOn(
            rows,
            studies -> {
              List<StudyOutcome> last = new ArrayList<>();
              for (StudyPreparation study : studies) {
                last = race(study, 4);
                all.addAll(last);
                assertThat(last).filteredOn(StudyOutcome::written).hasSize(1);
              }
              try (var files = Files.list(out.resolve(".tmp"))) {
                assertThat(files).isEmpty();
              }
              return all;
            });
    assertThat(all).hasSize(4 * COUNT).allSatisfy(o -> assertThat(o.problem()).isEmpty());
    assertThat(Studies.contents(out)).isEqualTo(Studies.contents(dir.resolve("threads")));
  }

  private static List<StudyOutcome> race(StudyPreparation study, int attempts) throws IOException {
    ExecutorService threads = Executors.newFixedThreadPool(attempts);
    try {
      List<Callable<StudyOutcome>> calls = new ArrayList<>();
      for (int i = 0; i < attempts; i++) {
        calls.add(study::run);
      }
      List<StudyOutcome> outcomes = new ArrayList<>();
      for (Future<StudyOutcome> future : threads.invokeAll(calls)) {
        outcomes.add(future.get());
      }
      return outcomes;
    } catch (Exception e) {
      throw new IOException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void attemptsReplaceAnOutdatedVolumeOnce() throws Exception {
    List<ManifestRow> rows = rows().subList(0, 1);
    Path out = dir.resolve("out");
    into(out).run(rows, n -> {});
    Files.setLastModifiedTime(rows.get(0).volume(), FileTime.fromMillis(1_000_000));
    into(out)
        .runOn(
            rows,
            studies -> {
              List<StudyOutcome> outcomes = race(studies.get(0), 4);
              assertThat(outcomes).filteredOn(StudyOutcome::written).isNotEmpty();
              assertThat(studies.get(0).run().written()).isFalse();
              return outcomes;
            });
    assertThat(Manifest.read(out.resolve("manifest.csv")).rows()).hasSize(1);
    assertThat(out.resolve(".tmp")).doesNotExist();
  }

  @Test
  void aStudyThatNoWorkerTellsOfIsNotPassedOver() throws IOException {
    List<ManifestRow> rows = rows();
    assertThatThrownBy(() -> into(dir.resolve("out")).runOn(rows, studies -> List.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no outcome of row 2");
  }
}
