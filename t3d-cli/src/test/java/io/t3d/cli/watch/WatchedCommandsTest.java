package io.t3d.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.config.Configs;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.core.train.validate.ValidationConfig;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.PretrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.util.Event;

/** Commands on six phantoms, watched in all the ways there are. */
class WatchedCommandsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path dir;

  /** Four pairs to train on and two to validate on. */
  private Path manifest() throws IOException {
    Path all = PhantomDataset.write(dir.resolve("ct"), 6, 5);
    List<ManifestRow> rows = new ArrayList<>();
    for (ManifestRow row : Manifest.read(all).rows()) {
      rows.add(
          new ManifestRow(
              row.row(),
              row.volume(),
              row.report(),
              rows.size() < 4 ? Split.TRAIN : Split.VALIDATION,
              row.patient(),
              row.labels(),
              row.mask(),
              row.calibration(),
              row.origin()));
    }
    Manifest.write(all, rows);
    return all;
  }

  private Path config(int epochs) throws IOException {
    PretrainConfig tiny = PretrainConfig.tiny();
    DataConfig d = tiny.data();
    PretrainConfig config =
        new PretrainConfig(
            tiny.model(),
            new DataConfig(d.preprocessing(), d.views(), d.reports(), 2, 1, 64),
            tiny.objective(),
            TrainingConfig.builder()
                .epochs(epochs)
                .learningRate(tiny.training().learningRate())
                .validation(ValidationConfig.defaults())
                .earlyStopping(new EarlyStopping("loss", 2, 1e9))
                .build());
    return Files.writeString(dir.resolve("config.yaml"), Configs.toYaml(config));
  }

  private static List<JsonNode> lines(String text) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : text.lines().toList()) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  private static List<JsonNode> of(String event, List<JsonNode> lines) {
    return lines.stream().filter(l -> l.get("event").asText().equals(event)).toList();
  }

  @Test
  void aTrainingIsToldInLinesOfJsonAndInEventsAndComparedWithAnother() throws IOException {
    Path manifest = manifest();
    Path config = config(9);
    Path out = dir.resolve("runs/a");
    CommandRun run =
        CommandRun.of(
            "pretrain",
            "--manifest",
            manifest,
            "--config",
            config,
            "--out",
            out,
            "--tensorboard",
            "--json-log");

    assertThat(run.exitCode()).as(run.err()).isZero();
    List<JsonNode> lines = lines(run.out());
    assertThat(of("start", lines).get(0).get("totalSteps").asInt()).isEqualTo(18);
    List<JsonNode> steps = of("step", lines);
    assertThat(steps).as("stopped after two validations that were no better").hasSize(6);
    assertThat(steps.get(5).get("step").asInt()).isEqualTo(6);
    assertThat(steps.get(5).get("loss").asDouble()).isPositive();
    assertThat(steps.get(5).get("secondsLeft").asDouble()).isPositive();
    assertThat(steps.get(5).get("heapBytes").asLong()).isPositive();
    assertThat(of("validation", lines)).hasSize(3);
    assertThat(of("checkpoint", lines)).hasSize(3);
    assertThat(of("result", lines).get(0).get("result").get("stopped").asBoolean()).isTrue();
    assertThat(of("best", lines).get(0).get("best").get("step").asInt()).isEqualTo(2);

    List<Event> events = Events.read(Events.files(out.resolve("tensorboard")).get(0));
    assertThat(events.stream().flatMap(e -> e.getSummary().getValueList().stream()))
        .extracting(v -> v.getTag())
        .contains("train/loss", "validation/r5", "batch", "_hparams_/session_end_info");

    Path other = dir.resolve("runs/b");
    CommandRun quiet =
        CommandRun.of(
            "pretrain", "--manifest", manifest, "--config", config(1), "--out", other, "--quiet");
    assertThat(quiet.exitCode()).as(quiet.err()).isZero();
    assertThat(quiet.err()).isEmpty();
    assertThat(quiet.out()).contains("2 steps, loss", "best validation: loss");
    assertThat(other.resolve("tensorboard")).doesNotExist();

    Path page = dir.resolve("compared.html");
    CommandRun compared = CommandRun.of("runs", "compare", out, other, "--out", page);
    assertThat(compared.exitCode()).as(compared.err()).isZero();
    assertThat(compared.out().lines().filter(l -> l.startsWith("training.")))
        .as("settings that differ")
        .hasSize(1)
        .allMatch(l -> l.matches("training\\.epochs +9 +1"));
    assertThat(compared.out()).containsPattern("steps +6 +2\n").contains("best loss", "best r5");
    assertThat(Files.readString(page)).contains("<polyline", "training.epochs", "Validation");

    CommandRun listed = CommandRun.of("runs", "list", dir);
    assertThat(listed.out().lines()).hasSize(3);
    assertThat(listed.out()).containsPattern("(?m)^runs/a +6 +\\d").contains("runs/b");

    Path projected = dir.resolve("projected");
    CommandRun embedded =
        CommandRun.of(
            "embed",
            "--checkpoint",
            out,
            "--input",
            manifest,
            "--out",
            dir.resolve("e.safetensors"),
            "--projector",
            projected,
            "--json-log");
    assertThat(embedded.exitCode()).as(embedded.err()).isZero();
    List<JsonNode> told = lines(embedded.out());
    List<JsonNode> progress = of("progress", told);
    assertThat(progress.get(progress.size() - 1).get("done").asInt()).isEqualTo(6);
    assertThat(of("result", told).get(0).get("result").get("volumes").asInt()).isEqualTo(6);
    assertThat(Files.readAllLines(projected.resolve("tensors.tsv"))).hasSize(6);
    assertThat(Files.readAllLines(projected.resolve("metadata.tsv")))
        .hasSize(7)
        .first()
        .asString()
        .startsWith("file\t");
  }

  @Test
  void quietAndJsonLogExcludeEachOther() {
    CommandRun run =
        CommandRun.of("pretrain", "--manifest", "none.csv", "--out", dir, "--quiet", "--json-log");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("--quiet shows no progress, --json-log shows it in JSON");
  }
}
