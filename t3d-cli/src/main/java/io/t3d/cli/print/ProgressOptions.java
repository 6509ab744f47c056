package io.t3d.cli.print;

import ai.djl.Device;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.torch.TorchEngine;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of a command that say how it shows its progress: as a bar, in JSON, or not. */
public final class ProgressOptions {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(names = "--quiet", description = "Show no progress; results and errors only.")
  private boolean quiet;

  @Option(
      names = "--json-log",
      description = "Print progress and result as JSON, one object per line, on standard output.")
  private boolean jsonLog;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  /** Fails when both were given. */
  public void check() {
    if (quiet && jsonLog) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--quiet shows no progress, --json-log shows it in JSON; give one");
    }
  }

  private JsonLog log() {
    return new JsonLog(spec.commandLine().getOut());
  }

  /** Shows the progress over so many items. */
  public Progress over(String task, long count) {
    if (quiet) {
      return Progress.none();
    }
    return jsonLog ? Progress.asJson(log(), task, count) : Progress.overItems(task, count);
  }

  /**
   * Shows a training.
   *
   * @param device it runs on
   */
  public TrainingView training(Device device) {
    if (quiet) {
      return () -> {};
    }
    return jsonLog ? new JsonTraining(log(), device) : new TrainingProgress(device);
  }

  /** The same on the device that is taken where none is named. */
  public TrainingView training() {
    return training(TorchEngine.defaultDevice());
  }

  /** Prints a line for people on the error stream; not with {@code --quiet}. */
  public void say(String text) {
    if (!quiet && !jsonLog) {
      PrintWriter err = spec.commandLine().getErr();
      err.println("t3d: " + text);
      err.flush();
    }
  }

  /**
   * Whether a result is to be a line of JSON too; prints it then.
   *
   * @param event what the line says it is
   */
  public boolean printed(String event, Record result) {
    if (!jsonLog) {
      return false;
    }
    try {
      JsonLog log = log();
      ObjectNode line = log.line(event);
      line.set(event, JSON.readTree(Configs.toJson(result)));
      log.print(line);
      return true;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Configs writes JSON", e);
    }
  }
}
