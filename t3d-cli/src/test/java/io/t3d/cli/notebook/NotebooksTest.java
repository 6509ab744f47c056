package io.t3d.cli.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.cli.notebook.NotebookRunner.NotebookException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
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
  void theReadmesExampleRunsAndIsShort() throws Exception {
    String example = example("README.md");
    assertThat(example.lines().filter(l -> !l.isBlank() && !l.startsWith("import ")).count())
        .isLessThanOrEqualTo(15);

    runner.run("README.md", example);
  }

  @Test
  void theExampleOfRelevanceRuns() throws Exception {
    runner.run("docs/relevance.md", example("docs/relevance.md"));
  }

  /** The first block of Java in a page. */
  private static String example(String page) throws IOException {
    String text = Files.readString(Path.of("..").resolve(page));
    Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text);
    assertThat(block.find()).isTrue();
    return block.group(1);
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
