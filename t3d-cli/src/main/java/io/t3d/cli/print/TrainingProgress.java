package io.t3d.cli.print;

import ai.djl.Device;
import io.t3d.core.train.StepRecord;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Draws a bar with the loss, its parts, the speed and the memory in use while a model trains. */
final class TrainingProgress implements TrainingView {
  private static final double SMOOTHING = 0.9;

  private final MemoryUse.Clock memory;
  private @Nullable Progress bar;
  private double speed = Double.NaN;

  TrainingProgress(Device device) {
    this.memory = new MemoryUse.Clock(device);
  }

  @Override
  public void onStart(int stepsDone, int totalSteps) {
    bar = Progress.overItems("Training", stepsDone, totalSteps);
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
            "loss %.3f%s, %.1f vol/s, %s%s",
            step.loss(),
            part(step, "global") + part(step, "tma"),
            speed,
            memory.now().text(),
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
