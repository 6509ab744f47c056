package io.t3d.cli;

import io.t3d.cli.command.BenchmarkCommand;
import io.t3d.cli.command.ClassPathCommand;
import io.t3d.cli.command.CompletionCommand;
import io.t3d.cli.command.DatasetCommand;
import io.t3d.cli.command.EmbedCommand;
import io.t3d.cli.command.EvaluateCommand;
import io.t3d.cli.command.ExportCommand;
import io.t3d.cli.command.GenerateCommand;
import io.t3d.cli.command.InspectCommand;
import io.t3d.cli.command.NotebookCommand;
import io.t3d.cli.command.PreprocessCommand;
import io.t3d.cli.command.PretrainCommand;
import io.t3d.cli.command.QuickstartCommand;
import io.t3d.cli.command.SegmentCommand;
import io.t3d.cli.doctor.DoctorCommand;
import io.t3d.cli.launch.LaunchCommand;
import io.t3d.cli.launch.LaunchedWorker;
import io.t3d.cli.pacs.PacsCommand;
import io.t3d.cli.published.ImportCommand;
import io.t3d.cli.runs.RunsCommand;
import io.t3d.cli.serve.ServeCommand;
import io.t3d.cli.view.ViewCommand;
import io.t3d.core.T3dException;
import io.t3d.data.io.Locations;
import io.t3d.pipeline.internal.CleanStop;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code ./t3d}: pre-training and evaluation of 3D vision-language models. */
@Command(
    name = "t3d",
    description = "3D medical vision-language pre-training (T3D) on native PyTorch.",
    mixinStandardHelpOptions = true,
    versionProvider = T3dCommand.Version.class,
    subcommands = {
      QuickstartCommand.class,
      PreprocessCommand.class,
      PretrainCommand.class,
      LaunchCommand.class,
      RunsCommand.class,
      EvaluateCommand.class,
      BenchmarkCommand.class,
      EmbedCommand.class,
      GenerateCommand.class,
      ImportCommand.class,
      ExportCommand.class,
      InspectCommand.class,
      ViewCommand.class,
      DatasetCommand.class,
      NotebookCommand.class,
      DoctorCommand.class,
      ClassPathCommand.class,
      CompletionCommand.class,
      SegmentCommand.class,
      ServeCommand.class,
      PacsCommand.class,
      CommandLine.HelpCommand.class
    })
public final class T3dCommand {
  @Option(
      names = "--debug",
      description = "Print the stack trace of an error.",
      scope = ScopeType.INHERIT)
  private boolean debug;

  /** Runs the command and ends the JVM: 0 when done, 1 on an error, 2 on wrong arguments. */
  public static void main(String[] args) {
    CleanStop stop = CleanStop.install();
    int code = run(args);
    if (code != 0 && LaunchedWorker.isOne()) {
      // A worker that lost the others may have a call to them that never ends.
      Runtime.getRuntime().halt(code);
    }
    stop.finished();
    System.exit(code);
  }

  /** Runs the command and returns its exit code. */
  public static int run(String... args) {
    Charset terminal = Charset.defaultCharset();
    return run(
        new PrintWriter(System.out, true, terminal),
        new PrintWriter(System.err, true, terminal),
        args);
  }

  /** The same with other streams. */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    T3dCommand root = new T3dCommand();
    try {
      return new CommandLine(root)
          .setOut(out)
          .setErr(err)
          .setCaseInsensitiveEnumValuesAllowed(true)
          .registerConverter(Path.class, T3dCommand::path)
          .setExecutionExceptionHandler((e, line, parsed) -> root.report(e, line.getErr()))
          .execute(args);
    } catch (Error e) { // picocli hands over exceptions alone: no memory, or a native that fails
      return root.report(e, err);
    }
  }

  /** The path of an argument, which may be remote. */
  private static Path path(String text) {
    try {
      return Locations.path(text);
    } catch (T3dException e) {
      throw new CommandLine.TypeConversionException(e.getMessage());
    }
  }

  private int report(Throwable e, PrintWriter err) {
    ErrorReport.print(e, debug, err);
    return 1;
  }

  /** Versions for {@code --version}. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      return new String[] {
        "t3d " + version(),
        "java " + System.getProperty("java.version") + ", " + System.getProperty("os.name")
      };
    }

    /** What the build wrote into the file; a build by other means than Maven leaves it as it is. */
    private static String version() throws IOException {
      Properties build = new Properties();
      try (InputStream in = T3dCommand.class.getResourceAsStream("version.properties")) {
        build.load(in);
      }
      String version = build.getProperty("version");
      return version.startsWith("$") ? "development" : version;
    }
  }
}
