package io.t3d.cli.command;

import ai.djl.Device;
import io.t3d.cli.option.DeviceOption;
import io.t3d.cli.option.Given;
import io.t3d.cli.option.ResampleMasks;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.task.segment.SegmentationTraining;
import io.t3d.core.torch.TorchEngine;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.pipeline.T3D;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.segment.SegmentationConfig;
import io.t3d.pipeline.segment.SegmentationRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ObjDoubleConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d segment train}. */
@Command(
    name = "train",
    description = "Train a segmenter on the masks of a manifest.",
    mixinStandardHelpOptions = true)
final class SegmentTrainCommand implements Callable<Integer> {
  @Option(
      names = "--manifest",
      required = true,
      paramLabel = "CSV",
      description = "Volumes with the column mask; rows of the split train are used.")
  private Path manifest;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where the folder segmenter goes.")
  private Path out;

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description =
          "A pre-trained model: its encoder is the start and its preparation of volumes is kept"
              + " unless --config is given; random weights when left out.")
  private @Nullable Path checkpoint;

  @Option(
      names = "--config",
      paramLabel = "YAML",
      description = "All settings, see docs/segmentation.md; those for phantoms when left out.")
  private @Nullable Path config;

  @Option(names = "--steps", description = "Optimizer steps, instead of the config's.")
  private @Nullable Integer steps;

  @Option(names = "--seed", description = "Instead of the config's.")
  private @Nullable Long seed;

  @Option(names = "--freeze-encoder", description = "Only the decoder learns.")
  private boolean freeze;

  @Mixin private ResampleMasks resampleMasks;

  @Mixin private DeviceOption where;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    OutputCheck.folder(out);
    requireNoSegmenter();
    List<ManifestRow> rows = T3D.rowsToTrainOn(Manifest.read(manifest), manifest);
    SegmentationConfig settings = settings(rows);
    try (FolderLock lock = FolderLock.take(out)) {
      requireNoSegmenter(); // now that nobody else can begin
      train(settings, rows);
    }
    return 0;
  }

  private void requireNoSegmenter() {
    if (Files.exists(out.resolve("segmenter"))) {
      throw new T3dException(
          T3dException.Kind.USAGE, out + " holds a segmenter already; choose another --out");
    }
  }

  private void train(SegmentationConfig settings, List<ManifestRow> rows) throws IOException {
    int total = settings.training().steps();
    SegmentationRun.Result result;
    try (Progress progress = Progress.overItems("Training", total)) {
      result =
          run(
              settings,
              rows,
              (step, loss) -> {
                progress.note(String.format(Locale.ROOT, "loss %.4f", loss));
                progress.to(step);
              });
    }
    try (var trained = result.trained()) {
      trained.save(out);
    }
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.printf(
        Locale.ROOT,
        "%d steps, loss %.4f → %.4f, segmenter in %s%n",
        total,
        result.firstLoss(),
        result.lastLoss(),
        out.resolve("segmenter"));
    stdout.flush();
  }

  private SegmentationConfig settings(List<ManifestRow> rows) throws IOException {
    SegmentationConfig s =
        config == null
            ? SegmentationConfig.phantom()
            : Configs.load(config, SegmentationConfig.class);
    SegmentationTraining t = s.training();
    s =
        s.withTraining(
            Given.by(
                () ->
                    new SegmentationTraining(
                        steps == null ? t.steps() : steps,
                        t.batch(),
                        t.foreground(),
                        freeze || t.freezeEncoder(),
                        seed == null ? t.optimizer() : t.optimizer().withSeed(seed))));
    s = resampleMasks.asked() ? s.resamplingMasks() : s;
    return s.withPreprocessing(PreparedVolumes.resolve(s.preprocessing(), rows));
  }

  private SegmentationRun.Result run(
      SegmentationConfig settings, List<ManifestRow> rows, ObjDoubleConsumer<Integer> listener)
      throws IOException {
    Device device =
        where
            .name()
            .or(settings::device)
            .map(TorchEngine::device)
            .orElseGet(TorchEngine::defaultDevice);
    if (checkpoint == null) {
      return SegmentationRun.fromScratch(settings, rows, device, listener);
    }
    try (TrainedModel trained = TrainedModel.open(checkpoint, device)) {
      SegmentationConfig used = settings;
      if (config == null) {
        used =
            settings.withPreprocessing(
                PreparedVolumes.resolve(trained.data().preprocessing(), rows));
      }
      return SegmentationRun.from(trained.model(), used, rows, listener);
    }
  }
}
