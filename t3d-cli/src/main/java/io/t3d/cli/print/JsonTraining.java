package io.t3d.cli.print;

import ai.djl.Device;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.train.StepRecord;
import java.nio.file.Path;
import java.util.Map;

/** Tells of a training in lines of JSON: its start, each step, validations and checkpoints. */
final class JsonTraining implements TrainingView {
  private final JsonLog log;
  private final MemoryUse.Clock memory;
  private int totalSteps;
  private int startStep;
  private long started;

  JsonTraining(JsonLog log, Device device) {
    this.log = log;
    this.memory = new MemoryUse.Clock(device);
  }

  @Override
  public void onStart(int stepsDone, int total) {
    totalSteps = total;
    startStep = stepsDone;
    started = System.nanoTime();
    log.print(log.line("start").put("stepsDone", stepsDone).put("totalSteps", total));
  }

  @Override
  public void onStep(StepRecord step) {
    ObjectNode line = log.line("step").put("step", step.step()).put("totalSteps", totalSteps);
    line.put("epoch", step.epoch());
    JsonLog.put(line, "loss", step.loss());
    step.parts().forEach((name, value) -> JsonLog.put(line, name, value));
    JsonLog.put(line, "learningRate", step.learningRate());
    JsonLog.put(line, "gradNorm", step.gradNorm());
    JsonLog.put(line, "volumesPerSecond", step.volumesPerSecond());
    line.put("skipped", step.skipped());
    double seconds = (System.nanoTime() - started) / 1e9;
    JsonLog.put(
        line, "secondsLeft", seconds / (step.step() - startStep) * (totalSteps - step.step()));
    memory.now().put(line);
    log.print(line);
  }

  @Override
  public void onValidation(Map<String, Double> scores, int stepsDone) {
    ObjectNode line = log.line("validation").put("step", stepsDone);
    scores.forEach((name, value) -> JsonLog.put(line, name, value));
    log.print(line);
  }

  @Override
  public void onCheckpoint(Path checkpoint, int stepsDone) {
    log.print(log.line("checkpoint").put("step", stepsDone).put("folder", checkpoint.toString()));
  }

  @Override
  public void close() {}
}
