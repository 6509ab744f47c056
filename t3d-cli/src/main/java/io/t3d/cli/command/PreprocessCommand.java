package io.t3d.cli.command;

import io.t3d.cli.option.Given;
import io.t3d.cli.option.ResampleMasks;
import io.t3d.cli.print.Progress;
import io.t3d.cli.print.ProgressOptions;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.volume.Spacing;
import io.t3d.data.internal.Problems;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.prepare.DatasetPreparation;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.PreparationResult;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.pipeline.internal.PreprocessingPresets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/** {@code ./t3d preprocess}: prepares the volumes of a manifest once, into a chunked cache. */
@Command(
    name = "preprocess",
    description =
        "Prepare the volumes of a manifest once, into a folder of chunked Zarr volumes to train"
            + " from. Run it again to go on after an interruption.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all volumes are prepared, or all but those that --skip-bad allows to leave out",
      "1:some volumes are in quarantine.csv (the others are prepared), or the run stopped",
      "2:wrong arguments"
    })
public final class PreprocessCommand implements Callable<Integer> {
  private static final String NONE = "none";

  @Option(
      names = "--manifest",
      required = true,
      paramLabel = "CSV",
      description = "Raw volumes and reports; docs/manifest.md tells the columns.")
  private Path manifest;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where the prepared volumes and their manifest.csv go.")
  private Path out;

  @Option(
      names = "--preset",
      defaultValue = "chest-ct",
      paramLabel = "NAME",
      description =
          "chest-ct (default), ct-clip, ct-clip-published, t3d or window-only; see"
              + " docs/preprocessing.md.")
  private String preset;

  @Option(
      names = "--orientation",
      paramLabel = "CODES",
      description = "Axis codes instead of the preset's, e.g. RAS, or none.")
  private @Nullable String orientation;

  @Option(
      names = "--spacing",
      paramLabel = "MM",
      description = "mm per voxel instead of the preset's: one number, x,y,z, or none.")
  private @Nullable String spacing;

  @Option(
      names = "--window",
      paramLabel = "LOW,HIGH",
      description = "HU that become 0 and 1 instead of the preset's, or none to keep HU.")
  private @Nullable String window;

  @Option(
      names = "--size",
      paramLabel = "X,Y,Z",
      description = "Voxels to cut or pad to instead of the preset's, or none.")
  private @Nullable String size;

  @Option(
      names = "--values",
      defaultValue = "int16",
      paramLabel = "TYPE",
      description = "int16 (default; error at most 3.1e-5 of the window) or float32 (exact).")
  private ZarrOptions.Values values;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Volumes prepared at a time, each in memory; default: processors, at most 4.")
  private int threads = Math.min(4, Runtime.getRuntime().availableProcessors());

  @Mixin private ResampleMasks masks;

  @Mixin private ProgressOptions shown;

  @Option(names = "--skip-bad", description = "End with 0 although volumes are in quarantine.csv.")
  private boolean skipBad;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** What is printed. */
  record Summary(
      int written,
      int skipped,
      int quarantined,
      long bytes,
      Optional<String> manifest,
      Optional<String> quarantine,
      Preprocessing preprocessing) {}

  @Override
  public Integer call() throws IOException {
    shown.check();
    Preprocessing steps = Given.by(this::steps);
    OutputCheck.folder(out);
    Manifest all = Manifest.read(manifest);
    if (isSame(manifest, out.resolve("manifest.csv"))) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--out " + out + " would overwrite the manifest it reads; choose another folder");
    }
    PreparationConfig config =
        Given.by(() -> new PreparationConfig(steps, ZarrOptions.defaults().withValues(values)));
    DatasetPreparation preparation =
        Given.by(() -> new DatasetPreparation(config, out, threads, masks.otherGrid()));
    PreparationResult result;
    try (Progress progress = shown.over("Preparing", all.rows().size())) {
      result = preparation.run(all.rows(), progress::to);
    }
    PrintWriter stdout = spec.commandLine().getOut();
    if (shown.printed("result", summary(result, steps))) {
      return exitCode(result, all.rows().size());
    }
    if (json) {
      stdout.println(Configs.toJson(summary(result, steps)).strip());
    } else {
      stdout.println(sentence(result));
    }
    stdout.flush();
    return exitCode(result, all.rows().size());
  }

  private static boolean isSame(Path a, Path b) throws IOException {
    return Files.exists(b) && Files.isSameFile(a, b);
  }

  private static Summary summary(PreparationResult result, Preprocessing steps) {
    int bad = result.bad().size();
    return new Summary(
        result.written(),
        result.skipped(),
        bad,
        result.bytes(),
        Optional.of(result.manifest()).filter(Files::exists).map(Path::toString),
        bad == 0 ? Optional.empty() : Optional.of(result.quarantine().toString()),
        steps);
  }

  private static String sentence(PreparationResult result) {
    String size = String.format(Locale.ROOT, "%.1f MB", result.bytes() / 1e6);
    return result.written() == 0 && result.bad().isEmpty()
        ? "Nothing to do: all "
            + result.skipped()
            + " volumes are prepared already ("
            + size
            + "), manifest "
            + result.manifest()
        : result.written()
            + " volumes prepared, "
            + result.skipped()
            + " were there already ("
            + size
            + " in all), "
            + result.bad().size()
            + " rows in quarantine, manifest "
            + result.manifest();
  }

  private int exitCode(PreparationResult result, int rows) {
    List<BadRow> bad = result.bad();
    if (bad.isEmpty()) {
      return 0;
    }
    boolean allowed = skipBad && bad.size() < rows;
    PrintWriter err = spec.commandLine().getErr();
    err.println(
        (allowed ? "skipped " : "error: ")
            + bad.size()
            + " of "
            + rows
            + " rows "
            + (allowed ? "" : "cannot be prepared; repair them, or accept that with --skip-bad ")
            + "("
            + result.quarantine()
            + "):"
            + Problems.list(bad));
    err.flush();
    return allowed ? 0 : 1;
  }

  /** The preset with what the options change. */
  private Preprocessing steps() {
    Preprocessing p = PreprocessingPresets.named(preset);
    return new Preprocessing(
        orientation == null
            ? p.orientation()
            : Optional.of(orientation).filter(codes -> !codes.equals(NONE)),
        spacing == null ? p.spacing() : spacing(spacing),
        window == null ? p.window() : window(window),
        size == null ? p.size() : size(size),
        p.nonFinite(),
        p.recipe());
  }

  private static Optional<Spacing> spacing(String text) {
    if (text.equals(NONE)) {
      return Optional.empty();
    }
    double[] mm = numbers("--spacing", text, "one number or x,y,z in mm, e.g. 0.75,0.75,1.5", 1, 3);
    return Optional.of(
        mm.length == 1 ? Spacing.isotropic(mm[0]) : new Spacing(mm[2], mm[1], mm[0]));
  }

  private static Optional<IntensityWindow> window(String text) {
    if (text.equals(NONE)) {
      return Optional.empty();
    }
    double[] hu = numbers("--window", text, "low,high in HU, e.g. -1000,1000", 2, 2);
    return Optional.of(IntensityWindow.between(hu[0], hu[1]));
  }

  private static Optional<Size3> size(String text) {
    if (text.equals(NONE)) {
      return Optional.empty();
    }
    String form = "x,y,z in whole voxels, e.g. 480,480,240";
    double[] voxels = numbers("--size", text, form, 3, 3);
    if (!Arrays.stream(voxels).allMatch(v -> v == (int) v)) {
      throw new T3dException(T3dException.Kind.USAGE, "--size must be " + form + ", got " + text);
    }
    return Optional.of(new Size3((int) voxels[2], (int) voxels[1], (int) voxels[0]));
  }

  private static double[] numbers(String option, String text, String form, int one, int other) {
    String message = option + " must be " + form + ", or none, got " + text;
    String[] parts = text.split(",", -1);
    if (parts.length != one && parts.length != other) {
      throw new T3dException(T3dException.Kind.USAGE, message);
    }
    try {
      return Arrays.stream(parts).mapToDouble(p -> Double.parseDouble(p.strip())).toArray();
    } catch (NumberFormatException e) {
      throw new T3dException(T3dException.Kind.USAGE, message, e);
    }
  }
}
