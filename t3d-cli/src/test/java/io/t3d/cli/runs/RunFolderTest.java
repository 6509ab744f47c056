package io.t3d.cli.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.cli.command.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path dir;

  @BeforeEach
  void writeARun() throws IOException {
    Path checkpoint = dir.resolve("a/checkpoint");
    Files.createDirectories(checkpoint);
    Files.writeString(
        dir.resolve("a/log.csv"),
        "step,epoch,learningRate,loss,gradNorm,volumesPerSecond,skipped\n"
            + "1,0,0.1,4.0,1.0,2.0,false\n"
            + "2,0,0.1,,1.0,4.0,true\n"
            + "3,1,0.1,2.0,1.0,8.0,false\n"
            + "4,1,0.1,1.");
    Files.writeString(
        dir.resolve("a/validation.csv"), "step,epoch,loss,r5\n2,0,3.0,0.25\n4,1,3.5,0.5\n");
    Files.writeString(checkpoint.resolve("data.json"), "{\"batchSize\": 8, \"views\": [1, 2]}");
    Files.writeString(
        checkpoint.resolve("provenance.json"),
        "{\"machine\": \"Linux\", \"training\": {\"accumulation\": 1, \"seed\": 4}}");
  }

  @Test
  void aRunIsReadAsFarAsItHasCome() throws IOException {
    RunFolder run = RunFolder.read(dir.resolve("a"));
    assertThat(run.stepsDone()).as("the last row is half written").isEqualTo(3);
    assertThat(run.meanLoss(false)).isEqualTo(4);
    assertThat(run.meanLoss(true)).isEqualTo(2);
    assertThat(run.seconds()).isCloseTo(4 + 2 + 1, within(1e-9));
    assertThat(run.settings())
        .containsEntry("data.batchSize", "8")
        .containsEntry("data.views", "[1,2]")
        .containsEntry("training.seed", "4");
    assertThat(run.told("machine")).isEqualTo("Linux");
    assertThat(run.told("gitCommit")).isEqualTo("–");
  }

  @Test
  void aRunThatGoesOnDoesNotDisturbTheSearch() throws Exception {
    AtomicBoolean ended = new AtomicBoolean();
    Callable<Integer> writer =
        () -> {
          int i = 0;
          for (; !ended.get(); i++) {
            Path folder = Files.createDirectories(dir.resolve("a/checkpoint.tmp" + i));
            Files.writeString(folder.resolve("model"), "weights");
            Files.delete(folder.resolve("model"));
            Files.delete(folder);
          }
          return i;
        };
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> written = thread.submit(writer);
      for (int i = 0; i < 2000; i++) {
        assertThat(RunFolder.in(dir)).extracting(RunFolder::name).containsExactly("a");
      }
      ended.set(true);
      assertThat(written.get()).isPositive();
    } finally {
      ended.set(true);
      thread.shutdown();
    }
  }

  @Test
  void theBestLossIsTheLowestAndTheBestRecallTheHighest() throws IOException {
    RunFolder run = RunFolder.read(dir.resolve("a"));
    assertThat(run.scores()).containsExactly("loss", "r5");
    assertThat(run.best("loss")).hasValueSatisfying(p -> assertThat(p).containsExactly(2, 3));
    assertThat(run.best("r5")).hasValueSatisfying(p -> assertThat(p).containsExactly(4, 0.5));
    assertThat(run.best("auroc")).isEmpty();
  }

  @Test
  void runsOfOneNameAreToldApartByTheirPaths() throws IOException {
    Path other = dir.resolve("b/a");
    Files.createDirectories(other);
    Files.writeString(other.resolve("log.csv"), "step,loss\n1,2.0\n");
    Comparison comparison = Comparison.of(List.of(dir.resolve("a"), other));
    assertThat(comparison.results().get(0))
        .containsExactly("", dir.resolve("a").toString(), other.toString());
    assertThat(comparison.differences()).contains(List.of("training.seed", "4", "–"));
    assertThat(comparison.lines()).anyMatch(l -> l.matches("time of steps +0:00:07 +–"));
  }

  @Test
  void foldersThatAreNoRunsAreRefused() {
    CommandRun none = CommandRun.of("runs", "compare", dir.resolve("a"), dir.resolve("b"));
    assertThat(none.exitCode()).isEqualTo(1);
    assertThat(none.err()).contains("has no log.csv; give the --out folder of a pretrain");
    CommandRun one = CommandRun.of("runs", "compare", dir.resolve("a"));
    assertThat(one.err()).contains("A comparison needs two or more folders");
    CommandRun empty = CommandRun.of("runs", "list", dir.resolve("a/checkpoint"));
    assertThat(empty.err()).contains("There is no log.csv of a pretrain in");
  }
}
