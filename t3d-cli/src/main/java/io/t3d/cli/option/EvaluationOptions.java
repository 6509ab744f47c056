package io.t3d.cli.option;

import io.t3d.core.eval.Bootstrap;
import io.t3d.core.eval.OperatingPoint;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.classify.FineTuneConfig;
import io.t3d.core.task.classify.ProbeConfig;
import io.t3d.pipeline.evaluate.EvaluationSettings;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How {@code ./t3d evaluate} measures and trains. */
public final class EvaluationOptions {
  /** What zero-shot and retrieval compare by. */
  enum Score {
    AUTO,
    GLOBAL,
    POOLED,
    SUM;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }

    Optional<TextScore> wanted() {
      return this == AUTO ? Optional.empty() : Optional.of(TextScore.valueOf(name()));
    }
  }

  @Option(
      names = "--score",
      paramLabel = "SCORE",
      description =
          "What zero-shot and retrieval compare texts with: global, the whole volume; pooled, the"
              + " tokens that gather around the text; sum, both; auto, the one of these that does"
              + " best on the validation split, global without one (default: ${DEFAULT-VALUE}).",
      defaultValue = "auto")
  private Score score;

  @Option(
      names = "--label-fraction",
      split = ",",
      paramLabel = "SHARE",
      description =
          "Shares of the training patients whose labels probes and fine-tuning use, e.g."
              + " 0.01,0.1,1 (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private List<Double> fractions;

  @Option(
      names = "--threshold",
      paramLabel = "RULE",
      description =
          "How thresholds are chosen on the validation split: ${COMPLETION-CANDIDATES} (default:"
              + " ${DEFAULT-VALUE}).",
      defaultValue = "YOUDEN_J")
  private OperatingPoint threshold;

  @Option(
      names = "--resamples",
      paramLabel = "N",
      description = "Bootstrap resamples of the 95 %% intervals (default: ${DEFAULT-VALUE}).",
      defaultValue = "1000")
  private int resamples;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Most epochs of fine-tuning (default: ${DEFAULT-VALUE}).",
      defaultValue = "20")
  private int epochs;

  @Option(
      names = "--from-scratch",
      description = "Fine-tune from random weights instead of the checkpoint's.")
  private boolean fromScratch;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of patients, order and resamples (default: ${DEFAULT-VALUE}).",
      defaultValue = "42")
  private long seed;

  public boolean fromScratch() {
    return fromScratch;
  }

  public long seed() {
    return seed;
  }

  public EvaluationSettings settings() {
    FineTuneConfig tuning =
        fromScratch ? FineTuneConfig.fromScratch() : FineTuneConfig.pretrained();
    return new EvaluationSettings(
        score.wanted(),
        new Bootstrap(resamples, 0.95, seed),
        threshold,
        fractions,
        ProbeConfig.defaults(),
        tuning.with(epochs, seed));
  }
}
