package io.t3d.cli.command;

import io.t3d.cli.notebook.NotebookRunner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ./t3d classpath}: prints the class path of this library and all that it needs. */
@Command(
    name = "classpath",
    description = "Print the class path, e.g. for jshell or a Jupyter kernel (docs/notebooks.md).",
    mixinStandardHelpOptions = true)
public final class ClassPathCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().getOut().println(NotebookRunner.currentClassPath());
    return 0;
  }
}
