package io.t3d.cli.notebook;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import jdk.jshell.Diag;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;

/**
 * Runs a JShell notebook and stops at its first error. The {@code jshell} command itself ends with
 * exit code 0 after compile errors and exceptions, so it cannot tell whether a notebook still
 * works.
 *
 * <p>Of values, only those of expressions are shown, as Jupyter does: what a declaration holds is
 * seldom worth reading.
 */
public final class NotebookRunner {
  /** What the jshell command imports at its start. */
  private static final List<String> DEFAULT_IMPORTS =
      List.of(
          "java.io.*",
          "java.math.*",
          "java.net.*",
          "java.nio.file.*",
          "java.util.*",
          "java.util.concurrent.*",
          "java.util.function.*",
          "java.util.prefs.*",
          "java.util.regex.*",
          "java.util.stream.*");

  private final String classPath;
  private final PrintStream out;

  /**
   * Prepares a runner.
   *
   * @param classPath what the notebook may import
   * @param out where the snippets and values of expressions are echoed; what they print goes to
   *     {@code System.out}
   */
  public NotebookRunner(String classPath, PrintStream out) {
    this.classPath = classPath;
    this.out = out;
  }

  /** A snippet did not compile or threw. */
  public static final class NotebookException extends Exception {
    private static final long serialVersionUID = 1L;

    NotebookException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Runs a notebook file in a JShell of its own; lines that begin with {@code /} are JShell
   * commands and are left out.
   */
  public void run(Path notebook) throws IOException, NotebookException {
    run(notebook.toString(), read(notebook));
  }

  static String read(Path notebook) throws IOException {
    return Files.readAllLines(notebook).stream()
        .map(line -> isCommand(line) ? "" : line)
        .collect(Collectors.joining("\n"));
  }

  /** Whether a line is for the jshell command, as {@code /exit} is. */
  static boolean isCommand(String line) {
    return line.startsWith("/") && !line.startsWith("//") && !line.startsWith("/*");
  }

  /**
   * Runs source text.
   *
   * @param name what error messages call it
   * @param source snippets, as they would be typed into JShell
   * @throws NotebookException at the first snippet that is rejected or throws
   */
  public void run(String name, String source) throws NotebookException {
    run(name, source, shell -> {});
  }

  /** The same; somebody looks at the shell when all snippets have run. */
  void run(String name, String source, Consumer<JShell> end) throws NotebookException {
    // "local": in this JVM, which has loaded the native libraries already.
    try (JShell shell = JShell.builder().executionEngine("local").out(out).err(out).build()) {
      for (String entry : classPath.split(File.pathSeparator, -1)) {
        shell.addToClasspath(entry);
      }
      DEFAULT_IMPORTS.forEach(each -> shell.eval("import " + each + ";"));
      SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();
      String rest = source;
      while (!rest.isBlank()) {
        CompletionInfo info = analysis.analyzeCompletion(rest);
        if (!info.completeness().isComplete()) {
          throw new NotebookException(
              name + ": this snippet is not complete: " + rest.strip(), null);
        }
        evaluate(shell, name, info.source());
        rest = info.remaining();
      }
      end.accept(shell);
    }
  }

  private void evaluate(JShell shell, String name, String snippet) throws NotebookException {
    snippet.strip().lines().forEach(line -> out.println("> " + line));
    List<SnippetEvent> events = shell.eval(snippet);
    for (SnippetEvent event : events) {
      if (event.exception() != null) {
        JShellException e = event.exception();
        throw new NotebookException(
            name + ": this snippet threw " + describe(e) + ": " + snippet.strip(), e);
      }
      if (event.status() == Snippet.Status.REJECTED
          || event.status() == Snippet.Status.RECOVERABLE_NOT_DEFINED) {
        String why =
            shell
                .diagnostics(event.snippet())
                .map((Diag d) -> d.getMessage(null))
                .collect(Collectors.joining("; "));
        throw new NotebookException(
            name + ": this snippet does not compile (" + why + "): " + snippet.strip(), null);
      }
      if (event.causeSnippet() == null && isExpression(event.snippet()) && hasValue(event)) {
        out.println("==> " + event.value());
      }
    }
  }

  private static boolean isExpression(Snippet snippet) {
    return snippet.kind() == Snippet.Kind.EXPRESSION
        || snippet.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND;
  }

  private static boolean hasValue(SnippetEvent event) {
    return event.value() != null && !event.value().isEmpty() && !event.value().equals("null");
  }

  private static String describe(JShellException e) {
    return e instanceof jdk.jshell.EvalException eval
        ? eval.getExceptionClassName() + " (" + e.getMessage() + ")"
        : e.getMessage();
  }

  /** The class path of this JVM, also when a test runner hides it in a manifest. */
  public static String currentClassPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** A runner over this JVM's class path that echoes to {@code System.out}. */
  public static NotebookRunner overCurrentClassPath() {
    return new NotebookRunner(
        currentClassPath(), new PrintStream(System.out, true, StandardCharsets.UTF_8));
  }
}
