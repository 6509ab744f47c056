package io.t3d.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuReportTest {
  @TempDir private Path folder;

  private List<String> page(boolean expected, String... more) throws IOException {
    Path out = folder.resolve("new/report.md");
    List<String> args =
        new ArrayList<>(
            List.of("--device", "cpu", "--short", "--home", "..", "--out", out.toString()));
    args.addAll(List.of(more));
    assertThat(GpuReport.run(Options.of(args.toArray(String[]::new)), "t3d-bench/gpu-report"))
        .isEqualTo(expected);
    return Files.readAllLines(out);
  }

  @Test
  void aPageTellsMachineStepsTestsAndWhatWasLeftOut() throws IOException {
    List<String> page =
        page(
            true,
            "--minutes",
            "9",
            "--tests",
            "echo Tests run: 7, Failures: 0, Errors: 0, Skipped: 2");
    assertThat(page).first().isEqualTo("# T3D on a CPU");
    assertThat(page).anyMatch(line -> line.matches("- processor: .+, \\d+ cores"));
    assertThat(page).anyMatch(line -> line.matches("- libtorch: \\d+\\.\\d+\\.\\d+.*"));
    for (String model : List.of("vit-base-narrow", "resnet50-narrow")) {
      for (int pairs : List.of(2, 3)) {
        assertThat(page)
            .as(String.join("\n", page))
            .anyMatch(
                line ->
                    line.matches(
                        "\\| "
                            + model
                            + " \\| float32 \\| "
                            + pairs
                            + " \\| \\d+\\.\\d{4} \\|  \\|  \\| \\d+ \\|  \\|"));
      }
    }
    assertThat(page).contains("- tests: 7 run, 0 failed, 2 left out by themselves");
    assertThat(page).contains("- left out: quickstart: --short");
    assertThat(page).anyMatch(line -> line.startsWith("- left out: PyTorch: no Python was named"));
    assertThat(page).last().asString().matches("- took \\d+ s");
  }

  @Test
  void whatFailsIsSaidAndMakesTheCommandFail() throws IOException {
    List<String> page = page(false, "--minutes", "0.001", "--tests", "sh -c exit${IFS}3");
    assertThat(page)
        .anyMatch(
            line -> line.contains("| vit-base-narrow | float32 | 2 | failed: no time was left"));
  }
}
