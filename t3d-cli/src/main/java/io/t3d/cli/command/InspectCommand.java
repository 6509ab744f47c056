package io.t3d.cli.command;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.t3d.cli.option.Given;
import io.t3d.cli.print.Montage;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.internal.survey.VolumeSurvey;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code ./t3d inspect}: geometry, voxel statistics and a picture of a volume, or of many a table.
 */
@Command(
    name = "inspect",
    description = {
      "Show size, geometry and voxel statistics of a volume, and draw it.",
      "With --all, write a table of all volumes below a folder, with a verdict on each: what to run"
          + " first on a new data set."
    },
    mixinStandardHelpOptions = true)
public final class InspectCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "PATH",
      description = "A volume file, e.g. scan.nii.gz, or the folder of a DICOM series.")
  private Path path;

  @Option(
      names = "--all",
      description =
          "PATH is a folder: read every volume below it and write a row on each into a table.")
  private boolean all;

  @Option(
      names = "--table",
      paramLabel = "CSV",
      description =
          "Where the table of --all goes; inspect.csv when left out. Volumes that it has rows of are"
              + " skipped, so that a run which was stopped goes on.")
  private @Nullable Path table;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Volumes that --all reads at a time, each in memory; processors, at most 4, when left"
              + " out.")
  private int threads = Math.min(4, Runtime.getRuntime().availableProcessors());

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private Montage montage;

  @Spec private CommandSpec spec;

  /**
   * What is printed. Coordinates are millimetres in RAS+; arrays are in (x, y, z) order; values are
   * of the finite voxels.
   */
  @JsonPropertyOrder({
    "size",
    "spacing",
    "origin",
    "direction",
    "orientation",
    "pixelType",
    "min",
    "max",
    "mean",
    "reader",
    "warnings"
  })
  record Inspection(
      int[] size,
      double[] spacing,
      double[] origin,
      double[] direction,
      String orientation,
      String pixelType,
      double min,
      double max,
      double mean,
      String reader,
      List<String> warnings) {}

  @Override
  public Integer call() throws Exception {
    if (all) {
      survey();
      return 0;
    }
    if (table != null) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--table is where the table of --all goes; give --all too");
    }
    montage.requireWritable();
    VolumeInfo info = VolumeReaders.info(path);
    Volume volume = VolumeReaders.read(path);
    montage.draw(volume);
    Inspection found = inspect(info, volume);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Configs.toJson(found));
    } else {
      out.printf("size         %s voxels (x, y, z)%n", Arrays.toString(found.size()));
      out.printf("spacing      %s mm%n", Arrays.toString(found.spacing()));
      out.printf("origin       %s mm, RAS+%n", Arrays.toString(found.origin()));
      out.printf("direction    %s%n", Arrays.toString(found.direction()));
      out.printf("orientation  %s%n", found.orientation());
      out.printf("pixel type   %s%n", found.pixelType());
      out.printf(
          Locale.ROOT,
          "values       %.6g to %.6g, mean %.6g%n",
          found.min(),
          found.max(),
          found.mean());
      out.printf("reader       %s%n", found.reader());
      info.warnings().forEach(w -> out.printf("warning      %s%n", w));
    }
    out.flush();
    return 0;
  }

  private void survey() throws IOException {
    montage.requireNone();
    Path csv = table == null ? Path.of("inspect.csv") : table;
    VolumeSurvey survey = Given.by(() -> new VolumeSurvey(path, csv, threads));
    VolumeSurvey.Summary found;
    try (Progress progress = Progress.overItems("Reading", 0)) {
      found = survey.run(progress::of);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Configs.toJson(found).strip());
    } else {
      out.printf(
          "%d volumes in %s: %d ok, %d with a warning, %d with an error%s%n",
          found.volumes(),
          csv,
          found.ok(),
          found.warnings(),
          found.errors(),
          found.before() == 0 ? "" : "; " + found.before() + " rows were there already");
    }
    out.flush();
  }

  static Inspection inspect(VolumeInfo info, Volume volume) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    double sum = 0;
    int count = 0;
    for (float v : volume.voxels()) {
      if (Float.isFinite(v)) {
        min = Math.min(min, v);
        max = Math.max(max, v);
        sum += v;
        count++;
      }
    }
    if (count == 0) {
      throw new T3dException(T3dException.Kind.INPUT, "No voxel of " + volume + " is finite");
    }
    Affine a = volume.affine();
    Spacing s = a.spacing();
    double[] lengths = {s.x(), s.y(), s.z()};
    double[] direction = new double[9];
    for (int i = 0; i < 9; i++) {
      direction[i] = a.get(i / 3, i % 3) / lengths[i % 3];
    }
    return new Inspection(
        new int[] {volume.width(), volume.height(), volume.depth()},
        lengths,
        new double[] {a.get(0, 3), a.get(1, 3), a.get(2, 3)},
        direction,
        volume.orientation(),
        info.pixelType(),
        min,
        max,
        sum / count,
        info.reader(),
        info.warnings());
  }
}
