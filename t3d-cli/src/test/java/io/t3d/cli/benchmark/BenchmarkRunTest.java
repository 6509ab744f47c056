package io.t3d.cli.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.cli.benchmark.task.BenchmarkTask;
import io.t3d.cli.benchmark.task.TaskContext;
import io.t3d.cli.benchmark.task.TaskResult;
import io.t3d.cli.benchmark.task.Tasks;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarkRunTest {
  private static BenchmarkConfig smoke(List<Method> methods) {
    return BenchmarkConfig.smoke().withReplicates(1, 1).withMethods(methods, List.of());
  }

  private static List<BenchmarkTask> tasks(List<String> ran, String... names) {
    List<BenchmarkTask> tasks =
        new ArrayList<>(
            Tasks.all().stream().filter(t -> List.of(names).contains(t.name())).toList());
    tasks.add(new Counted(ran));
    return tasks;
  }

  @Test
  void everyMethodAndTaskRunsAndThePageStandsAlone(@TempDir Path out) throws IOException {
    BenchmarkConfig config =
        BenchmarkConfig.smoke()
            .withReplicates(1, 1)
            .withMethods(
                List.of(Method.values()), List.of(Method.T3D, Method.CLIP)); // the rest: once
    BenchmarkTable table = new BenchmarkRun(config, out, 1, (done, total, what) -> {}).run();

    for (Method method : Method.values()) {
      List<String> tasks =
          table.cells().stream().filter(c -> c.method() == method).map(Cell::task).toList();
      assertThat(tasks)
          .as(method.title())
          .contains("pretraining", "token-probe", "linear-probe", "fine-tuning", "reports")
          .contains("segmentation", "few-masks");
      for (String task : List.of("zero-shot", "laterality", "pointing", "retrieval")) {
        assertThat(tasks.contains(task)).as(method.title()).isEqualTo(method.alignsText());
      }
    }
    table
        .cells()
        .forEach(
            c -> c.scores().forEach((k, v) -> assertThat(v).as("%s %s", c.task(), k).isFinite()));
    assertThat(
            table.cells().stream()
                .filter(c -> c.task().equals("pretraining") && c.method() != Method.SCRATCH))
        .allSatisfy(c -> assertThat(c.scores().get("steps")).isEqualTo(c.steps()));

    JsonNode results = new ObjectMapper().readTree(out.resolve("results.json").toFile());
    assertThat(results.at("/means/2/t3d/zero-shot~1AUROC/mean").asDouble()).isBetween(0.0, 1.0);
    assertThat(results.at("/gains/1/clip/zero-shot~1AUROC/replicates").asInt()).isEqualTo(1);
    assertThat(results.at("/gains/2/simclr").isMissingNode()).isTrue();
    assertThat(results.get("claims").size()).isEqualTo(5);
    assertThat(results.get("cells").size()).isEqualTo(table.cells().size());

    String page = Files.readString(out.resolve("report.html"));
    assertThat(page)
        .contains("Claims", "T3D minus others", "ROC of zero-shot", "class=\"forest\"")
        .contains("each token is nearest to", "relevance to “", "likeness to the report: cosine")
        .contains("data:image/png;base64,", "<polyline")
        .contains("learns from", "nothing: random weights", "How this was made", "./t3d benchmark")
        .doesNotContain("<script", "src=\"http", "<link");
    assertThat(Files.readString(out.resolve("results.md"))).contains("| T3D − CLIP |");
    assertThat(out.resolve("forest.svg")).content().contains("T3D − CLIP");
  }

  @Test
  void aStoppedRunGoesOnWhereItWas(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(List.of(Method.CLIP, Method.SCRATCH));
    BenchmarkRun stopped =
        new BenchmarkRun(
            config,
            out,
            (done, total, what) -> {
              if (done == 3) {
                throw new IllegalStateException("killed");
              }
            },
            tasks(new ArrayList<>(), "linear-probe", "zero-shot"));
    assertThatThrownBy(stopped::run).hasMessage("killed");
    Path clip = out.resolve("cells/clip-1-r01");
    Map<Path, String> before = contents(clip);
    assertThat(before.keySet())
        .extracting(p -> p.getFileName().toString())
        .containsExactlyInAnyOrder("pretraining.json", "linear-probe.json", "zero-shot.json");

    List<String> ran = new ArrayList<>();
    List<Integer> seen = new ArrayList<>();
    BenchmarkTable table =
        new BenchmarkRun(
                config,
                out,
                (done, total, what) -> seen.add(done),
                tasks(ran, "linear-probe", "zero-shot"))
            .run();
    assertThat(seen.get(0)).isEqualTo(3);
    assertThat(ran).containsExactly("clip-1-r01", "scratch-1-r01");
    assertThat(contents(clip)).containsAllEntriesOf(before);
    assertThat(table.cells()).hasSize(7);

    ran.clear();
    new BenchmarkRun(config, out, (d, t, w) -> {}, tasks(ran)).run();
    assertThat(ran).isEmpty();
  }

  /** A task that remembers what it was run for. */
  private record Counted(List<String> ran) implements BenchmarkTask {
    @Override
    public String name() {
      return "counted";
    }

    @Override
    public TaskResult run(TaskContext context) {
      ran.add(context.run().getFileName().toString());
      return TaskResult.of(Map.of("count", 1.0));
    }
  }

  private static Map<Path, String> contents(Path folder) throws IOException {
    Map<Path, String> out = new java.util.TreeMap<>();
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        out.put(file, Files.readString(file));
      }
    }
    return out;
  }

  @Test
  void otherSettingsAreRefusedUnlessTheFolderIsCleared(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(List.of(Method.SCRATCH));
    CellStore store = CellStore.open(out, config);
    store.put(new Cell(Method.SCRATCH, 1, 1, "counted", Map.of("count", 1.0), List.of(), 0.5));
    BenchmarkConfig other = withModelSeed(config, 9);
    assertThatThrownBy(() -> new BenchmarkRun(other, out, 1, (d, t, w) -> {}))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("other settings")
        .hasMessageContaining("--restart");
    assertThat(CellStore.open(out, config).all(config)).hasSize(1);

    BenchmarkRun.clear(out);
    assertThat(CellStore.open(out, other).all(other)).isEmpty();
  }

  private static BenchmarkConfig withModelSeed(BenchmarkConfig c, long seed) {
    return new BenchmarkConfig(
        c.counts(),
        c.dataSeed(),
        seed,
        c.replicates(),
        c.slowReplicates(),
        c.findings(),
        c.methods(),
        c.longMethods(),
        c.steps(),
        c.pretrain(),
        c.tasks());
  }

  @Test
  void moreReplicatesAndMethodsKeepTheCells(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(List.of(Method.SCRATCH)).withReplicates(1, 0);
    List<String> ran = new ArrayList<>();
    new BenchmarkRun(config, out, (d, t, w) -> {}, tasks(ran)).run();
    assertThat(ran).containsExactly("scratch-1-r01");

    ran.clear();
    BenchmarkConfig more = config.withReplicates(2, 1);
    new BenchmarkRun(more, out, (d, t, w) -> {}, tasks(ran)).run();
    assertThat(ran).containsExactly("scratch-1-r02");
    new BenchmarkRun(more, out, (d, t, w) -> {}, tasks(ran)).run();
    assertThat(ran).hasSize(1);
    assertThat(new BenchmarkRun(config, out, (d, t, w) -> {}, tasks(ran)).run().cells())
        .allSatisfy(cell -> assertThat(cell.replicate()).isEqualTo(1));
    assertThat(ran).hasSize(1);
  }

  @Test
  void settingsSurviveTheirFile(@TempDir Path out) throws IOException {
    for (BenchmarkConfig config :
        List.of(BenchmarkConfig.small(), BenchmarkConfig.full(), BenchmarkConfig.smoke())) {
      Path folder = out.resolve("replicates" + config.replicates());
      CellStore.open(folder, config);
      CellStore.open(folder, config); // throws when what was read differs
    }
  }

  @Test
  void whatTheClaimsNeedIsDoneFirstAndSlowTasksLast() {
    BenchmarkConfig full = BenchmarkConfig.full();
    List<Unit> units = Unit.all(full, Tasks.all());
    assertThat(units.subList(0, 30))
        .allSatisfy(u -> assertThat(u.arm().steps()).isEqualTo(1120))
        .allSatisfy(u -> assertThat(full.longMethods()).contains(u.arm().method()));
    assertThat(units.subList(0, 3)).allSatisfy(u -> assertThat(u.arm().replicate()).isEqualTo(1));
    assertThat(units.subList(30, 60)).allSatisfy(u -> assertThat(u.arm().steps()).isEqualTo(280));
    assertThat(units.subList(60, 90)).allSatisfy(u -> assertThat(u.arm().steps()).isEqualTo(560));
    assertThat(units.subList(90, 190))
        .allSatisfy(u -> assertThat(u.cells()).contains("pretraining"))
        .noneSatisfy(u -> assertThat(full.longMethods()).contains(u.arm().method()));
    assertThat(units.subList(190, units.size()))
        .hasSize(3 * 13 * 4)
        .allSatisfy(u -> assertThat(u.arm().steps()).isEqualTo(280))
        .allSatisfy(u -> assertThat(u.cells()).hasSize(1));
  }

  @Test
  void stepsThatDoNotFillEpochsAreRefused() {
    BenchmarkConfig all = BenchmarkConfig.full();
    assertThatThrownBy(
            () ->
                new BenchmarkConfig(
                    all.counts(),
                    all.dataSeed(),
                    all.modelSeed(),
                    10,
                    3,
                    all.findings(),
                    all.methods(),
                    all.longMethods(),
                    List.of(280, 300),
                    all.pretrain(),
                    all.tasks()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples of the steps of an epoch (28), got [280, 300]");
    assertThatThrownBy(() -> all.withMethods(List.of(Method.CLIP), List.of(Method.T3D)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("longMethods must be among methods");
  }
}
