package io.t3d.cli.command;

import io.t3d.cli.notebook.NotebookRunner;
import io.t3d.core.T3dException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code ./t3d notebook}: runs a JShell notebook. */
@Command(
    name = "notebook",
    description = "Run a JShell notebook; fails at the first snippet that does.",
    mixinStandardHelpOptions = true)
public final class NotebookCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "E.g. examples/notebooks/quickstart.jsh.")
  private Path file;

  @Override
  public Integer call() throws Exception {
    try {
      NotebookRunner.overCurrentClassPath().run(file);
    } catch (NotebookRunner.NotebookException e) {
      throw new T3dException(T3dException.Kind.INPUT, e.getMessage(), e);
    }
    return 0;
  }
}
