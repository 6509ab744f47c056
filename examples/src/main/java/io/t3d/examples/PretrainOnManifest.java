package io.t3d.examples;

import io.t3d.core.config.Configs;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.T3D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Pre-trains a model on volumes and reports: {@code PretrainOnManifest manifest.csv run [config]}.
 * Started again after a stop it goes on from the last checkpoint.
 */
public final class PretrainOnManifest {
  private PretrainOnManifest() {}

  /** Runs; arguments are a manifest, a folder for the run and a YAML file of settings. */
  public static void main(String[] args) throws IOException {
    Path manifest = Path.of(args[0]);
    Path run = Path.of(args[1]);
    PretrainConfig config =
        args.length > 2
            ? Configs.load(Path.of(args[2]), PretrainConfig.class)
            : PretrainConfig.tiny();
    boolean resume = Files.exists(run.resolve("checkpoint"));
    TrainingSummary summary = T3D.pretrain(config, manifest, run, resume, new EveryTenthStep());
    System.out.printf(
        "%d steps, loss %.3f → %.3f; the model is in %s%n",
        summary.steps(), summary.firstLoss(), summary.lastLoss(), run);
  }

  /** Prints what a step tells of itself. */
  private static final class EveryTenthStep implements TrainingListener {
    @Override
    public void onStep(StepRecord step) {
      if (step.step() % 10 == 0) {
        System.out.printf("step %d: loss %.3f%n", step.step(), step.loss());
      }
    }
  }
}
