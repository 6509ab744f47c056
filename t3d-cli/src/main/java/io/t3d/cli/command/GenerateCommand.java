package io.t3d.cli.command;

import io.t3d.cli.option.CheckpointOption;
import io.t3d.cli.option.Given;
import io.t3d.cli.option.SkipBad;
import io.t3d.cli.option.SplitRows;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.generate.Decoding;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.report.BertLabeler;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.task.report.ReportGenerator;
import io.t3d.core.task.report.ReportTrainer;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.manifest.Splits;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.report.ReportRun;
import io.t3d.pipeline.report.ReportScores;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
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

/** {@code ./t3d generate}: reports for volumes. */
@Command(
    name = "generate",
    description = {
      "Write reports for the volumes of a manifest and score them against its reports.",
      "Without a generator, trains one on the manifest's train rows and keeps it in DIR/generator."
    },
    mixinStandardHelpOptions = true)
public final class GenerateCommand implements Callable<Integer> {
  /** How tokens are chosen. */
  enum Method {
    GREEDY,
    BEAM,
    NUCLEUS
  }

  @Mixin private CheckpointOption checkpoint;

  @Option(
      names = "--manifest",
      required = true,
      paramLabel = "CSV",
      description = "Volumes and reports.")
  private Path manifest;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where reports.csv, metrics.json and generator/ go.")
  private Path out;

  @Option(
      names = "--generator",
      paramLabel = "DIR",
      description = "A trained generator; DIR/generator of --out when it is there.")
  private @Nullable Path trained;

  @Option(names = "--train", description = "Train anew though there is a generator.")
  private boolean train;

  @Option(
      names = "--epochs",
      defaultValue = "20",
      description = "Passes over the train rows (${DEFAULT-VALUE}).")
  private int epochs;

  @Mixin private SplitRows split;

  @Option(
      names = "--decoding",
      defaultValue = "BEAM",
      description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
  private Method method;

  @Option(names = "--beams", defaultValue = "4", description = "Beams (${DEFAULT-VALUE}).")
  private int beams;

  @Option(
      names = "--length-penalty",
      defaultValue = "1",
      description = "Of beams: 0 favours short reports (${DEFAULT-VALUE}).")
  private double lengthPenalty;

  @Option(
      names = "--top-p",
      defaultValue = "0.9",
      description = "Probability of the nucleus (${DEFAULT-VALUE}).")
  private double topP;

  @Option(
      names = "--temperature",
      defaultValue = "1",
      description = "Of the nucleus (${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--max-length",
      description = "Tokens of a report at most; what the model allows when left out.")
  private @Nullable Integer maxLength;

  @Option(
      names = "--seed",
      defaultValue = "42",
      description = "Of weights, order and sampling (${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--labeler",
      paramLabel = "DIR",
      description = {
        "A BERT classifier of reports (docs/reports.md), e.g. CT-RATE's RadBERT: the clinical F1 is",
        "of its findings. Without one, that of phantoms' reports only."
      })
  private @Nullable Path labeler;

  @Option(names = "--json", description = "Print the metrics as JSON.")
  private boolean json;

  @Mixin private SkipBad skipBad;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (epochs < 1) {
      throw new T3dException(T3dException.Kind.USAGE, "--epochs must be > 0, got " + epochs);
    }
    OutputCheck.folder(out);
    if (labeler != null && !Files.isDirectory(labeler)) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--labeler needs a folder of a classifier, got " + labeler);
    }
    Manifest all = Manifest.read(manifest);
    all.requireReports();
    List<ManifestRow> selected = split.rows(all, manifest);
    Path kept = trained == null ? out.resolve(ReportRun.GENERATOR) : trained;
    boolean fresh = train || (trained == null && !Files.isDirectory(kept));
    if (fresh && trained != null) {
      throw new T3dException(T3dException.Kind.USAGE, "--train and --generator exclude each other");
    }
    // Without splits no row is known to be another than those that are written for.
    List<ManifestRow> forTraining = all.hasSplits() ? all.select(Split.TRAIN) : List.of();
    if (fresh && forTraining.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          manifest + " has no row of the split train to train on; give --generator");
    }
    if (fresh) {
      Splits.verifyDisjoint(all.rows());
    }
    try (FolderLock lock = FolderLock.take(out);
        TrainedModel model = checkpoint.open();
        ReportGenerator generator = open(model.model(), kept, fresh)) {
      Decoding decoding = Given.by(() -> decoding(generator.longest()));
      if (labeler != null) { // before volumes are read and reports written
        BertLabeler.open(model.model().manager(), labeler).close();
      }
      List<ManifestRow> rows = check(model, selected);
      ReportRun run = new ReportRun(generator, model.data());
      Optional<ReportTrainer.Summary> training = Optional.empty();
      if (fresh) {
        training = Optional.of(train(run, check(model, forTraining)));
        generator.save(kept);
      }
      List<GeneratedReport> written = write(run, rows, decoding);
      ReportRun.Result result = score(model, written, rows, decoding, forTraining, training);
      ReportRun.save(out, written, rows, result);
      print(result);
    }
    return 0;
  }

  private ReportRun.Result score(
      TrainedModel model,
      List<GeneratedReport> written,
      List<ManifestRow> rows,
      Decoding decoding,
      List<ManifestRow> forTraining,
      Optional<ReportTrainer.Summary> training)
      throws IOException {
    if (labeler == null) {
      return ReportRun.score(written, rows, decoding, forTraining, training);
    }
    try (BertLabeler reads = BertLabeler.open(model.model().manager(), labeler)) {
      return ReportRun.score(written, rows, decoding, forTraining, training, Optional.of(reads));
    }
  }

  private List<ManifestRow> check(TrainedModel model, List<ManifestRow> rows) {
    return skipBad.check(rows, model.data().preprocessing(), spec.commandLine().getErr());
  }

  private ReportGenerator open(T3DModel model, Path folder, boolean fresh) throws IOException {
    return fresh
        ? ReportGenerator.create(model, ReportDecoderConfig.tiny(), seed)
        : ReportGenerator.load(folder, model);
  }

  private ReportTrainer.Summary train(ReportRun run, List<ManifestRow> rows) throws IOException {
    try (Progress progress = Progress.overItems("Encoding and training", rows.size())) {
      return run.train(
          rows,
          epochs,
          ReportRun.training(seed),
          progress::to,
          loss -> progress.note(String.format(Locale.ROOT, "loss %.3f", loss)));
    }
  }

  private static List<GeneratedReport> write(
      ReportRun run, List<ManifestRow> rows, Decoding decoding) throws IOException {
    try (Progress progress = Progress.overItems("Writing reports", rows.size())) {
      return run.write(rows, decoding, progress::to);
    }
  }

  private Decoding decoding(int longest) {
    int length = maxLength == null ? longest : maxLength;
    if (length > longest) { // the generator says so too, but after its training
      throw new IllegalArgumentException(
          "--max-length must be at most " + longest + ", what the model allows, got " + length);
    }
    return switch (method) {
      case GREEDY -> Decoding.greedy(length);
      case BEAM -> new Decoding.Beam(beams, lengthPenalty, length);
      case NUCLEUS -> new Decoding.Nucleus(topP, temperature, seed, length);
    };
  }

  private void print(ReportRun.Result result) {
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      stdout.println(Configs.toJson(result));
    } else {
      stdout.printf(Locale.ROOT, "%d reports in %s%n", result.volumes(), out);
      stdout.printf(
          "%-10s %7s %8s %19s %7s%s%n",
          "", "BLEU-4", "ROUGE-L", "METEOR (exact+stem)", "CIDEr", "  clinical F1 (micro, macro)");
      print(stdout, "generated", result.generated());
      result.constant().ifPresent(c -> print(stdout, "constant", c));
    }
    stdout.flush();
  }

  private static void print(PrintWriter stdout, String name, ReportScores s) {
    stdout.printf(
        Locale.ROOT,
        "%-10s %7.3f %8.3f %19.3f %7.3f%s%n",
        name,
        s.text().bleu4(),
        s.text().rougeL(),
        s.text().meteorExactStem(),
        s.text().cider(),
        s.clinical()
            .map(c -> String.format(Locale.ROOT, "  %.3f, %.3f", c.micro().f1(), c.macro().f1()))
            .orElse(""));
  }
}
