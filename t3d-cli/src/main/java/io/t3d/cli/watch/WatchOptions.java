package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.pipeline.PretrainConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of a command that trains, which say who else is told of it. */
public final class WatchOptions {
  /** Named as MLflow's own clients do. */
  private static final String TOKEN = "MLFLOW_TRACKING_TOKEN";

  @Option(
      names = "--tensorboard",
      description =
          "Write event files to OUT/tensorboard: losses, speed, validation, settings, and a small"
              + " picture of a batch per epoch.")
  private boolean tensorBoard;

  @Option(
      names = "--mlflow",
      paramLabel = "URL",
      description =
          "Send settings, losses and scores to the MLflow server there, e.g."
              + " http://localhost:5000; its token is taken from "
              + TOKEN
              + ".")
  private @Nullable URI mlflow;

  @Option(
      names = "--mlflow-experiment",
      paramLabel = "NAME",
      description = "Experiment of the run in MLflow, made when missing (${DEFAULT-VALUE}).")
  private String experiment = "t3d";

  /** Fails when an option has no sense; before volumes are read for minutes. */
  public void check() {
    if (mlflow != null) {
      server(mlflow);
    }
  }

  private static MlflowClient server(URI address) {
    return MlflowClient.at(address, Optional.ofNullable(System.getenv(TOKEN)));
  }

  /** Those that the options ask for. */
  public List<Watcher> watchers(Path out, PretrainConfig config) {
    Map<String, JsonNode> settings = FlatSettings.of(config);
    List<Watcher> watchers = new ArrayList<>();
    if (tensorBoard) {
      watchers.add(new TensorBoard(out, settings));
    }
    if (mlflow != null) {
      watchers.add(new Mlflow(server(mlflow), experiment, out, settings));
    }
    return watchers;
  }
}
