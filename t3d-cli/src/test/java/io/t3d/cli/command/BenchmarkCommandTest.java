package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarkCommandTest {
  @Test
  void aChangedConfigIsRefusedUntilARestartIsAskedFor(@TempDir Path dir) throws IOException {
    Path config = dir.resolve("benchmark.yaml");
    Files.writeString(
        config, "preset: smoke\nreplicates: 1\nmethods: [SCRATCH]\nlongMethods: []\n");
    String[] command = {
      "benchmark", "--suite", "phantom", "--config", config.toString(), "--out", dir + "/out"
    };
    CommandRun first = CommandRun.of((Object[]) command);
    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out()).contains("| from scratch |");
    assertThat(dir.resolve("out/report.html")).exists();

    Files.writeString(
        config,
        "preset: smoke\nreplicates: 1\nmodelSeed: 9\nmethods: [SCRATCH]\nlongMethods: []\n");
    CommandRun refused = CommandRun.of((Object[]) command);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("holds a benchmark with other settings", "--restart");
    assertThat(dir.resolve("out/cells/scratch-1-r01/linear-probe.json")).exists();
  }
}
