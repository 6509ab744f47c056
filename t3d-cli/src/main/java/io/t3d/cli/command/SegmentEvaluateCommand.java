package io.t3d.cli.command;

import io.t3d.cli.option.ResampleMasks;
import io.t3d.cli.option.SegmenterOption;
import io.t3d.cli.option.SplitRows;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.OutputCheck;
import io.t3d.data.load.VolumeSegmenter;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.pipeline.TrainedSegmenter;
import io.t3d.pipeline.internal.MetricsFile;
import io.t3d.pipeline.segment.SegmentationEvaluation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d segment evaluate}. */
@Command(
    name = "evaluate",
    description = "Dice and 95%% Hausdorff distance against the masks of a manifest.",
    mixinStandardHelpOptions = true)
final class SegmentEvaluateCommand implements Callable<Integer> {
  @Mixin private SegmenterOption segmenter;

  @Option(
      names = "--manifest",
      required = true,
      paramLabel = "CSV",
      description = "Volumes with the column mask.")
  private Path manifest;

  @Mixin private SplitRows split;

  @Option(names = "--out", paramLabel = "DIR", description = "Where metrics.json is written.")
  private @Nullable Path out;

  @Mixin private ResampleMasks resampleMasks;

  @Option(names = "--json", description = "Print the metrics as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (out != null) {
      OutputCheck.folder(out);
    }
    List<ManifestRow> rows = select(Manifest.read(manifest));
    SegmentationEvaluation found;
    try (TrainedSegmenter trained = segmenter.open();
        Progress progress = Progress.overItems("Segmenting", rows.size())) {
      found =
          SegmentationEvaluation.of(
              segmenter(trained, rows), rows, resampleMasks.otherGrid(), progress::to);
    }
    if (out != null) {
      MetricsFile.write(out, found);
    }
    print(found);
    return 0;
  }

  /** Volumes that t3d preprocess has prepared are segmented as they are. */
  private static VolumeSegmenter segmenter(TrainedSegmenter trained, List<ManifestRow> rows)
      throws IOException {
    boolean prepared = PreparedVolumes.preparationOf(rows).isPresent();
    Preprocessing fits = PreparedVolumes.resolve(trained.preprocessing(), rows);
    return new VolumeSegmenter(trained.segmenter(), prepared ? Preprocessing.none() : fits);
  }

  private List<ManifestRow> select(Manifest all) {
    List<ManifestRow> rows =
        split.rows(all, manifest).stream().filter(r -> r.mask().isPresent()).toList();
    if (rows.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          manifest + " has no row of the split " + split.name() + " with a mask");
    }
    return rows;
  }

  private void print(SegmentationEvaluation found) {
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      stdout.print(Configs.toJson(found));
    } else {
      stdout.printf("%-24s %6s %9s %8s%n", "structure", "Dice", "HD95 mm", "volumes");
      found
          .perStructure()
          .forEach(
              (name, s) ->
                  stdout.printf(
                      "%-24s %6s %9s %8d%s%n",
                      name,
                      number("%.3f", s.dice()),
                      number("%.1f", s.hausdorff95()),
                      s.volumes(),
                      s.onlyInOne() == 0 ? "" : " (" + s.onlyInOne() + " in one mask only)"));
      stdout.printf(
          "%-24s %6s %9s %8d%n", "mean", number("%.3f", found.meanDice()), "", found.volumes());
    }
    stdout.flush();
  }

  private static String number(String format, Optional<Double> value) {
    return value.map(v -> String.format(Locale.ROOT, format, v)).orElse("-");
  }
}
