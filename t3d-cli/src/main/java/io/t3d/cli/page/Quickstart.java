package io.t3d.cli.page;

import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.phantom.generate.PhantomPrompts;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import io.t3d.pipeline.Prompts;
import io.t3d.pipeline.T3D;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import io.t3d.pipeline.evaluate.EvaluationSettings;
import io.t3d.pipeline.evaluate.EvaluationTexts;
import io.t3d.pipeline.internal.MetricsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Phantoms, pre-training, evaluation and a page of results: the whole method in minutes. */
public final class Quickstart {
  /** Pairs over all splits, by default. */
  public static final int PAIRS = 1500;

  /** Passes over the training pairs, by default. */
  public static final int EPOCHS = PretrainConfig.QUICKSTART_EPOCHS;

  private final Path out;
  private final int pairs;
  private final long seed;
  private final PretrainConfig config;

  /**
   * Prepares a run.
   *
   * @param out where everything goes
   * @param pairs volume–report pairs over all splits
   * @param epochs passes over the training pairs
   * @param seed of data, weights and order
   */
  public Quickstart(Path out, int pairs, int epochs, long seed) {
    this.out = out;
    this.pairs = pairs;
    this.seed = seed;
    this.config = PretrainConfig.tiny().with(epochs, seed);
  }

  /** The folder of the phantoms; its name tells what is in it. */
  public Path data() {
    return out.resolve("phantoms-" + pairs + "-seed" + seed);
  }

  /** Writes the phantoms; those of an earlier run with the same numbers are used again. */
  public void writeData() throws IOException {
    if (!Files.exists(data())) {
      AtomicFiles.makeFolder(out);
      PhantomDataset.write(data(), pairs, seed);
    }
    AtomicFiles.writeText(
        out.resolve("prompts.yaml"), Configs.toYaml(new Prompts(PhantomPrompts.all())));
  }

  private String command() {
    return "./t3d quickstart --out "
        + out
        + " --pairs "
        + pairs
        + " --epochs "
        + config.training().epochs()
        + " --seed "
        + seed;
  }

  /** Trains on the training split, evaluates on the test split, writes metrics and page. */
  public Evaluation run(TrainingListener listener) throws IOException {
    Path csv = data().resolve("manifest.csv");
    Manifest manifest = Manifest.read(csv);
    List<ManifestRow> train = manifest.select(Split.TRAIN);
    List<ManifestRow> test = manifest.select(Split.TEST);
    LossCurves curves = new LossCurves(listener);
    long start = System.nanoTime();
    TrainingSummary summary =
        new PretrainRun(config, train, T3D.promptsBeside(csv), out).run(false, curves);
    double seconds = (System.nanoTime() - start) / 1e9;
    try (TrainedModel trained = TrainedModel.open(out);
        EvaluationRun evaluation =
            new EvaluationRun(
                trained,
                manifest.select(Split.VALIDATION),
                test,
                new EvaluationTexts(PhantomPrompts.all(), true),
                EvaluationSettings.defaults(),
                done -> {})) {
      Evaluation found =
          new Evaluation(
              new Evaluation.Train(
                  summary.firstLoss(),
                  summary.lastLoss(),
                  summary.volumesPerSecond(),
                  train.size(),
                  summary.steps(),
                  seconds),
              evaluation.zeroShot(),
              evaluation.retrieval());
      MetricsFile.write(out, found);
      new ResultsPage(config, found, curves, manifest.rows(), trained, evaluation, command())
          .write(out.resolve("report.html"));
      return found;
    }
  }
}
