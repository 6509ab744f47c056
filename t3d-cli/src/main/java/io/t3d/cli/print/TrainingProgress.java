package io.t3d.cli.print;

import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Draws a bar with the loss, its parts and the speed while a model trains. */
public final class TrainingProgress implements TrainingListener, AutoCloseable {
  private static final double SMOOTHING = 0.9;

  private @Nullable Progress bar;
  private double speed = Double.NaN;

  @Override
  public void onStart(int stepsDone, int totalSteps) {
    bar = Progress.overItems("Training", totalSteps);
    bar.to(stepsDone);
  }

  @Override
  public void onStep(StepRecord step) {
    speed =
        Double.isNaN(speed)
            ? step.volumesPerSecond()
            : SMOOTHING * speed + (1 - SMOOTHING) * step.volumesPerSecond();
    bar.to(step.step());
    bar.note(
        String.format(
            Locale.ROOT,
            "loss %.3f%s, %.1f vol/s%s",
            step.loss(),
            part(step, "global") + part(step, "tma"),
            speed,
            step.skipped() ? ", skipped: not finite" : ""));
  }

  private static String part(StepRecord step, String name) {
    Double value = step.parts().get(name);
    return value == null ? "" : String.format(Locale.ROOT, " %s %.3f", name, value);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
