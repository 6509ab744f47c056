package io.t3d.cli.command;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.cli.option.CheckpointOption;
import io.t3d.cli.option.SkipBad;
import io.t3d.cli.print.Progress;
import io.t3d.cli.print.ProgressOptions;
import io.t3d.cli.published.OrganOption;
import io.t3d.cli.watch.Projector;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.pipeline.Embedder;
import io.t3d.pipeline.Embedder.Throughput;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d embed}: volumes (and reports) to vectors. */
@Command(
    name = "embed",
    description = "Embed volumes; with a manifest, their reports too.",
    mixinStandardHelpOptions = true)
public final class EmbedCommand implements Callable<Integer> {
  @Mixin private CheckpointOption checkpoint;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "PATH",
      description =
          "A volume, a folder with volumes at any depth (each DICOM series is one), or a manifest"
              + " (.csv).")
  private Path input;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "A .safetensors file: embeddings (n, E), L2-normalised; paths in its metadata.")
  private Path out;

  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      defaultValue = "FLOAT32",
      description =
          "FLOAT32, or BFLOAT16, which is faster on CPUs and GPUs that have it (${DEFAULT-VALUE}).")
  private Precision precision;

  @Option(
      names = "--projector",
      paramLabel = "DIR",
      description = "Write files for TensorBoard's embedding projector there, too.")
  private @Nullable Path projector;

  @Mixin private OrganOption organs;

  @Mixin private SkipBad skipBad;

  @Mixin private ProgressOptions shown;

  @Option(
      names = "--json",
      description = "Print count, speed and the encoder's busy share as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    shown.check();
    OutputCheck.file(out);
    if (projector != null) {
      OutputCheck.folder(projector);
    }
    boolean manifest = input.toString().endsWith(".csv");
    if (manifest) {
      organs.requireNone("a manifest");
    }
    PrintWriter err = spec.commandLine().getErr();
    Manifest all = manifest ? Manifest.read(input) : null;
    List<Path> found = manifest ? List.of() : skipBad.find(input, err);
    Throughput speed;
    try (TrainedModel trained = checkpoint.open()) {
      Preprocessing preprocessing = trained.data().preprocessing();
      List<ManifestRow> rows = manifest ? usable(all.rows(), preprocessing, err) : List.of();
      List<Path> files =
          manifest
              ? rows.stream().map(ManifestRow::volume).toList()
              : skipBad.readable(found, preprocessing, err);
      boolean reports = manifest && all.hasReports();
      if (organs.isAskedOf(trained)) {
        report(embedOrgans(trained, manifest ? rows : organs.rows(files), reports));
        return 0;
      }
      speed = embed(trained, rows, files, reports);
    }
    report(speed);
    return 0;
  }

  /** Rows with bad volumes stop the run where they are read, unless they may be skipped. */
  private List<ManifestRow> usable(
      List<ManifestRow> rows, Preprocessing preprocessing, PrintWriter err) {
    return skipBad.isAllowed() ? skipBad.check(rows, preprocessing, err) : rows;
  }

  /** Writes the vectors of rows, or of files where there are no rows. */
  private Throughput embed(
      TrainedModel trained, List<ManifestRow> rows, List<Path> files, boolean reports)
      throws IOException {
    boolean manifest = !rows.isEmpty();
    try (NDManager manager = trained.model().manager().newSubManager();
        Progress progress = shown.over("Embedding", files.size())) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      Embedder embedder = new Embedder(trained.model(), trained.data(), precision);
      tensors.put(
          "volumes",
          manifest
              ? embedder.embedRows(manager, rows, progress::to)
              : embedder.embedVolumes(manager, files, progress::to));
      if (reports) {
        List<String> texts = rows.stream().map(ManifestRow::report).toList();
        tensors.put("reports", trained.model().encodeReports(manager, texts));
      }
      String names = Configs.toJson(files.stream().map(Path::toString).toList());
      Safetensors.write(out, tensors, Map.of("files", names));
      if (projector != null) {
        project(projector, tensors.get("volumes"), rows, files);
      }
      return embedder.throughput();
    }
  }

  private OrganOption.Embedded embedOrgans(
      TrainedModel trained, List<ManifestRow> rows, boolean reports) throws IOException {
    if (projector != null || precision != Precision.FLOAT32) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--projector and --precision are for embeddings of whole volumes, got a model that embeds"
              + " organs; leave them out");
    }
    try (Progress progress = shown.over("Embedding", rows.size())) {
      return organs.write(trained, rows, reports, out, progress::to);
    }
  }

  /** The vectors of volumes, each with its file and what the manifest says of its labels. */
  private static void project(Path to, NDArray vectors, List<ManifestRow> rows, List<Path> files)
      throws IOException {
    Set<String> labels = new LinkedHashSet<>();
    rows.forEach(row -> labels.addAll(row.labels().keySet()));
    List<String> columns = new ArrayList<>(List.of("file"));
    columns.addAll(labels);
    List<List<String>> told = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      List<String> row = new ArrayList<>(List.of(files.get(i).toString()));
      for (String label : labels) {
        Boolean value = rows.get(i).labels().get(label);
        row.add(value == null ? "" : value.toString());
      }
      told.add(row);
    }
    int width = (int) vectors.getShape().get(1);
    float[] flat = vectors.toFloatArray();
    float[][] each = new float[files.size()][];
    for (int i = 0; i < each.length; i++) {
      each[i] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
    }
    Projector.write(to, each, columns, told);
  }

  private void report(OrganOption.Embedded done) {
    if (shown.printed("result", done)) {
      return;
    }
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      stdout.print(Configs.toJson(done));
    } else {
      stdout.printf(
          Locale.ROOT,
          "%d organs of %d volumes embedded in %s, %.1f s%n",
          done.organs(),
          done.volumes(),
          out,
          done.seconds());
    }
    stdout.flush();
  }

  private void report(Throughput speed) {
    if (shown.printed("result", speed)) {
      return;
    }
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      stdout.print(Configs.toJson(speed));
    } else {
      stdout.printf(
          Locale.ROOT,
          "%d volumes embedded in %s, %.1f volumes/s, encoder busy %.0f %%%n",
          speed.volumes(),
          out,
          speed.volumesPerSecond(),
          100 * speed.encoderBusy());
    }
    stdout.flush();
  }
}
