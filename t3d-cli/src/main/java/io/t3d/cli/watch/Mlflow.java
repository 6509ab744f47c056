package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.train.StepRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells an MLflow server of a training: settings as params, losses, speed and scores as metrics,
 * and how it ended. A thread of its own sends, so that training waits for no server; where the
 * server fails for good, one warning is all that happens.
 *
 * <p>It sends numbers and settings only: no report, no volume, no path, no identifier.
 */
final class Mlflow implements Watcher {
  /** In the output folder: which run a resumed training goes on with. */
  static final String FILE = "mlflow.json";

  private static final Logger LOG = LoggerFactory.getLogger(Mlflow.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TRAIN = "train/";
  private static final int MOST_METRICS = 1000; // of one request, by MLflow's documentation
  private static final int MOST_PARAMS = 100;
  private static final int MOST_TEXT = 500; // of a param's value, in older servers
  private static final long FLUSH_NANOS = 5_000_000_000L;
  private static final Duration LAST_WORDS = Duration.ofSeconds(20);
  private static final Duration LAST_WORDS_WHEN_KILLED = Duration.ofMillis(250);

  private final MlflowClient server;
  private final String experiment;
  private final Path out;
  private final Map<String, JsonNode> settings = new LinkedHashMap<>();
  private final ExecutorService sender =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread thread = new Thread(work, "t3d-mlflow");
            thread.setDaemon(true);
            return thread;
          });

  private List<ObjectNode> pending = new ArrayList<>(); // of the training's thread
  private long flushed = System.nanoTime();
  private String run = ""; // of the sender
  private boolean failed; // of the sender

  /**
   * Prepares it; nothing is sent before the training starts.
   *
   * @param out output folder of the run
   * @param settings of the run; paths of pretrained weights are left out
   */
  Mlflow(MlflowClient server, String experiment, Path out, Map<String, JsonNode> settings) {
    this.server = server;
    this.experiment = experiment;
    this.out = out;
    settings.forEach(
        (name, value) -> {
          if (!name.startsWith("pretrained.")) {
            this.settings.put(name, value);
          }
        });
  }

  private interface Call {
    void run() throws IOException;
  }

  private void later(Call call) {
    if (sender.isShutdown()) {
      return; // a signal has ended the run, and a last step is still told
    }
    sender.execute(
        () -> {
          if (failed) {
            return;
          }
          try {
            call.run();
          } catch (IOException | RuntimeException e) {
            failed = true;
            LOG.warn("MLflow is told no more, training goes on: {}", e.getMessage());
          }
        });
  }

  @Override
  public void onStart(int stepsDone, int totalSteps) {
    later(() -> begin(stepsDone > 0));
  }

  private void begin(boolean resumed) throws IOException {
    Path file = out.resolve(FILE);
    JsonNode known = resumed && Files.exists(file) ? JSON.readTree(file.toFile()) : null;
    if (known != null && known.path("server").asText().equals(server.base())) {
      run = known.path("runId").asText();
      server.post(
          "runs/update", JSON.createObjectNode().put("run_id", run).put("status", "RUNNING"));
      return;
    }
    ObjectNode create = JSON.createObjectNode().put("experiment_id", experimentId());
    Path name = out.toAbsolutePath().normalize().getFileName();
    create.put("run_name", name == null ? "t3d" : name.toString());
    create.put("start_time", System.currentTimeMillis());
    create.putArray("tags").addObject().put("key", "mlflow.source.name").put("value", "t3d");
    run = server.post("runs/create", create).path("run").path("info").path("run_id").asText();
    ObjectNode note = JSON.createObjectNode().put("server", server.base()).put("runId", run);
    AtomicFiles.writeText(file, note.toPrettyString());
    List<Map.Entry<String, JsonNode>> all = new ArrayList<>(settings.entrySet());
    for (int from = 0; from < all.size(); from += MOST_PARAMS) {
      ObjectNode batch = JSON.createObjectNode().put("run_id", run);
      ArrayNode params = batch.putArray("params");
      for (Map.Entry<String, JsonNode> entry :
          all.subList(from, Math.min(all.size(), from + MOST_PARAMS))) {
        String text = FlatSettings.text(entry.getValue());
        params
            .addObject()
            .put("key", entry.getKey())
            .put("value", text.substring(0, Math.min(MOST_TEXT, text.length())));
      }
      server.post("runs/log-batch", batch);
    }
  }

  private String experimentId() throws IOException {
    try {
      return found();
    } catch (MlflowClient.Refused e) {
      if (!e.is("RESOURCE_DOES_NOT_EXIST")) {
        throw e;
      }
    }
    try {
      return server
          .post("experiments/create", JSON.createObjectNode().put("name", experiment))
          .path("experiment_id")
          .asText();
    } catch (MlflowClient.Refused e) {
      if (e.is("RESOURCE_ALREADY_EXISTS")) {
        return found(); // another run has just made it
      }
      throw e;
    }
  }

  private String found() throws IOException {
    return server
        .get("experiments/get-by-name", "experiment_name", experiment)
        .path("experiment")
        .path("experiment_id")
        .asText();
  }

  private void metric(String name, double value, int step) {
    if (Double.isFinite(value)) { // JSON has no NaN
      pending.add(
          JSON.createObjectNode()
              .put("key", name)
              .put("value", value)
              .put("timestamp", System.currentTimeMillis())
              .put("step", step));
    }
  }

  @Override
  public synchronized void onStep(StepRecord step) {
    metric(TRAIN + "loss", step.loss(), step.step());
    step.parts().forEach((name, value) -> metric(TRAIN + name, value, step.step()));
    metric(TRAIN + "learningRate", step.learningRate(), step.step());
    metric(TRAIN + "gradNorm", step.gradNorm(), step.step());
    metric(TRAIN + "volumesPerSecond", step.volumesPerSecond(), step.step());
    if (System.nanoTime() - flushed > FLUSH_NANOS || pending.size() >= MOST_METRICS / 2) {
      flush();
    }
  }

  @Override
  public synchronized void onValidation(Map<String, Double> scores, int stepsDone) {
    scores.forEach((name, value) -> metric("validation/" + name, value, stepsDone));
  }

  private void flush() {
    flushed = System.nanoTime();
    List<ObjectNode> metrics = pending;
    pending = new ArrayList<>();
    for (int from = 0; from < metrics.size(); from += MOST_METRICS) {
      ArrayNode some = JSON.createArrayNode();
      some.addAll(metrics.subList(from, Math.min(metrics.size(), from + MOST_METRICS)));
      later(
          () -> {
            ObjectNode batch = JSON.createObjectNode().put("run_id", run);
            batch.set("metrics", some);
            server.post("runs/log-batch", batch);
          });
    }
  }

  @Override
  public synchronized void ended(End how) {
    flush();
    later(
        () ->
            server.post(
                "runs/update",
                JSON.createObjectNode()
                    .put("run_id", run)
                    .put("status", how.name())
                    .put("end_time", System.currentTimeMillis())));
    sender.shutdown();
    Duration most = how == End.KILLED ? LAST_WORDS_WHEN_KILLED : LAST_WORDS;
    try {
      if (!sender.awaitTermination(most.toMillis(), TimeUnit.MILLISECONDS) && how != End.KILLED) {
        LOG.warn("MLflow may not know that the run has ended: {} does not answer", server.base());
        sender.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
