package io.t3d.cli.runs;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./t3d runs list}: the output folders in a folder, one a line. */
@Command(
    name = "list",
    description = "List the output folders of pretrain in a folder.",
    mixinStandardHelpOptions = true)
public final class RunsListCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "Where to look, four levels deep.")
  private Path folder;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new T3dException(T3dException.Kind.INPUT, folder + " is not a folder");
    }
    List<RunFolder> runs = RunFolder.in(folder);
    if (runs.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT, "There is no log.csv of a pretrain in " + folder);
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("run", "steps", "loss", "validation", "started"));
    Path base = folder.toAbsolutePath();
    for (RunFolder run : runs) {
      String path = base.relativize(run.folder()).toString();
      rows.add(
          List.of(
              path.isEmpty() ? "." : path,
              Integer.toString(run.stepsDone()),
              Comparison.loss(run),
              run.scores().stream().findFirst().map(s -> Comparison.best(run, s)).orElse("–"),
              run.told("started")));
    }
    PrintWriter out = spec.commandLine().getOut();
    TextTable.lines(rows).forEach(out::println);
    out.flush();
    return 0;
  }
}
