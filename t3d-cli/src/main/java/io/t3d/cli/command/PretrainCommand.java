package io.t3d.cli.command;

import ai.djl.Device;
import io.t3d.cli.launch.LaunchedWorker;
import io.t3d.cli.option.DeviceOption;
import io.t3d.cli.option.SkipBad;
import io.t3d.cli.print.ProgressOptions;
import io.t3d.cli.print.TrainingView;
import io.t3d.cli.watch.WatchOptions;
import io.t3d.cli.watch.Watchers;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.core.train.validate.BestScore;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import io.t3d.pipeline.Prompts;
import io.t3d.pipeline.T3D;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** {@code ./t3d pretrain}: training on a manifest. */
@Command(
    name = "pretrain",
    description = "Pre-train a model on volume–report pairs.",
    mixinStandardHelpOptions = true)
public final class PretrainCommand implements Callable<Integer> {
  @Option(
      names = "--manifest",
      required = true,
      paramLabel = "CSV",
      description = "Volumes and reports; docs/manifest.md tells the columns.")
  private Path manifest;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where log.csv and checkpoint/ go.")
  private Path out;

  @Option(
      names = "--config",
      paramLabel = "YAML",
      description = "All settings, e.g. examples/configs/tiny.yaml; those of tiny when left out.")
  private @Nullable Path config;

  @Option(names = "--resume", description = "Go on from the checkpoint in DIR.")
  private boolean resume;

  @Option(
      names = "--accept-changed-data",
      description =
          "Resume though manifest, reports or the preparation of volumes have changed; the"
              + " checkpoint's provenance says so.")
  private boolean acceptChangedData;

  @Mixin private SkipBad skipBad;

  @Mixin private DeviceOption device;

  @Mixin private WatchOptions watch;

  @Mixin private ProgressOptions shown;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    shown.check();
    watch.check();
    PretrainConfig settings =
        config == null ? PretrainConfig.tiny() : Configs.load(config, PretrainConfig.class);
    if (acceptChangedData && !resume) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--accept-changed-data says how to go on; it needs --resume");
    }
    PretrainConfig asked = device.name().map(settings::withDevice).orElse(settings);
    try (ProcessGroup group = LaunchedWorker.join()) {
      return group.run(() -> call(LaunchedWorker.onItsDevice(asked, group), group));
    }
  }

  private int call(PretrainConfig settings, ProcessGroup group) throws IOException {
    settings.device().ifPresent(TorchEngine::device); // before volumes are read for minutes
    boolean writes = group.rank() == 0;
    if (writes) {
      T3D.requireFree(out, resume);
    }
    Manifest all = Manifest.read(manifest);
    all.requireReports();
    List<ManifestRow> train = T3D.rowsToTrainOn(all, manifest);
    T3D.requireSame(group, settings, train);
    TrainingSummary summary;
    try (FolderLock.Held lock = writes ? FolderLock.take(out)::close : () -> {}) {
      if (writes) {
        T3D.requireFree(out, resume); // now that nobody else can begin
      }
      summary = train(settings, train, T3D.rowsToValidateOn(settings, all), group);
    }
    if (writes) {
      print(summary, group);
      printBest(settings, summary);
    }
    return 0;
  }

  private void print(TrainingSummary summary, ProcessGroup group) {
    if (shown.printed("result", summary)) {
      return;
    }
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.printf(
        "%d steps, loss %.4f → %.4f, %.1f volumes/s, checkpoint in %s%n",
        summary.steps(),
        summary.firstLoss(),
        summary.lastLoss(),
        summary.volumesPerSecond(),
        out.resolve("checkpoint"));
    if (group.size() > 1) {
      ProcessGroup.Traffic traffic = group.traffic();
      stdout.printf(
          "%d workers: each sent %.1f MB and was %.1f s in collectives%n",
          group.size(), traffic.bytes() / 1e6, traffic.seconds());
    }
    stdout.flush();
  }

  private void printBest(PretrainConfig settings, TrainingSummary summary) throws IOException {
    Optional<EarlyStopping> stopping = settings.training().earlyStopping();
    Optional<BestScore> best = Checkpoint.open(out).flatMap(Checkpoint::best);
    if (stopping.isPresent() && best.isPresent() && !shown.printed("best", best.get())) {
      PrintWriter stdout = spec.commandLine().getOut();
      if (summary.stopped() && stopping.get().ends(best)) {
        stdout.printf(
            "stopped early: %d validations in a row were no better%n", best.get().since());
      }
      stdout.printf(
          Locale.ROOT,
          "best validation: %s %.4f at step %d, checkpoint in %s%n",
          best.get().metric(),
          best.get().score(),
          best.get().step(),
          Checkpoint.bestFolderOf(out));
      stdout.flush();
    }
  }

  private TrainingSummary train(
      PretrainConfig given,
      List<ManifestRow> rows,
      List<ManifestRow> validationRows,
      ProcessGroup group)
      throws IOException {
    PretrainConfig asked = T3D.withStartsPreparation(given, out, resume, group);
    PretrainConfig settings = asked.withPreprocessing(preprocessing(asked, rows));
    PrintWriter err = spec.commandLine().getErr();
    Preprocessing preparation = settings.data().preprocessing();
    Optional<Prompts> prompts = T3D.promptsBeside(manifest);
    new PretrainRun(settings, rows, prompts, out, group)
        .withValidation(validationRows)
        .check(resume, acceptChangedData || skipBad.isAllowed()); // before volumes are read
    List<ManifestRow> train = skipBad.check(rows, preparation, group, err);
    List<ManifestRow> validation =
        validationRows.isEmpty()
            ? validationRows
            : skipBad.check(validationRows, preparation, group, err);
    PretrainRun run =
        new PretrainRun(settings, train, prompts, out, group).withValidation(validation);
    if (group.rank() != 0) {
      return run.run(resume, acceptChangedData, new TrainingListener() {});
    }
    Device on = settings.device().map(TorchEngine::device).orElseGet(TorchEngine::defaultDevice);
    try (TrainingView view = shown.training(on)) {
      List<TrainingListener> all = new ArrayList<>(watch.watchers(out, settings));
      all.add(0, view);
      return new Watchers(all).watch(l -> run.run(resume, acceptChangedData, l));
    }
  }

  /** Volumes that t3d preprocess has prepared are taken as they are, unless a config objects. */
  private Preprocessing preprocessing(PretrainConfig settings, List<ManifestRow> train)
      throws IOException {
    boolean prepared = config == null && PreparedVolumes.preparationOf(train).isPresent();
    Preprocessing asked = prepared ? Preprocessing.none() : settings.data().preprocessing();
    return PreparedVolumes.resolve(asked, train);
  }
}
