package io.t3d.examples.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarkRunTest {
  private static BenchmarkConfig smoke(List<Long> seeds, List<Method> methods) {
    BenchmarkConfig all = BenchmarkConfig.smoke();
    return new BenchmarkConfig(
        all.pairs(), all.dataSeed(), all.findings(), seeds, methods, all.pretrain(), all.tasks());
  }

  @Test
  void everyMethodAndTaskRunsAndThePageStandsAlone(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(List.of(1L), List.of(Method.values()));
    BenchmarkTable table = new BenchmarkRun(config, out, 1, (done, total, what) -> {}).run();

    for (Method method : Method.values()) {
      List<String> tasks =
          table.cells().stream().filter(c -> c.method() == method).map(Cell::task).toList();
      assertThat(tasks)
          .as(method.title())
          .contains("pretraining", "linear-probe", "fine-tuning", "reports", "segmentation");
      assertThat(tasks.contains("zero-shot")).as(method.title()).isEqualTo(method.alignsText());
      assertThat(tasks.contains("retrieval")).as(method.title()).isEqualTo(method.alignsText());
    }
    table
        .cells()
        .forEach(
            c -> c.scores().forEach((k, v) -> assertThat(v).as("%s %s", c.task(), k).isFinite()));

    JsonNode results = new ObjectMapper().readTree(out.resolve("results.json").toFile());
    assertThat(results.at("/methods/t3d/zero-shot~1AUROC/mean").asDouble()).isBetween(0.0, 1.0);
    assertThat(results.at("/gains/clip/zero-shot~1AUROC/seeds").asInt()).isEqualTo(1);
    assertThat(results.get("cells").size()).isEqualTo(table.cells().size());

    String page = Files.readString(out.resolve("report.html"));
    assertThat(page)
        .contains("T3D minus each other method", "ROC of zero-shot", "cluster assignments")
        .contains(
            "attention to “",
            "likeness to the report: cosine",
            "data:image/png;base64,",
            "<polyline")
        .doesNotContain("<script", "src=\"http", "<link");
    assertThat(Files.readString(out.resolve("results.md"))).contains("| T3D − CLIP |");
  }

  @Test
  void aStoppedRunGoesOnWhereItWas(@TempDir Path out) throws IOException {
    BenchmarkConfig config = smoke(List.of(1L), List.of(Method.CLIP, Method.SCRATCH));
    BenchmarkRun stopped =
        new BenchmarkRun(
            config,
            out,
            (done, total, what) -> {
              if (done == 3) {
                throw new IllegalStateException("killed");
              }
            },
            List.of(new ProbeTask(), new ZeroShotTask(), new Counted(new ArrayList<>())));
    assertThatThrownBy(stopped::run).hasMessage("killed");
    Path clip = out.resolve("cells/clip-seed1");
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
                List.of(new ProbeTask(), new ZeroShotTask(), new Counted(ran)))
            .run();
    assertThat(seen.get(0)).isEqualTo(3);
    assertThat(ran).containsExactly("CLIP", "SCRATCH");
    assertThat(contents(clip)).containsAllEntriesOf(before);
    assertThat(table.cells()).hasSize(7);

    ran.clear();
    new BenchmarkRun(config, out, (d, t, w) -> {}, List.of(new Counted(ran))).run();
    assertThat(ran).isEmpty();
  }

  /** A task that remembers what it was run for. */
  private record Counted(List<String> ran) implements BenchmarkTask {
    @Override
    public String name() {
      return "counted";
    }

    @Override
    public boolean applies(Method method) {
      return true;
    }

    @Override
    public TaskResult run(TaskContext context) {
      ran.add(context.method().name());
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
    BenchmarkConfig config = smoke(List.of(1L), List.of(Method.SCRATCH));
    CellStore store = CellStore.open(out, config);
    store.put(new Cell(Method.SCRATCH, 1, "counted", Map.of("count", 1.0), List.of(), 0.5));
    BenchmarkConfig other = smoke(List.of(1L, 2L), List.of(Method.SCRATCH));
    assertThatThrownBy(() -> new BenchmarkRun(other, out, 1, (d, t, w) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("other settings")
        .hasMessageContaining("--restart");

    BenchmarkRun.clear(out);
    assertThat(CellStore.open(out, other).all(other)).isEmpty();
  }

  @Test
  void settingsSurviveTheirFile(@TempDir Path out) throws IOException {
    for (BenchmarkConfig config :
        List.of(BenchmarkConfig.small(), BenchmarkConfig.full(), BenchmarkConfig.smoke())) {
      Path folder = out.resolve("pairs" + config.pairs());
      CellStore.open(folder, config);
      CellStore.open(folder, config); // throws when what was read differs
    }
  }
}
