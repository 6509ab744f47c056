package io.t3d.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.config.Configs;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.retrieve.HnswIndex;
import io.t3d.pipeline.Prompts;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkCommandTest {
  private static final int COUNT = 9;

  private static Path manifest;
  private static Path model;

  @TempDir private Path dir;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void write(@TempDir Path data) throws IOException {
    manifest = Phantoms.manifest(data.resolve("phantoms"), COUNT);
    model = Phantoms.model(data.resolve("model"));
  }

  private int run(Object... args) {
    return SparkCommand.run(
        Phantoms::session,
        new PrintWriter(out, true),
        new PrintWriter(err, true),
        java.util.Arrays.stream(args).map(Object::toString).toArray(String[]::new));
  }

  @Test
  void volumesBecomeVectorsAndVectorsAnIndex() throws IOException {
    Path bad = Phantoms.withCutVolume(manifest, dir.resolve("manifest.csv"), 2);
    Path table = dir.resolve("embedded.parquet");
    assertThat(run("embed", "--manifest", bad, "--checkpoint", model, "--out", table)).isZero();
    assertThat(out.toString()).contains("8 volumes embedded in " + table);
    assertThat(err.toString())
        .contains("1 rows cannot be used:")
        .contains("row 4 (" + dir.resolve("cut.nii.gz") + "): ");
    assertThat(run("index", "--embeddings", table, "--out", dir.resolve("index"))).isZero();
    try (HnswIndex index = HnswIndex.open(dir.resolve("index"))) {
      assertThat(index.size()).isEqualTo(COUNT - 1);
    }
    assertThat(run("embed", "--manifest", bad, "--checkpoint", model, "--out", table)).isOne();
    assertThat(err.toString()).contains("error: " + table + " holds ").contains("already");
  }

  @Test
  void theOtherCommandsWriteWhatTheyPromise() throws IOException {
    Path prompts = dir.resolve("prompts.yaml");
    Files.writeString(prompts, Configs.toYaml(new Prompts(List.of(FindingPrompts.of("nodule")))));
    assertThat(
            run(
                "zero-shot",
                "--manifest",
                manifest,
                "--checkpoint",
                model,
                "--prompts",
                prompts,
                "--out",
                dir.resolve("findings.parquet")))
        .isZero();
    assertThat(
            run(
                "preprocess",
                "--manifest",
                manifest,
                "--preset",
                "window-only",
                "--out",
                dir.resolve("prepared")))
        .isZero();
    assertThat(
            run(
                "inspect",
                "--folder",
                manifest.resolveSibling("volumes"),
                "--out",
                dir.resolve("inspected.parquet")))
        .isZero();
    assertThat(err.toString()).isEmpty();
    assertThat(out.toString())
        .contains("9 volumes classified in ")
        .contains("9 rows prepared in ")
        .contains("9 ok, 0 with a warning, 0 with an error");
    assertThat(dir.resolve("prepared/manifest.csv")).exists();
  }

  @Test
  void mistakesAreOneLine() {
    assertThat(run("embed", "--manifest", manifest, "--checkpoint", dir, "--out", dir.resolve("a")))
        .isOne();
    assertThat(
            run("embed", "--manifest", dir.resolve("no.csv"), "--checkpoint", model, "--out", "b"))
        .isOne();
    assertThat(
            run(
                "preprocess",
                "--manifest",
                manifest,
                "--preset",
                "chest",
                "--out",
                dir.resolve("c")))
        .isOne();
    assertThat(run("embed", "--manifest", manifest)).isEqualTo(2);
    String[] lines = err.toString().lines().toArray(String[]::new);
    assertThat(lines[0])
        .isEqualTo(
            "error: " + dir + " has no config.json; give the --out folder of a pretrain run");
    assertThat(lines[1]).startsWith("error: no such file or folder: ").contains("no.csv");
    assertThat(lines[2]).startsWith("error: ").contains("chest-ct");
    assertThat(lines[3]).contains("Missing required options");
    assertThat(dir.resolve("a/_SUCCESS")).doesNotExist();
    assertThat(dir.resolve("c")).doesNotExist();
  }
}
