package io.t3d.cli.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class JupyterNotebookTest {
  private static final Path FOLDER = Path.of("../examples/notebooks");

  static Stream<Path> notebooks() throws IOException {
    return NotebooksTest.notebooks();
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void theJupyterNotebookIsCurrent(Path notebook) throws IOException {
    Path file = JupyterNotebook.besideOf(notebook);
    assertThat(file)
        .as("write it again: ./t3d notebook --ipynb examples/notebooks")
        .hasContent(JupyterNotebook.of(Files.readAllLines(notebook)));
  }

  @Test
  void noJupyterNotebookIsWithoutItsSource() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      assertThat(files.map(Path::toString).filter(name -> name.endsWith(".ipynb")))
          .containsExactlyInAnyOrderElementsOf(
              notebooks().map(n -> JupyterNotebook.besideOf(n).toString()).toList());
    }
  }

  /** What nbformat 4.5's schema requires of a notebook, and that it allows nothing else. */
  @ParameterizedTest
  @MethodSource("notebooks")
  void theJupyterNotebookIsValidNbformat(Path notebook) throws IOException {
    JsonNode root = new ObjectMapper().readTree(JupyterNotebook.besideOf(notebook).toFile());
    assertThat(keys(root))
        .containsExactlyInAnyOrder("cells", "metadata", "nbformat", "nbformat_minor");
    assertThat(root.get("nbformat").isInt() && root.get("nbformat").intValue() == 4).isTrue();
    assertThat(root.get("nbformat_minor").intValue()).isEqualTo(5);
    JsonNode kernel = root.get("metadata").get("kernelspec");
    assertThat(kernel.get("name").textValue()).isEqualTo("java");
    assertThat(kernel.get("display_name").isTextual()).isTrue();
    assertThat(root.get("metadata").get("language_info").get("name").isTextual()).isTrue();
    Set<String> ids = new HashSet<>();
    for (JsonNode cell : root.get("cells")) {
      boolean code = cell.get("cell_type").textValue().equals("code");
      assertThat(keys(cell))
          .containsExactlyInAnyOrderElementsOf(
              code
                  ? List.of("cell_type", "execution_count", "id", "metadata", "outputs", "source")
                  : List.of("cell_type", "id", "metadata", "source"));
      assertThat(cell.get("cell_type").textValue()).isIn("code", "markdown");
      assertThat(cell.get("id").textValue()).matches("[a-zA-Z0-9_-]{1,64}");
      assertThat(ids.add(cell.get("id").textValue())).as("ids are unique").isTrue();
      assertThat(cell.get("metadata").isObject()).isTrue();
      assertThat(lines(cell)).isNotEmpty();
      if (code) {
        assertThat(cell.get("execution_count").isNull()).isTrue();
        assertThat(cell.get("outputs").isArray() && cell.get("outputs").isEmpty()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void theCodeCellsHoldEveryLineOfCodeInOrder(Path notebook) throws IOException {
    List<String> code = new ArrayList<>();
    JsonNode root = new ObjectMapper().readTree(JupyterNotebook.besideOf(notebook).toFile());
    for (JsonNode cell : root.get("cells")) {
      if (cell.get("cell_type").textValue().equals("code")) {
        code.addAll(String.join("", lines(cell)).lines().toList());
      }
    }
    assertThat(code)
        .containsExactlyElementsOf(
            Files.readAllLines(notebook).stream()
                .filter(line -> !line.startsWith("//") && !line.isBlank())
                .toList());
  }

  @Test
  void aCellBeginsAtACommentAfterAnEmptyLine() throws IOException {
    List<String> lines =
        List.of(
            "// Title",
            "// More.",
            "import a.B;",
            "",
            "// 1. First",
            "int one = 1; // stays",
            "// a comment inside stays",
            "",
            "int two = 2;",
            "/exit",
            "",
            "// 2. Only words");
    assertThat(NotebookCell.split(lines))
        .containsExactly(
            new NotebookCell("Title", List.of("More."), List.of("import a.B;")),
            new NotebookCell(
                "1. First",
                List.of(),
                List.of("int one = 1; // stays", "// a comment inside stays", "", "int two = 2;")),
            new NotebookCell("2. Only words", List.of(), List.of()));
    JsonNode cells = new ObjectMapper().readTree(JupyterNotebook.of(lines)).get("cells");
    assertThat(cells).hasSize(5);
    assertThat(lines(cells.get(0))).containsExactly("# Title\n", "\n", "More.");
    assertThat(lines(cells.get(2))).containsExactly("## 1. First");
    assertThat(lines(cells.get(3)))
        .containsExactly(
            "int one = 1; // stays\n", "// a comment inside stays\n", "\n", "int two = 2;");
  }

  @Test
  void codeBeforeTheFirstCommentIsACellWithoutWords() {
    assertThat(NotebookCell.split(List.of("", "int one = 1;", "", "// Two")))
        .containsExactly(
            new NotebookCell("", List.of(), List.of("int one = 1;")),
            new NotebookCell("Two", List.of(), List.of()));
  }

  @Test
  void aFolderIsWrittenAndOneWithoutNotebooksIsAnError(@TempDir Path folder) throws IOException {
    assertThatThrownBy(() -> JupyterNotebook.writeAll(folder))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("no file that ends in .jsh");
    Files.writeString(folder.resolve("b.jsh"), "// B\nint b = 1;\n");
    Files.writeString(folder.resolve("a.jsh"), "// A\nint a = 1;\n");
    assertThat(JupyterNotebook.writeAll(folder))
        .containsExactly(folder.resolve("a.ipynb"), folder.resolve("b.ipynb"));
    assertThat(folder.resolve("b.ipynb"))
        .hasContent(JupyterNotebook.of(List.of("// B", "int b = 1;")));
  }

  private static List<String> keys(JsonNode node) {
    List<String> out = new ArrayList<>();
    node.fieldNames().forEachRemaining(out::add);
    return out;
  }

  private static List<String> lines(JsonNode cell) {
    return StreamSupport.stream(cell.get("source").spliterator(), false)
        .map(JsonNode::textValue)
        .toList();
  }
}
