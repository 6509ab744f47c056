package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.T3dException;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The volumes of these rows do not exist: nothing may read them. */
@Timeout(120)
class SameStartTest {
  @TempDir private Path dir;

  private static List<ManifestRow> rows(String folder, int number, String report) {
    List<ManifestRow> rows = new ArrayList<>();
    for (int i = 1; i <= number; i++) {
      Path volume = Path.of(folder, i + ".nii");
      rows.add(
          new ManifestRow(i, volume, report, Split.TRAIN, volume + "", Map.of(), Optional.empty()));
    }
    return rows;
  }

  /** What each of two workers is told. */
  private List<String> told(List<ManifestRow> zero, List<ManifestRow> one) throws Exception {
    List<List<ManifestRow>> all = List.of(zero, one);
    Path meeting = dir.resolve("meeting");
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<String>> workers = new ArrayList<>();
      for (int r = 0; r < 2; r++) {
        int rank = r;
        workers.add(
            threads.submit(
                () -> {
                  try (ProcessGroup group =
                      ProcessGroup.join(
                          Rendezvous.file(meeting, rank, 2)
                              .joinTimeout(Duration.ofSeconds(30))
                              .build())) {
                    T3D.requireSame(group, PretrainConfig.tiny(), all.get(rank));
                    return "nothing";
                  } catch (T3dException e) {
                    return String.valueOf(e.getMessage());
                  }
                }));
      }
      return List.of(
          workers.get(0).get(60, TimeUnit.SECONDS), workers.get(1).get(60, TimeUnit.SECONDS));
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aShorterManifestIsNamed() throws Exception {
    assertThat(told(rows("/a", 4, "Clear lungs."), rows("/a", 3, "Clear lungs.")))
        .allMatch(
            m -> m.contains("worker 1 differs from worker 0 in rows of the manifest (3, worker 0"),
            "both");
  }

  @Test
  void otherReportsAreNoticed() throws Exception {
    assertThat(told(rows("/a", 4, "Clear lungs."), rows("/a", 4, "Clear lung.")))
        .allMatch(m -> m.contains("in texts and names of the manifest ("), "both");
  }

  @Test
  void whereTheDataLieMayDiffer() throws Exception {
    assertThat(told(rows("/a", 4, "Clear lungs."), rows("/other/b", 4, "Clear lungs.")))
        .containsExactly("nothing", "nothing");
  }
}
