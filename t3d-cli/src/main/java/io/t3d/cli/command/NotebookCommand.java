package io.t3d.cli.command;

import io.t3d.cli.notebook.JupyterNotebook;
import io.t3d.cli.notebook.NotebookRunner;
import io.t3d.cli.notebook.NotebookRunner.NotebookException;
import io.t3d.core.T3dException;
import io.t3d.core.internal.OutputCheck;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./t3d notebook}: runs JShell notebooks, or writes them as Jupyter notebooks. */
@Command(
    name = "notebook",
    description =
        "Run JShell notebooks, each in a fresh JShell; a notebook ends at its first snippet that"
            + " fails, the next one still runs.",
    mixinStandardHelpOptions = true)
public final class NotebookCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private What what;

  /** Either notebooks to run or a folder to write. */
  private static final class What {
    @Parameters(
        paramLabel = "FILE",
        arity = "1..*",
        description = "E.g. examples/notebooks/quickstart.jsh.")
    private List<Path> files = List.of();

    @Option(
        names = "--ipynb",
        paramLabel = "FOLDER",
        description = "Run nothing; write a Jupyter notebook beside each .jsh file of this folder.")
    private Path folder;
  }

  /** How one notebook went. */
  private record Outcome(Path file, double seconds, Exception error) {
    String line() {
      return String.format(
          Locale.ROOT, "%-6s %6.1f s  %s", error == null ? "ok" : "FAILED", seconds, file);
    }
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (what.folder != null) {
      OutputCheck.folder(what.folder);
      JupyterNotebook.writeAll(what.folder).forEach(out::println);
      return 0;
    }
    // A misspelt name is told before the others have run for minutes.
    for (Path file : what.files) {
      if (!Files.exists(file)) {
        throw new NoSuchFileException(file.toString());
      }
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (Path file : what.files) {
      outcomes.add(run(file));
    }
    out.println();
    outcomes.forEach(each -> out.println(each.line()));
    out.flush();
    List<Outcome> failed = outcomes.stream().filter(each -> each.error() != null).toList();
    if (!failed.isEmpty()) {
      throw failure(failed);
    }
    return 0;
  }

  private static Outcome run(Path file) {
    long begin = System.nanoTime();
    Exception error = null;
    try {
      NotebookRunner.overCurrentClassPath().run(file);
    } catch (NotebookException | IOException e) {
      error = e;
    }
    return new Outcome(file, (System.nanoTime() - begin) / 1e9, error);
  }

  private T3dException failure(List<Outcome> failed) {
    StringBuilder message = new StringBuilder();
    if (what.files.size() > 1) {
      message.append(failed.size() + " of " + what.files.size() + " notebooks failed");
    }
    for (Outcome each : failed) {
      message.append(message.length() == 0 ? "" : System.lineSeparator() + "  ");
      // A notebook's own message begins with its name already.
      String own = each.error().getMessage();
      message.append(each.error() instanceof NotebookException ? own : each.file() + ": " + own);
    }
    T3dException out =
        new T3dException(T3dException.Kind.INPUT, message.toString(), failed.get(0).error());
    failed.subList(1, failed.size()).forEach(each -> out.addSuppressed(each.error()));
    return out;
  }
}
