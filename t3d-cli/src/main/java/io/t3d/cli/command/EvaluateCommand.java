package io.t3d.cli.command;

import io.t3d.cli.option.CheckpointOption;
import io.t3d.cli.option.CommandText;
import io.t3d.cli.option.EvaluationOptions;
import io.t3d.cli.option.Given;
import io.t3d.cli.option.SkipBad;
import io.t3d.cli.option.SplitRows;
import io.t3d.cli.page.EvaluationPage;
import io.t3d.cli.print.EvaluationPrinter;
import io.t3d.cli.print.FineTuneProgress;
import io.t3d.cli.print.Progress;
import io.t3d.cli.print.ProgressOptions;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.model.T3DModel;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.pipeline.Prompts;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import io.t3d.pipeline.evaluate.EvaluationSettings;
import io.t3d.pipeline.evaluate.EvaluationTexts;
import io.t3d.pipeline.evaluate.FineTuneRun;
import io.t3d.pipeline.internal.LabelledRows;
import io.t3d.pipeline.internal.MetricsFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d evaluate}: tasks on a manifest. */
@Command(
    name = "evaluate",
    description = "Evaluate a checkpoint on a manifest.",
    mixinStandardHelpOptions = true)
public final class EvaluateCommand implements Callable<Integer> {
  /** What can be measured. */
  enum Task {
    ZERO_SHOT,
    RETRIEVAL,
    LINEAR_PROBE,
    FINE_TUNE;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  @Mixin private CheckpointOption checkpoint;

  @Option(
      names = "--manifest",
      required = true,
      paramLabel = "CSV",
      description = "Volumes, reports and labels.")
  private Path manifest;

  @Option(
      names = "--task",
      split = ",",
      description =
          "One or more of ${COMPLETION-CANDIDATES}; when left out, those of zero-shot and retrieval"
              + " that the manifest allows.",
      converter = TaskName.class)
  private @Nullable List<Task> tasks;

  @Mixin private SplitRows split;

  @Option(
      names = "--prompts",
      paramLabel = "YAML",
      description =
          "Prompts per label for zero-shot (default: prompts.yaml beside the manifest, as phantoms"
              + " have it; without that file the usual phrases around each label's name, with which"
              + " AUROC is often far lower).")
  private @Nullable Path prompts;

  @Option(names = "--out", paramLabel = "DIR", description = "Where metrics.json is written.")
  private @Nullable Path out;

  @Option(
      names = "--page",
      paramLabel = "HTML",
      description =
          "Write a page there, too: metrics, curves, and three cases with pictures and reports.")
  private @Nullable Path page;

  private @Nullable EvaluationPage html; // of the rows that are used, once they are known

  @Option(names = "--json", description = "Print the metrics as JSON.")
  private boolean json;

  @Mixin private EvaluationOptions options;

  @Mixin private SkipBad skipBad;

  @Mixin private ProgressOptions shown;

  @Spec private CommandSpec spec;

  /** Reads {@code zero-shot}. */
  static final class TaskName implements picocli.CommandLine.ITypeConverter<Task> {
    @Override
    public Task convert(String value) {
      for (Task task : Task.values()) {
        if (task.toString().equalsIgnoreCase(value)) {
          return task;
        }
      }
      throw new picocli.CommandLine.TypeConversionException(
          "expected one of " + List.of(Task.values()) + ", got " + value);
    }
  }

  @Override
  public Integer call() throws IOException {
    shown.check();
    if (out != null) {
      OutputCheck.folder(out);
    }
    if (page != null) {
      OutputCheck.file(page);
    }
    Manifest all = Manifest.read(manifest);
    if (tasks == null) {
      tasks = allowed(all);
    } else if (tasks.contains(Task.RETRIEVAL)) {
      all.requireReports();
    }
    Prompts used = prompts(all);
    if (tasks.contains(Task.ZERO_SHOT) && used.prompts().isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Zero-shot classification needs labels and prompts: "
              + (prompts == null ? manifest + " has no label:NAME column" : prompts + " has none")
              + "; add them, or ask for another --task, e.g. retrieval");
    }
    Evaluation found;
    try (TrainedModel trained = checkpoint.open()) {
      tellOfPrompts();
      found = evaluate(trained, all, used);
    }
    if (out != null) {
      MetricsFile.write(out, found);
    }
    if (page != null) {
      String settings = Configs.toYaml(options.settings());
      html.write(page, found, checkpoint.folder(), CommandText.of(spec), settings);
    }
    if (!shown.printed("result", found)) {
      EvaluationPrinter.print(found, json, spec.commandLine().getOut());
    }
    return 0;
  }

  /** Those of zero-shot and retrieval that the manifest allows; zero-shot, where it allows none. */
  private static List<Task> allowed(Manifest all) {
    if (!all.hasReports()) {
      return List.of(Task.ZERO_SHOT);
    }
    return all.labelNames().isEmpty()
        ? List.of(Task.RETRIEVAL)
        : List.of(Task.ZERO_SHOT, Task.RETRIEVAL);
  }

  private Prompts prompts(Manifest all) throws IOException {
    if (prompts != null) {
      return Prompts.load(prompts);
    }
    Optional<Path> beside = Prompts.beside(manifest);
    return beside.isPresent() ? Prompts.load(beside.get()) : Prompts.around(all.labelNames());
  }

  /** Says where prompts are from that nobody gave: zero-shot scores hang on them. */
  private void tellOfPrompts() {
    if (prompts != null || !tasks.contains(Task.ZERO_SHOT)) {
      return;
    }
    PrintWriter err = spec.commandLine().getErr();
    err.println(
        "t3d: zero-shot prompts: "
            + Prompts.beside(manifest)
                .map(Path::toString)
                .orElse(
                    "the usual phrases around each label's name; better ones go to --prompts or to"
                        + " prompts.yaml beside the manifest"));
    err.flush();
  }

  /** A name that is spelt otherwise in the prompts would be missing in the mean, and nobody see. */
  private void tellOfLabelsWithoutPrompts(List<ManifestRow> rows, Prompts used) {
    if (!tasks.contains(Task.ZERO_SHOT)) {
      return;
    }
    List<String> without = new ArrayList<>(LabelledRows.names(rows));
    used.prompts().forEach(p -> without.remove(p.finding()));
    if (!without.isEmpty()) {
      PrintWriter err = spec.commandLine().getErr();
      err.println(
          "t3d: zero-shot leaves out labels without prompts: " + String.join(", ", without));
      err.flush();
    }
  }

  private Evaluation evaluate(TrainedModel trained, Manifest all, Prompts used) throws IOException {
    EvaluationSettings settings = Given.by(options::settings);
    List<ManifestRow> wanted = split.rows(all, manifest);
    List<ManifestRow> held = split.is("test") ? split(all, Split.VALIDATION) : List.of();
    boolean trains = tasks.contains(Task.LINEAR_PROBE) || tasks.contains(Task.FINE_TUNE);
    List<ManifestRow> labelled = trains ? trainRows(all) : List.of();
    EvaluationRun.check(labelled, held, wanted, texts(used), settings); // before volumes are read
    tellOfLabelsWithoutPrompts(wanted, used);
    List<ManifestRow> test = usable(trained, wanted);
    List<ManifestRow> validation = usable(trained, held);
    List<ManifestRow> train = usable(trained, labelled);
    Optional<Evaluation.Classified> zeroShot = Optional.empty();
    Optional<Evaluation.Retrieved> retrieved = Optional.empty();
    List<Evaluation.Supervised> probes = List.of();
    List<Evaluation.Supervised> tuned = List.of();
    boolean probing = tasks.contains(Task.LINEAR_PROBE);
    html = new EvaluationPage(all.hasSplits() ? split.name() : "all", test);
    html.also("validation", validation);
    html.also("train", train);
    html.leftOut(wanted.size() - test.size());
    int count = test.size() + validation.size() + (probing ? train.size() : 0);
    try (Progress progress = shown.over("Embedding", count);
        EvaluationRun run =
            new EvaluationRun(trained, validation, test, texts(used), settings, progress::to)) {
      if (probing) {
        int before = test.size() + validation.size();
        probes = run.linearProbe(train, n -> progress.to(before + n));
      }
      if (tasks.contains(Task.ZERO_SHOT)) {
        zeroShot = Optional.of(run.zeroShot());
      }
      if (tasks.contains(Task.RETRIEVAL)) {
        retrieved = Optional.of(run.retrieval());
      }
      if (page != null && zeroShot.isPresent()) {
        html.look(run, trained, retrieved.isPresent());
      }
    }
    if (tasks.contains(Task.FINE_TUNE)) {
      try (FineTuneProgress progress = new FineTuneProgress(shown)) {
        tuned =
            new FineTuneRun(trained.data(), train, validation, test)
                .run(() -> fresh(trained), settings, progress);
      }
    }
    return new Evaluation(Optional.empty(), zeroShot, retrieved, probes, tuned);
  }

  private EvaluationTexts texts(Prompts used) {
    return new EvaluationTexts(
        tasks.contains(Task.ZERO_SHOT) ? used.prompts() : List.of(),
        tasks.contains(Task.RETRIEVAL));
  }

  private T3DModel fresh(TrainedModel trained) throws IOException {
    return options.fromScratch()
        ? T3DModel.create(trained.model().config(), trained.model().device(), options.seed())
        : checkpoint.open().model();
  }

  private List<ManifestRow> usable(TrainedModel trained, List<ManifestRow> rows) {
    return rows.isEmpty()
        ? rows
        : skipBad.check(rows, trained.data().preprocessing(), spec.commandLine().getErr());
  }

  private static List<ManifestRow> split(Manifest all, Split wanted) {
    return all.hasSplits() ? all.select(wanted) : List.of();
  }

  private List<ManifestRow> trainRows(Manifest all) {
    List<ManifestRow> rows = split(all, Split.TRAIN);
    if (rows.isEmpty() || split.is("train") || split.is("all")) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "linear-probe and fine-tune train on the rows of the split train and are measured on"
              + " another; "
              + (rows.isEmpty() ? manifest + " has no such row" : "choose another --split"));
    }
    return rows;
  }
}
