package io.t3d.cli.print;

import io.t3d.pipeline.evaluate.FineTuneRun;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Draws a bar with the loss for each share of labels that is fine-tuned on. */
public final class FineTuneProgress implements FineTuneRun.Listener, AutoCloseable {
  private static final double SMOOTHING = 0.9;
  private static final DecimalFormat PERCENT =
      new DecimalFormat("0.##", DecimalFormatSymbols.getInstance(Locale.ROOT));

  private final ProgressOptions options;
  private @Nullable Progress bar;
  private double fraction;
  private double loss;

  /** Shows it as a command's options say. */
  public FineTuneProgress(ProgressOptions options) {
    this.options = options;
  }

  @Override
  public void onStep(double labelFraction, int step, int steps, double stepLoss) {
    if (bar == null || labelFraction != fraction) {
      close();
      fraction = labelFraction;
      loss = stepLoss;
      bar =
          options.over("Fine-tuning on " + PERCENT.format(100 * fraction) + " % of labels", steps);
    }
    loss = SMOOTHING * loss + (1 - SMOOTHING) * stepLoss;
    bar.to(step);
    bar.note(String.format(Locale.ROOT, "loss %.3f", loss));
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
