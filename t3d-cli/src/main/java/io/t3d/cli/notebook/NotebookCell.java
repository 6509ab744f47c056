package io.t3d.cli.notebook;

import java.util.ArrayList;
import java.util.List;

/**
 * A cell of a JShell notebook: what is said about it, then its snippets.
 *
 * <p>In a {@code .jsh} file a cell begins where a comment line follows an empty line, or the start
 * of the file. Its first comment line is its heading; further comment lines are text.
 *
 * @param heading without the slashes; empty for a cell without comment lines
 * @param text lines below the heading, without the slashes
 * @param code lines, without empty ones at either end; may be none
 */
record NotebookCell(String heading, List<String> text, List<String> code) {
  NotebookCell {
    text = List.copyOf(text);
    code = List.copyOf(code);
  }

  /** Cuts a notebook's lines into cells; lines for the jshell command are left out. */
  static List<NotebookCell> split(List<String> lines) {
    List<NotebookCell> out = new ArrayList<>();
    List<String> cell = new ArrayList<>();
    boolean afterEmpty = true;
    for (String line : lines) {
      if (NotebookRunner.isCommand(line)) {
        continue;
      }
      if (afterEmpty && line.startsWith("//")) {
        add(cell, out);
        cell.clear();
      }
      cell.add(line);
      afterEmpty = line.isBlank();
    }
    add(cell, out);
    return out;
  }

  private static void add(List<String> lines, List<NotebookCell> out) {
    int code = 0;
    while (code < lines.size() && lines.get(code).startsWith("//")) {
      code++;
    }
    List<String> comments = lines.subList(0, code).stream().map(NotebookCell::uncomment).toList();
    List<String> snippets = strip(lines.subList(code, lines.size()));
    if (comments.isEmpty() && snippets.isEmpty()) {
      return;
    }
    out.add(
        comments.isEmpty()
            ? new NotebookCell("", List.of(), snippets)
            : new NotebookCell(comments.get(0), comments.subList(1, code), snippets));
  }

  private static String uncomment(String line) {
    return line.substring(2).strip();
  }

  private static List<String> strip(List<String> lines) {
    int from = 0;
    int to = lines.size();
    while (from < to && lines.get(from).isBlank()) {
      from++;
    }
    while (to > from && lines.get(to - 1).isBlank()) {
      to--;
    }
    return lines.subList(from, to);
  }
}
