package io.t3d.cli.runs;

import io.t3d.cli.page.part.Pages;
import io.t3d.core.T3dException;
import io.t3d.core.internal.OutputCheck;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./t3d runs compare}: results, settings that differ and curves of several trainings. */
@Command(
    name = "compare",
    description = "Compare output folders of pretrain: results, and settings that differ.",
    mixinStandardHelpOptions = true)
public final class RunsCompareCommand implements Callable<Integer> {
  @Parameters(arity = "1..*", paramLabel = "DIR", description = "Two or more --out folders.")
  private List<Path> folders;

  @Option(
      names = "--out",
      paramLabel = "HTML",
      description = "Write a page with the tables and the curves there, too.")
  private @Nullable Path page;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (folders.size() < 2) {
      throw new T3dException(
          T3dException.Kind.USAGE, "A comparison needs two or more folders, got " + folders);
    }
    if (page != null) {
      OutputCheck.file(page);
    }
    Comparison comparison = Comparison.of(folders);
    PrintWriter out = spec.commandLine().getOut();
    comparison.lines().forEach(out::println);
    out.flush();
    if (page != null) {
      Pages.write(page, "compare.jte", comparison.page());
    }
    return 0;
  }
}
