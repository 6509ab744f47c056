package io.t3d.cli.command;

import io.t3d.cli.option.CommandText;
import io.t3d.cli.option.Given;
import io.t3d.cli.page.DatasetPage;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.OutputCheck;
import io.t3d.data.published.BuildSettings;
import io.t3d.data.published.DatasetLayout;
import io.t3d.data.published.merge.DatasetBuilder;
import io.t3d.data.published.merge.DatasetStatistics;
import io.t3d.data.published.merge.MergedDataset;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d dataset build}: one manifest from published data sets. */
@Command(
    name = "build",
    description = "Merge downloaded data sets to one manifest; docs/datasets.md explains how.",
    mixinStandardHelpOptions = true)
final class DatasetBuildCommand implements Callable<Integer> {
  /** The folders; one at least. */
  static final class Sets {
    @Option(names = "--ct-rate", paramLabel = "DIR", description = "CT-RATE's folder dataset.")
    private Path ctRate;

    @Option(names = "--bimcv-r", paramLabel = "DIR", description = "BIMCV-R.")
    private Path bimcvR;

    @Option(names = "--inspect", paramLabel = "DIR", description = "INSPECT, with CTPA/.")
    private Path inspect;

    @Option(
        names = "--rad-chestct",
        paramLabel = "DIR",
        description = "RAD-ChestCT: labels only, so it goes to transfer.csv.")
    private Path radChestCt;
  }

  @ArgGroup(exclusive = false, multiplicity = "1", heading = "Data sets, at least one:%n")
  private Sets sets;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where manifest.csv, transfer.csv and statistics.html and .json go.")
  private Path out;

  @Option(
      names = "--seed",
      description = "Of the split of sets that publish none; default ${DEFAULT-VALUE}.")
  private long seed = 42;

  @Option(
      names = "--validation",
      paramLabel = "FRACTION",
      description = "Of the patients of such sets; default ${DEFAULT-VALUE}.")
  private double validation = 0.1;

  @Option(
      names = "--test",
      paramLabel = "FRACTION",
      description = "Of the patients of such sets; default ${DEFAULT-VALUE}.")
  private double test = 0.1;

  @Option(
      names = "--reconstructions",
      description = "${COMPLETION-CANDIDATES} of a scan are kept; default ${DEFAULT-VALUE}.")
  private BuildSettings.Reconstructions reconstructions = BuildSettings.Reconstructions.ALL;

  @Option(
      names = "--identical-reports",
      description =
          "${COMPLETION-CANDIDATES} pairs whose report another scan has, word for word;"
              + " default ${DEFAULT-VALUE}.")
  private BuildSettings.IdenticalReports identicalReports = BuildSettings.IdenticalReports.KEEP;

  @Option(
      names = "--ct-rate-calibration",
      description =
          "Where HU and spacing come from, one of ${COMPLETION-CANDIDATES}; default"
              + " ${DEFAULT-VALUE}: the metadata table for train and valid, the header for"
              + " train_fixed and valid_fixed.")
  private DatasetLayout.CalibrationSource calibration = DatasetLayout.CalibrationSource.BY_FOLDER;

  @Option(
      names = "--skip-bad",
      description = "Count rows with errors and go on without them, instead of stopping.")
  private boolean skipBad;

  @Option(names = "--json", description = "Print the statistics as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    OutputCheck.folder(out);
    BuildSettings settings =
        Given.by(
            () ->
                new BuildSettings(
                    seed, validation, test, reconstructions, identicalReports, skipBad));
    DatasetBuilder builder = new DatasetBuilder(settings);
    add(builder, DatasetLayout.ctRate(calibration), sets.ctRate);
    add(builder, DatasetLayout.bimcvR(), sets.bimcvR);
    add(builder, DatasetLayout.inspect(), sets.inspect);
    add(builder, DatasetLayout.radChestCt(), sets.radChestCt);
    MergedDataset merged = builder.build(Runtime.getRuntime().availableProcessors());
    new DatasetPage(merged.statistics(), CommandText.withoutPaths(spec))
        .write(out.resolve("statistics.html"));
    List<Path> written = merged.write(out);
    print(merged.statistics(), written);
    return 0;
  }

  private static void add(DatasetBuilder builder, DatasetLayout layout, Path root)
      throws IOException {
    if (root == null) {
      return;
    }
    if (!Files.isDirectory(root)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--" + layout.name() + " must be a folder, got " + root.toAbsolutePath());
    }
    builder.add(layout, root);
  }

  private void print(DatasetStatistics statistics, List<Path> written) {
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      stdout.print(Configs.toJson(statistics));
    } else {
      statistics
          .sources()
          .forEach(
              (name, source) -> {
                source
                    .splits()
                    .forEach(
                        (split, c) ->
                            stdout.printf(
                                "%-12s %-11s %7d volumes %7d scans %7d patients%n",
                                name, split, c.volumes(), c.scans(), c.patients()));
                source
                    .dropped()
                    .forEach((reason, n) -> stdout.printf("  left out %7d: %s%n", n, reason));
              });
      written.forEach(file -> stdout.println("written " + file));
      stdout.println("written " + out.resolve("statistics.html") + " and statistics.json");
    }
    stdout.flush();
  }
}
