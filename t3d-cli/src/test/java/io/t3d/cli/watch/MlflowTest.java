package io.t3d.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.t3d.core.T3dException;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.StepRecord;
import io.t3d.pipeline.PretrainConfig;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MlflowTest {
  private static final Map<String, JsonNode> SETTINGS = FlatSettings.of(PretrainConfig.tiny());

  @TempDir Path dir;
  private FakeMlflow server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeMlflow();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Mlflow mlflow(Optional<String> token, Map<String, JsonNode> settings) {
    MlflowClient client = new MlflowClient(server.address(), token, Duration.ofMillis(10));
    return new Mlflow(client, "chest ct", dir, settings);
  }

  private Mlflow mlflow() {
    return mlflow(Optional.empty(), SETTINGS);
  }

  private static void step(Mlflow mlflow, int step, double loss) {
    mlflow.onStep(
        new StepRecord(
            step,
            0,
            1e-3,
            loss,
            Map.of("tma", 0.5),
            0.75,
            12,
            new ProcessGroup.Traffic(0, 0, 0),
            false));
  }

  private static void train(Mlflow mlflow, int from, int to, Watcher.End end) {
    mlflow.onStart(from, 900);
    for (int s = from + 1; s <= to; s++) {
      step(mlflow, s, 1.0 / s);
    }
    mlflow.onValidation(Map.of("r5", 0.25), to);
    mlflow.ended(end);
  }

  private FakeMlflow.Run onlyRun() {
    assertThat(server.runs).hasSize(1);
    return server.runs.values().iterator().next();
  }

  @Test
  void aTrainingIsARunWithItsSettingsMetricsAndEnd() {
    train(mlflow(), 0, 700, Watcher.End.FINISHED);

    FakeMlflow.Run run = onlyRun();
    assertThat(server.experiments).containsOnly(Map.entry("chest ct", "1"));
    assertThat(run.experiment).isEqualTo("1");
    assertThat(run.name).isEqualTo(dir.getFileName().toString());
    assertThat(run.params).hasSameSizeAs(SETTINGS).containsEntry("training.seed", "42");
    assertThat(run.metrics).hasSize(700 * 5 + 1);
    JsonNode first = run.metrics.get(0);
    assertThat(first.get("key").asText()).isEqualTo("train/loss");
    assertThat(first.get("value").asDouble()).isEqualTo(1.0);
    assertThat(first.get("step").asInt()).isEqualTo(1);
    JsonNode last = run.metrics.get(run.metrics.size() - 1);
    assertThat(last.get("key").asText()).isEqualTo("validation/r5");
    assertThat(last.get("step").asInt()).isEqualTo(700);
    assertThat(run.status).isEqualTo("FINISHED");
    assertThat(run.ended).isPositive();
  }

  @Test
  void howATrainingEndedIsTold() {
    train(mlflow(), 0, 1, Watcher.End.FAILED);
    train(mlflow(), 0, 1, Watcher.End.FINISHED);
    assertThat(server.runs.values())
        .extracting(r -> r.status)
        .containsExactly("FAILED", "FINISHED");
    assertThat(server.experiments).as("the experiment is there already").hasSize(1);
  }

  @Test
  void aResumedTrainingGoesOnWithItsRun() {
    train(mlflow(), 0, 2, Watcher.End.FAILED);
    train(mlflow(), 2, 4, Watcher.End.FINISHED);
    assertThat(onlyRun().metrics).hasSize(4 * 5 + 2);
    assertThat(onlyRun().status).isEqualTo("FINISHED");
  }

  @Test
  void aBusyOrFailingServerIsAskedAgain() {
    server.failures.addAll(List.of(429, 503, 500));
    train(mlflow(), 0, 3, Watcher.End.FINISHED);
    assertThat(server.calls().subList(0, 4)).containsOnly("experiments/get-by-name");
    assertThat(onlyRun().metrics).hasSize(3 * 5 + 1);
    assertThat(onlyRun().status).isEqualTo("FINISHED");
  }

  @Test
  void aServerThatFailsForGoodIsLeftAloneAndTrainingGoesOn() {
    server.failures.addAll(Collections.nCopies(100, 500));
    train(mlflow(), 0, 300, Watcher.End.FINISHED);
    assertThat(server.calls()).as("four attempts, then nothing more").hasSize(4);
  }

  @Test
  void aServerThatGoesAwayInTheMiddleIsLeftAloneAndTrainingGoesOn() throws InterruptedException {
    Mlflow mlflow = mlflow();
    mlflow.onStart(0, 900);
    for (int s = 1; s <= 200; s++) {
      step(mlflow, s, 1);
    }
    for (int i = 0; i < 1000 && !server.calls().contains("runs/log-batch metrics"); i++) {
      Thread.sleep(10);
    }
    server.close();
    int calls = server.calls().size();
    for (int s = 201; s <= 600; s++) {
      step(mlflow, s, 1);
    }
    long before = System.nanoTime();
    mlflow.ended(Watcher.End.FINISHED);
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
    assertThat(server.calls()).contains("runs/log-batch metrics").hasSize(calls);
    assertThat(onlyRun().status).isEqualTo("RUNNING");
  }

  @Test
  void theTokenIsSentAndARefusalIsNotRepeated() {
    server.token = "secret";
    train(mlflow(), 0, 1, Watcher.End.FINISHED);
    assertThat(server.calls()).hasSize(1);
    assertThat(server.runs).isEmpty();
    train(mlflow(Optional.of("secret"), SETTINGS), 0, 1, Watcher.End.FINISHED);
    assertThat(onlyRun().status).isEqualTo("FINISHED");
  }

  @Test
  void onlyNumbersAndSettingsAreSentAndNoPaths() {
    Map<String, JsonNode> settings = new LinkedHashMap<>(SETTINGS);
    settings.put("pretrained.vision", TextNode.valueOf("/home/someone/weights"));
    train(mlflow(Optional.empty(), settings), 0, 2, Watcher.End.FINISHED);
    assertThat(server.bodies)
        .isNotEmpty()
        .noneMatch(b -> b.contains("someone") || b.contains(dir.getParent().toString()));
    assertThat(onlyRun().params.keySet())
        .allMatch(key -> key.matches("(model|data|objective|training)\\..*"));
  }

  @Test
  void aValueThatIsNotFiniteIsNotSent() {
    Mlflow mlflow = mlflow();
    mlflow.onStart(0, 900);
    step(mlflow, 1, Double.NaN);
    mlflow.ended(Watcher.End.FINISHED);
    assertThat(onlyRun().metrics)
        .extracting(m -> m.get("key").asText())
        .hasSize(4)
        .doesNotContain("train/loss");
  }

  @Test
  void whatIsNoAddressIsRefused() {
    for (String address : List.of("localhost:5000", "file:///tmp/mlruns", "http:/nowhere")) {
      assertThatThrownBy(() -> MlflowClient.at(URI.create(address), Optional.empty()))
          .isInstanceOf(T3dException.class)
          .hasMessage("--mlflow must be an address like http://localhost:5000, got " + address);
    }
  }
}
