package io.t3d.cli.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.t3d.cli.watch.FlatSettings;
import io.t3d.core.T3dException;
import io.t3d.core.internal.LiveFolder;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.validate.EarlyStopping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The output folder of a training, as far as it has come.
 *
 * @param folder where it lies
 * @param settings dotted name → value; empty before the first checkpoint
 * @param steps {@code log.csv}
 * @param validations {@code validation.csv}
 * @param provenance of the checkpoint; missing before the first one
 */
record RunFolder(
    Path folder,
    Map<String, String> settings,
    Columns steps,
    Columns validations,
    JsonNode provenance) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LOG = "log.csv";
  private static final int WINDOW = 50;
  private static final int DEPTH = 4;

  /** Reads one. */
  static RunFolder read(Path folder) throws IOException {
    if (!Files.isRegularFile(folder.resolve(LOG))) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          folder + " has no " + LOG + "; give the --out folder of a pretrain");
    }
    Path checkpoint = Checkpoint.folderOf(folder);
    JsonNode provenance = tree(checkpoint.resolve("provenance.json"));
    Map<String, String> settings = new LinkedHashMap<>();
    add("model", provenance.path("model"), settings);
    add("data", tree(checkpoint.resolve("data.json")), settings);
    add("objective", tree(checkpoint.resolve("objective.json")), settings);
    add("training", provenance.path("training"), settings);
    return new RunFolder(
        folder,
        settings,
        Columns.read(folder.resolve(LOG)),
        Columns.read(folder.resolve("validation.csv")),
        provenance);
  }

  /** The output folders in a folder, in the order of their names. */
  static List<RunFolder> in(Path folder) throws IOException {
    List<Path> logs = new ArrayList<>();
    LiveFolder.visit(
        folder,
        DEPTH,
        (file, attributes) -> {
          if (file.endsWith(LOG)) {
            logs.add(file);
          }
        });
    logs.sort(Comparator.comparing(Path::toString));
    List<RunFolder> runs = new ArrayList<>();
    for (Path log : logs) {
      runs.add(read(log.toAbsolutePath().getParent()));
    }
    return runs;
  }

  private static JsonNode tree(Path file) throws IOException {
    return Files.isRegularFile(file) ? JSON.readTree(file.toFile()) : MissingNode.getInstance();
  }

  private static void add(String name, JsonNode tree, Map<String, String> to) {
    FlatSettings.of(tree)
        .forEach((key, value) -> to.put(name + "." + key, FlatSettings.text(value)));
  }

  /** The last part of its path. */
  String name() {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return last == null ? folder.toString() : last.toString();
  }

  /** Steps that were logged. */
  int stepsDone() {
    List<Double> done = steps.column("step");
    return done.isEmpty() ? 0 : done.get(done.size() - 1).intValue();
  }

  /**
   * Mean loss of the first or last steps: a tenth of them, at most 50. NaN without a finite loss.
   */
  double meanLoss(boolean last) {
    List<double[]> points = steps.points("loss");
    int window = Math.max(1, Math.min(WINDOW, points.size() / 10));
    int from = last ? Math.max(0, points.size() - window) : 0;
    return points.subList(from, Math.min(points.size(), from + window)).stream()
        .mapToDouble(p -> p[1])
        .average()
        .orElse(Double.NaN);
  }

  /**
   * Time of all steps in seconds, loading included; NaN where speed or batch size are not known.
   */
  double seconds() {
    List<double[]> speeds = steps.points("volumesPerSecond");
    if (speeds.isEmpty()) {
      return Double.NaN;
    }
    double batch = number("data.batchSize") * number("training.accumulation");
    return speeds.stream().mapToDouble(p -> batch / p[1]).sum();
  }

  private double number(String setting) {
    return Optional.ofNullable(settings.get(setting)).map(Double::valueOf).orElse(Double.NaN);
  }

  /** The best of a score of the validation, and its step. */
  Optional<double[]> best(String score) {
    Comparator<double[]> byValue = Comparator.comparingDouble(p -> p[1]);
    Stream<double[]> points = validations.points(score).stream();
    return new EarlyStopping(score, 1, 0).lowerIsBetter()
        ? points.min(byValue)
        : points.max(byValue);
  }

  /** Names of the scores of its validation. */
  List<String> scores() {
    return validations.of().keySet().stream()
        .filter(name -> !name.equals("step") && !name.equals("epoch"))
        .toList();
  }

  /** What the provenance tells under a name; {@code –} where it tells nothing. */
  String told(String name) {
    String text = provenance.path(name).asText("");
    return text.isEmpty() ? "–" : text;
  }
}
