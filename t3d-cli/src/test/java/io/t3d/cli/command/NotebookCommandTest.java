package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotebookCommandTest {
  @TempDir Path folder;
  private Path good;
  private Path bad;
  private Path other;

  @BeforeEach
  void write() throws IOException {
    good = Files.writeString(folder.resolve("good.jsh"), "int one = 1;\n");
    bad = Files.writeString(folder.resolve("bad.jsh"), "int one = \"1\";\n");
    // A name that is taken in a shell that is not fresh would have another type.
    other =
        Files.writeString(
            folder.resolve("other.jsh"),
            "if (true) { Object o = 1; }\nString one = \"1\";\none.length();\n");
  }

  @Test
  void eachNotebookHasALineAtTheEnd() {
    CommandRun run = CommandRun.of("notebook", good, other);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out().strip().lines().toList())
        .hasSize(2)
        .satisfiesExactly(
            line -> assertThat(line).matches("ok +\\d+\\.\\d s  \\Q" + good + "\\E"),
            line -> assertThat(line).matches("ok +\\d+\\.\\d s  \\Q" + other + "\\E"));
  }

  @Test
  void aNotebookThatFailsIsNamedAndTheOthersStillRun() {
    CommandRun run = CommandRun.of("notebook", bad, other);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out().strip().lines().toList())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("FAILED").endsWith(bad.toString()),
            line -> assertThat(line).startsWith("ok").endsWith(other.toString()));
    assertThat(run.err())
        .startsWith("error: 1 of 2 notebooks failed")
        .contains(bad + ": this snippet does not compile")
        .doesNotContain("stack trace")
        .doesNotContain(other.toString());
  }

  @Test
  void aShellIsFreshForEachNotebook() throws IOException {
    Path asks = Files.writeString(folder.resolve("asks.jsh"), "int two = one + 1;\n");
    CommandRun run = CommandRun.of("notebook", good, asks);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(asks.toString()).contains("cannot find symbol");
  }

  @Test
  void aMisspeltNameIsToldBeforeAnyNotebookRuns() {
    CommandRun run = CommandRun.of("notebook", good, folder.resolve("goof.jsh"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("no such file").contains("goof.jsh");
  }

  @Test
  void jupyterNotebooksAreWrittenBesideTheSources() {
    CommandRun run = CommandRun.of("notebook", "--ipynb", folder);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out().lines())
        .containsExactly(
            folder.resolve("bad.ipynb").toString(),
            folder.resolve("good.ipynb").toString(),
            folder.resolve("other.ipynb").toString());
    assertThat(folder.resolve("good.ipynb")).content().contains("\"int one = 1;\"");
    assertThat(CommandRun.of("notebook", "--ipynb", folder, good).exitCode()).isEqualTo(2);
    assertThat(CommandRun.of("notebook").exitCode()).isEqualTo(2);
  }
}
