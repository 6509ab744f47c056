package io.t3d.cli.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.cli.notebook.NotebookRunner.NotebookException;
import io.t3d.core.config.Configs;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Notebooks and the pages' examples run from the first snippet to the last. */
class NotebooksTest {
  private final ByteArrayOutputStream echoed = new ByteArrayOutputStream();
  private final NotebookRunner runner =
      new NotebookRunner(
          NotebookRunner.currentClassPath(), new PrintStream(echoed, true, StandardCharsets.UTF_8));

  static Stream<Path> notebooks() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("../examples/notebooks"))) {
      return files.filter(p -> p.toString().endsWith(".jsh")).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void everyNotebookRuns(Path notebook) throws Exception {
    runner.run(notebook);
    assertThat(echoed.toString(StandardCharsets.UTF_8)).contains("==>");
  }

  @Test
  void theReadmesFrontDoorOpensAndTakesTwelveLines(@TempDir Path dir) throws Exception {
    PhantomDataset.write(dir.resolve("ct"), 40, 5);
    Path config =
        Files.writeString(dir.resolve("c.yaml"), Configs.toYaml(PretrainConfig.tiny().with(1, 3)));
    Path manifest = dir.resolve("ct/manifest.csv");
    String example = example("README.md", 0);
    assertThat(statements(example)).isLessThanOrEqualTo(12);

    runner.run(
        "README.md",
        example
            .replace("resnet50.yaml", config.toString())
            .replace("ct/manifest.csv", manifest.toString())
            .replace("runs/a", dir.resolve("run").toString())
            .replace("ct/study1", Manifest.read(manifest).rows().get(0).volume().toString()));
    assertThat(dir.resolve("run/checkpoint/data.json")).exists();
  }

  @Test
  void theReadmesExampleRunsAndIsShort() throws Exception {
    String example = example("README.md", 1);
    assertThat(statements(example)).isLessThanOrEqualTo(15);

    runner.run("README.md", example);
  }

  private static long statements(String example) {
    return example.lines().filter(l -> !l.isBlank() && !l.startsWith("import ")).count();
  }

  @Test
  void theExampleOfRelevanceRuns() throws Exception {
    runner.run("docs/relevance.md", example("docs/relevance.md", 0));
  }

  /** A block of Java in a page, from 0. */
  private static String example(String page, int which) throws IOException {
    String text = Files.readString(Path.of("..").resolve(page));
    List<String> blocks =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(text)
            .results()
            .map(block -> block.group(1))
            .toList();
    assertThat(blocks).hasSizeGreaterThan(which);
    return blocks.get(which);
  }

  @Test
  void aSnippetThatDoesNotCompileFailsTheNotebook() {
    assertThatThrownBy(() -> runner.run("test", "int one = 1;\nint two = \"2\";"))
        .isInstanceOf(NotebookException.class)
        .hasMessageContaining("does not compile")
        .hasMessageContaining("int two");
  }

  @Test
  void aSnippetThatThrowsFailsTheNotebook() {
    assertThatThrownBy(() -> runner.run("test", "int[] none = {};\nint first = none[0];"))
        .isInstanceOf(NotebookException.class)
        .hasMessageContaining("ArrayIndexOutOfBoundsException");
  }
}
