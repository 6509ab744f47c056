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
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jshell.JShell;
import jdk.jshell.VarSnippet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Notebooks and the pages' examples run from the first snippet to the last. */
class NotebooksTest {
  /** Closed by what owns them: the manager they are attached to, the model. */
  private static final Set<String> OWNED = Set.of("NDArray", "ViewBatch", "ReportTokenizer");

  /** What Java prints of an object or array that does not say what it is, and DJL of an array. */
  private static final Pattern DUMP =
      Pattern.compile("[\\w\\]\\[;.$]@[0-9a-f]{4,8}\\b|ND: \\(|Optional");

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
  void everyNotebookRunsPrintsWhatAPersonReadsAndClosesAll(Path notebook) throws Exception {
    String source = NotebookRunner.read(notebook);
    PrintStream console = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      runner.run(notebook.toString(), source, shell -> assertAllClosed(shell, source));
    } finally {
      System.setOut(console);
    }
    String text = printed.toString(StandardCharsets.UTF_8);
    assertThat(text.lines()).as("lines of output").hasSizeBetween(10, 80);
    assertThat(text.lines()).allMatch(line -> !DUMP.matcher(line).find());
    assertThat(text).as("rounded numbers").doesNotContainPattern("\\d\\.\\d{5}");
  }

  /** Every variable that can be closed is, by its name. */
  private static void assertAllClosed(JShell shell, String source) {
    List<String> open =
        shell
            .variables()
            .filter(v -> !OWNED.contains(v.typeName()))
            .map(VarSnippet::name)
            .filter(
                v ->
                    shell
                        .eval("(Object) " + v + " instanceof AutoCloseable")
                        .get(0)
                        .value()
                        .equals("true"))
            .toList();
    assertThat(open).isNotEmpty().allSatisfy(v -> assertThat(source).contains(v + ".close();"));
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
  void snippetsAndValuesOfExpressionsAreEchoedAndThoseOfDeclarationsNot() throws Exception {
    runner.run(
        "test",
        "int one = 1;\nMath.abs(one - 3);\nvar list = new ArrayList<Integer>();\nlist.add(7);");
    assertThat(echoed.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "> int one = 1;",
            "> Math.abs(one - 3);",
            "==> 2",
            "> var list = new ArrayList<Integer>();",
            "> list.add(7);",
            "==> true");
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
