package io.t3d.examples.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.dataset.phantom.PhantomDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class WorkersTest {
  private static final double SAME = 1e-4; // this JVM sums with more threads than a worker

  private static BenchmarkConfig smoke(Method... methods) {
    BenchmarkConfig all = BenchmarkConfig.smoke();
    return new BenchmarkConfig(
        all.pairs(),
        all.dataSeed(),
        all.findings(),
        List.of(1L),
        List.of(methods),
        all.pretrain(),
        all.tasks());
  }

  private static Path data(Path out, BenchmarkConfig config) throws IOException {
    return PhantomDataset.write(
        out.resolve(config.phantomFolder()),
        config.pairs(),
        config.dataSeed(),
        config.phantoms(),
        2);
  }

  @Test
  void cellsDoNotDependOnTheNumberOfWorkers(@TempDir Path dir) throws IOException {
    BenchmarkConfig config = smoke(Method.T3D, Method.SCRATCH);
    List<String> seen = new ArrayList<>();
    List<Cell> here = new BenchmarkRun(config, dir.resolve("one"), 1, (d, t, w) -> {}).run().cells();
    List<Cell> there =
        new BenchmarkRun(config, dir.resolve("two"), 2, (done, total, what) -> seen.add(what))
            .run()
            .cells();

    assertThat(there).hasSameSizeAs(here);
    for (int i = 0; i < here.size(); i++) {
      Cell a = here.get(i);
      Cell b = there.get(i);
      assertThat(b.method()).isEqualTo(a.method());
      assertThat(b.task()).isEqualTo(a.task());
      assertThat(b.scores().keySet()).isEqualTo(a.scores().keySet());
      a.scores()
          .forEach(
              (name, score) ->
                  assertThat(b.scores().get(name))
                      .as("%s %s %s", a.method(), a.task(), name)
                      .isCloseTo(score, org.assertj.core.data.Offset.offset(SAME)));
    }
    assertThat(seen).anyMatch(w -> w.matches("T3D, seed 1: .* \\| from scratch, seed 1: .*"));
    assertThat(dir.resolve("two/report.html")).exists();
    assertThat(dir.resolve("two/workers/worker-2.log")).exists();
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

    List<Integer> seen = new ArrayList<>();
    BenchmarkTable table =
        new BenchmarkRun(config, out, 2, (done, total, what) -> seen.add(done)).run();
    assertThat(seen.get(0)).isEqualTo(kept.size());
    assertThat(table.cells()).hasSize(12).containsAll(kept);
  }

  @Test
  void whatFailsInAWorkerIsTold(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(Method.SCRATCH);
    Path volumes = data(out, config).resolveSibling("volumes");
    Files.delete(volumes.resolve("study-00001.nii.gz"));
    assertThatThrownBy(() -> new BenchmarkRun(config, out, 2, (d, t, w) -> {}).run())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("from scratch, seed 1: linear-probe failed: ")
        .hasMessageContaining("study-00001.nii.gz");
    assertThat(out.resolve("cells/scratch-seed1/pretraining.json")).exists();
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
      Unit unit = new Unit(Method.T3D, 1, List.of(UnitRunner.PRETRAINING, "fine-tuning"));
      assertThatThrownBy(() -> worker.run(unit, closing))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ended with exit code 130"); // of itself, not by a signal
    }
    assertThat(out.resolve("cells/t3d-seed1/fine-tuning.json")).doesNotExist();
  }

  @Test
  void aUnitWaitsForThePreTrainingThatItNeeds() throws InterruptedException {
    Unit first = new Unit(Method.T3D, 1, List.of(UnitRunner.PRETRAINING, "retrieval"));
    Unit slow = new Unit(Method.T3D, 1, List.of("reports"));
    Unit other = new Unit(Method.CLIP, 1, List.of("reports"));
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
