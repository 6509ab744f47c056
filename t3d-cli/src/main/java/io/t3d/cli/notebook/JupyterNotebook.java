package io.t3d.cli.notebook;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes JShell notebooks as Jupyter notebooks: nbformat 4.5, a markdown cell for what a cell says,
 * a code cell for its snippets, no outputs. They name the kernel {@code java}, which is that of
 * IJava and JJava; the rapaio kernel is chosen in Jupyter's menu.
 */
public final class JupyterNotebook {
  private static final String JSHELL = ".jsh";
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private JupyterNotebook() {}

  /**
   * Writes a Jupyter notebook beside each JShell notebook of a folder.
   *
   * @return the files, sorted
   * @throws IOException when the folder cannot be read or a file not be written
   * @throws T3dException when there is none
   */
  public static List<Path> writeAll(Path folder) throws IOException {
    List<Path> notebooks;
    try (Stream<Path> files = Files.list(folder)) {
      notebooks = files.filter(file -> file.toString().endsWith(JSHELL)).sorted().toList();
    }
    if (notebooks.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          folder + " has no file that ends in " + JSHELL + "; give a folder of JShell notebooks");
    }
    List<Path> out = new ArrayList<>();
    for (Path notebook : notebooks) {
      Path file = besideOf(notebook);
      AtomicFiles.writeText(file, of(Files.readAllLines(notebook)));
      out.add(file);
    }
    return out;
  }

  /** The Jupyter notebook that belongs to a JShell notebook. */
  static Path besideOf(Path notebook) {
    String name = notebook.getFileName().toString();
    return notebook.resolveSibling(name.substring(0, name.length() - JSHELL.length()) + ".ipynb");
  }

  /**
   * Turns a JShell notebook into JSON.
   *
   * @param lines of the {@code .jsh} file
   */
  static String of(List<String> lines) throws IOException {
    ObjectNode root = JSON.objectNode();
    ArrayNode cells = root.putArray("cells");
    for (NotebookCell cell : NotebookCell.split(lines)) {
      if (!cell.heading().isEmpty()) {
        cells.add(markdown(cell, cells.size()));
      }
      if (!cell.code().isEmpty()) {
        cells.add(code(cell, cells.size()));
      }
    }
    root.set("metadata", metadata());
    root.put("nbformat", 4);
    root.put("nbformat_minor", 5);
    return new ObjectMapper().writer(likeJupyter()).writeValueAsString(root) + "\n";
  }

  /** The layout that Jupyter writes, so that a notebook saved there differs by its outputs only. */
  private static DefaultPrettyPrinter likeJupyter() {
    Separators separators =
        Separators.createDefaultInstance()
            .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
            .withObjectEmptySeparator("")
            .withArrayEmptySeparator("");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter(separators);
    DefaultIndenter indenter = new DefaultIndenter(" ", "\n");
    printer.indentArraysWith(indenter);
    printer.indentObjectsWith(indenter);
    return printer;
  }

  private static ObjectNode metadata() {
    ObjectNode out = JSON.objectNode();
    out.putObject("kernelspec")
        .put("display_name", "Java")
        .put("language", "java")
        .put("name", "java");
    out.putObject("language_info")
        .put("codemirror_mode", "java")
        .put("file_extension", ".jshell")
        .put("mimetype", "text/x-java-source")
        .put("name", "Java")
        .put("pygments_lexer", "java");
    return out;
  }

  private static ObjectNode markdown(NotebookCell cell, int index) {
    List<String> lines = new ArrayList<>();
    lines.add((index == 0 ? "# " : "## ") + cell.heading());
    if (!cell.text().isEmpty()) {
      lines.add("");
      lines.addAll(cell.text());
    }
    ObjectNode out = JSON.objectNode();
    out.put("cell_type", "markdown");
    out.put("id", id(index));
    out.putObject("metadata");
    out.set("source", source(lines));
    return out;
  }

  private static ObjectNode code(NotebookCell cell, int index) {
    ObjectNode out = JSON.objectNode();
    out.put("cell_type", "code");
    out.putNull("execution_count");
    out.put("id", id(index));
    out.putObject("metadata");
    out.putArray("outputs");
    out.set("source", source(cell.code()));
    return out;
  }

  private static String id(int index) {
    return "cell-" + (index + 1);
  }

  /** Lines as nbformat has them: all but the last end with a line feed. */
  private static ArrayNode source(List<String> lines) {
    ArrayNode out = JSON.arrayNode();
    for (int i = 0; i < lines.size(); i++) {
      out.add(lines.get(i) + (i < lines.size() - 1 ? "\n" : ""));
    }
    return out;
  }
}
