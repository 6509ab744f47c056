package io.t3d.cli.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.cli.benchmark.task.Tasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class WorkersTest {
  private static final Arm T3D = new Arm(Method.T3D, 280, 1);
  private static final Arm CLIP = new Arm(Method.CLIP, 280, 1);

  private static BenchmarkConfig smoke(Method... methods) {
    return BenchmarkConfig.smoke().withReplicates(1, 1).withMethods(List.of(methods), List.of());
  }

  private static Path data(Path out, BenchmarkConfig config) throws IOException {
    config.writePhantoms(out, 1, 2);
    return config.phantomFolder(out, 1);
  }

  @Test
  void cellsDoNotDependOnTheNumberOfWorkers(@TempDir Path dir) throws IOException {
    BenchmarkConfig config = smoke(Method.T3D, Method.CLIP);
    Map<String, List<Object>> one = cells(dir.resolve("one"), config, 1);
    Map<String, List<Object>> two = cells(dir.resolve("two"), config, 2);
    assertThat(one).hasSize(22).containsKey("T3D segmentation");
    assertThat(two).isEqualTo(one); // to the last bit: all workers compute with one thread
  }

  /** What cells hold but the time they took. */
  private static Map<String, List<Object>> cells(Path out, BenchmarkConfig config, int workers)
      throws IOException {
    data(out, config);
    CellStore store = CellStore.open(out, config);
    UnitRunner.Listener silent =
        new UnitRunner.Listener() {
          @Override
          public void at(String what) {}

          @Override
          public void done(Unit unit, String cell) {}
        };
    List<Unit> units = Unit.missing(config, Tasks.all(), store);
    new Workers(out, workers).run(units, worker -> silent);
    return store.all(config).stream()
        .collect(
            Collectors.toMap(c -> c.method() + " " + c.task(), c -> List.of(c.scores(), c.roc())));
  }

  @Test
  void aWorkerThatIsKilledStopsTheRunWhichGoesOnLater(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(Method.SCRATCH, Method.CLIP);
    BenchmarkRun.Watcher killer =
        (done, total, what) -> {
          if (done == 1) {
            ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
          }
        };
    assertThatThrownBy(() -> new BenchmarkRun(config, out, 2, killer).run())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ended with signal 9 at ")
        .hasMessageContaining("worker-")
        .hasMessageContaining("the same command goes on from there");
    List<Cell> kept = CellStore.open(out, config).all(config);
    assertThat(kept).isNotEmpty();
    assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive)).isEmpty();

    List<String> seen = new ArrayList<>();
    BenchmarkTable table =
        new BenchmarkRun(config, out, 2, (done, total, what) -> seen.add(done + " " + what)).run();
    assertThat(seen.get(0)).startsWith(kept.size() + " ");
    assertThat(seen).anyMatch(w -> w.contains(" | CLIP, 1 steps, replicate 1: "));
    assertThat(out.resolve("report.html")).exists();
    assertThat(table.cells()).hasSize(18).containsAll(kept);
  }

  @Test
  void whatFailsInAWorkerIsTold(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(Method.SCRATCH);
    Path volumes = data(out, config).resolve("volumes");
    Files.writeString(volumes.resolve("study-00001.nii.gz"), "no volume");
    assertThatThrownBy(() -> new BenchmarkRun(config, out, 2, (d, t, w) -> {}).run())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("from scratch, 1 steps, replicate 1: token-probe failed: ")
        .hasMessageContaining("study-00001.nii.gz");
    assertThat(out.resolve("cells/scratch-1-r01/pretraining.json")).exists();
    assertThat(out.resolve("workers/worker-1.log")).content().contains("study-00001.nii.gz");
  }

  @Test
  void aWorkerEndsInTheMiddleOfItsWorkWhenItsInputEnds(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(Method.T3D);
    data(out, config);
    CellStore.open(out, config);
    try (WorkerProcess worker = new WorkerProcess(out, 1, 1)) {
      UnitRunner.Listener closing =
          new UnitRunner.Listener() {
            @Override
            public void at(String what) {
              worker.close();
            }

            @Override
            public void done(Unit unit, String cell) {}
          };
      Unit unit =
          new Unit(new Arm(Method.T3D, 1, 1), List.of(UnitRunner.PRETRAINING, "fine-tuning"));
      assertThatThrownBy(() -> worker.run(unit, closing))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ended with signal 2"); // as after Ctrl-C, with no crash report
    }
    assertThat(out.resolve("cells/t3d-1-r01/fine-tuning.json")).doesNotExist();
  }

  @Test
  void aUnitWaitsForThePreTrainingThatItNeeds() throws InterruptedException {
    Unit first = new Unit(T3D, List.of(UnitRunner.PRETRAINING, "retrieval"));
    Unit slow = new Unit(T3D, List.of("reports"));
    Unit other = new Unit(CLIP, List.of("reports"));
    Schedule schedule = new Schedule(List.of(first, slow, other));
    assertThat(schedule.next()).contains(first);
    assertThat(schedule.next()).contains(other);

    List<Optional<Unit>> given = new ArrayList<>();
    CountDownLatch waits = new CountDownLatch(1);
    Thread second =
        new Thread(
            () -> {
              waits.countDown();
              try {
                given.add(schedule.next());
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    second.start();
    waits.await();
    second.join(100);
    assertThat(second.isAlive()).isTrue();
    schedule.done(first);
    second.join();
    assertThat(given).containsExactly(Optional.of(slow));
    assertThat(schedule.next()).isEmpty();
    assertThat(Unit.parse(first.line())).isEqualTo(first);
  }
}
