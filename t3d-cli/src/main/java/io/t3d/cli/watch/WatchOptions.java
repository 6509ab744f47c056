package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.pipeline.PretrainConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options of a command that trains, which say who else is told of it. */
public final class WatchOptions {
  @Option(
      names = "--tensorboard",
      description =
          "Write event files to OUT/tensorboard: losses, speed, validation, settings, and a small"
              + " picture of a batch per epoch.")
  private boolean tensorBoard;

  /** Those that the options ask for. */
  public List<Watcher> watchers(Path out, PretrainConfig config) {
    Map<String, JsonNode> settings = FlatSettings.of(config);
    List<Watcher> watchers = new ArrayList<>();
    if (tensorBoard) {
      watchers.add(new TensorBoard(out, settings));
    }
    return watchers;
  }
}
