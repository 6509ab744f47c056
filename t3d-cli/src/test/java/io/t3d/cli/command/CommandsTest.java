package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on a small quickstart: too short to learn much, long enough to run everything. */
class CommandsTest {
  private static final int PAIRS = 80;

  @TempDir static Path dir;
  private static Path out;
  private static Path manifest;
  private static CommandRun quickstart;

  @BeforeAll
  static void runQuickstart() throws IOException {
    out = dir.resolve("out");
    quickstart = CommandRun.of("quickstart", "--out", out, "--pairs", PAIRS, "--epochs", 2);
    try (Stream<Path> found = Files.walk(out)) {
      manifest = found.filter(p -> p.endsWith("manifest.csv")).findFirst().orElseThrow();
    }
  }

  @Test
  void quickstartLeavesMetricsAPageAndACheckpoint() throws IOException {
    assertThat(quickstart.exitCode()).as(quickstart.err()).isZero();
    JsonNode metrics = json(out.resolve("metrics.json"));
    for (String pointer :
        new String[] {
          "/train/firstLoss",
          "/train/lastLoss",
          "/train/volumesPerSecond",
          "/zeroShot/macroAuroc",
          "/retrieval/imageToText/r1",
          "/retrieval/imageToText/r5",
          "/retrieval/imageToText/r10",
          "/retrieval/textToImage/r10",
          "/retrieval/textToImage/r50",
          "/retrieval/imageToText/intervals/r10/upper",
          "/retrieval/imageToText/byFindings/overlapAt/5",
          "/zeroShot/macro/auroc/lower",
          "/zeroShot/macro/f1/value",
          "/zeroShot/scores/global",
          "/zeroShot/scores/pooled",
          "/zeroShot/scores/sum",
          "/retrieval/scores/global/imageToText",
          "/retrieval/scores/pooled/textToImage",
          "/retrieval/scores/sum/textToImage"
        }) {
      assertThat(metrics.at(pointer).isNumber()).as(pointer).isTrue();
    }
    assertThat(metrics.at("/train/lastLoss").asDouble())
        .isLessThan(metrics.at("/train/firstLoss").asDouble());
    assertThat(metrics.at("/zeroShot/perLabel").size()).isPositive();
    String used = metrics.at("/zeroShot/score").asText();
    assertThat(metrics.at("/zeroShot/macroAuroc"))
        .isEqualTo(metrics.at("/zeroShot").get("scores").get(used));
    assertThat(metrics.at("/zeroShot/scoreReason").asText()).startsWith("chosen by macro AUROC on");
    used = metrics.at("/retrieval/score").asText();
    assertThat(metrics.at("/retrieval/textToImage/r5"))
        .isEqualTo(metrics.at("/retrieval/scores").get(used).get("textToImage"));
    assertThat(metrics.at("/retrieval/scoreReason").asText())
        .startsWith("chosen by R@5 of both ways on");
    assertThat(Files.readString(out.resolve("report.html")))
        .contains("<polyline", "data:image/png;base64,", "macro AUROC")
        .contains("Score: ", "chosen by R@5")
        .contains("Losses are smoothed: each point is 0.9 ×", "learning rate is as it was");
    assertThat(out.resolve("checkpoint/model.safetensors")).exists();
    assertThat(out.resolve("log.csv")).exists();
  }

  @Test
  void evaluateRepeatsTheQuickstartsNumbers() throws IOException {
    Path again = dir.resolve("again");
    CommandRun run =
        CommandRun.of(
            "evaluate", "--checkpoint", out, "--manifest", manifest, "--out", again, "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    Path besideTheManifest = manifest.resolveSibling("prompts.yaml");
    assertThat(run.err()).contains("t3d: zero-shot prompts: " + besideTheManifest);
    assertThat(besideTheManifest).hasSameTextualContentAs(out.resolve("prompts.yaml"));
    JsonNode first = json(out.resolve("metrics.json"));
    JsonNode second = json(again.resolve("metrics.json"));
    assertThat(second.get("retrieval")).isEqualTo(first.get("retrieval"));
    assertThat(second.get("zeroShot")).isEqualTo(first.get("zeroShot"));
    assertThat(new ObjectMapper().readTree(run.out())).isEqualTo(second);
  }

  @Test
  void evaluateWritesAPageOfWhatWasAskedFor() throws IOException {
    Path page = dir.resolve("evaluation.html");
    CommandRun run =
        CommandRun.of("evaluate", "--checkpoint", out, "--manifest", manifest, "--page", page);
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode metrics = json(out.resolve("metrics.json"));
    assertThat(Files.readString(page).replaceAll("base64,[^\"]*", "base64,"))
        .contains(
            String.format(
                Locale.ROOT,
                "Zero-shot classification: macro AUROC %.3f",
                metrics.at("/zeroShot/macroAuroc").asDouble()))
        .contains("Retrieval among ", "ROC of each finding", "calibration error")
        .contains("best: ", "median: ", "worst: ", "its report", "data:image/png;base64,")
        .contains("<td>test</td>", "<td>validation</td>", "Failures", "./t3d evaluate --checkpoint")
        .doesNotContain("Linear probe", "NaN", "<script");

    Path labelsOnly = dir.resolve("probe.html");
    run =
        CommandRun.of(
            "evaluate",
            "--checkpoint",
            out,
            "--manifest",
            manifest,
            "--task",
            "linear-probe",
            "--page",
            labelsOnly);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(labelsOnly)
        .content()
        .contains("Linear probe on ", "<td>train</td>", "with 95 % intervals by patient")
        .doesNotContain(
            "Retrieval among", "Cases: best", "its report", "ROC of each finding; the band");
  }

  @Test
  void theScoreCanBeAskedForAndIsGlobalWithoutValidation() throws IOException {
    JsonNode quick = json(out.resolve("metrics.json"));
    for (String score : List.of("global", "pooled", "sum")) {
      JsonNode found = evaluated("--score", score);
      assertThat(found.at("/zeroShot/score").asText()).isEqualTo(score);
      assertThat(found.at("/zeroShot/scoreReason").asText()).isEqualTo("as asked");
      assertThat(found.at("/zeroShot/macroAuroc").asDouble())
          .isCloseTo(quick.at("/zeroShot/scores/" + score).asDouble(), within(1e-6));
      assertThat(found.at("/retrieval/score").asText()).isEqualTo(score);
      assertThat(found.at("/retrieval/imageToText/r5"))
          .isEqualTo(quick.at("/retrieval/scores/" + score + "/imageToText"));
      assertThat(found.at("/retrieval/sentenceWeight").isNumber()).isEqualTo(score.equals("sum"));
    }
    JsonNode unchosen = evaluated("--split", "validation");
    for (String task : List.of("zeroShot", "retrieval")) {
      assertThat(unchosen.at("/" + task + "/score").asText()).isEqualTo("global");
      assertThat(unchosen.at("/" + task + "/scoreReason").asText())
          .isEqualTo("there is no validation split");
      assertThat(unchosen.at("/" + task + "/scores").size()).isEqualTo(2);
    }
  }

  private static JsonNode evaluated(Object... options) throws IOException {
    List<Object> arguments = new ArrayList<>();
    arguments.addAll(List.of("evaluate", "--checkpoint", out, "--manifest", manifest));
    arguments.addAll(List.of("--resamples", 10, "--json"));
    arguments.addAll(List.of(options));
    CommandRun run = CommandRun.of(arguments.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  @Test
  void aCheckpointThatSawNoTextIsComparedAsAWhole(@TempDir Path copy) throws IOException {
    try (Stream<Path> files = Files.list(out.resolve("checkpoint"))) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path objective = copy.resolve("objective.json");
    Files.writeString(objective, Configs.toJson(ObjectiveConfig.simclr()));
    CommandRun run =
        CommandRun.of("evaluate", "--checkpoint", copy, "--manifest", manifest, "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode found = new ObjectMapper().readTree(run.out());
    JsonNode quick = json(out.resolve("metrics.json"));
    for (String task : List.of("zeroShot", "retrieval")) {
      assertThat(found.at("/" + task + "/score").asText()).isEqualTo("global");
      assertThat(found.at("/" + task + "/scoreReason").asText())
          .isEqualTo("pre-training used no text");
      assertThat(found.at("/" + task + "/scores").size()).isOne();
    }
    assertThat(found.at("/zeroShot/macroAuroc").asDouble())
        .isCloseTo(quick.at("/zeroShot/scores/global").asDouble(), within(1e-6));
    assertThat(found.at("/retrieval/imageToText/r5"))
        .isEqualTo(quick.at("/retrieval/scores/global/imageToText"));

    Files.writeString(objective, "{\"method\": \"t3d\", \"lamda\": 1}");
    run = CommandRun.of("evaluate", "--checkpoint", copy, "--manifest", manifest);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .contains("objective.json is not what t3d pretrain of this version writes: ", "lamda");
  }

  @Test
  void theGatheringTemperatureIsThatOfTheObjective() throws IOException {
    ObjectiveConfig other =
        ObjectiveConfig.t3d().withTma(TmaConfig.builder().gatherTemperature(0.2).build());
    try (TrainedModel trained = TrainedModel.open(out, Device.cpu())) {
      assertThat(trained.gatherTemperature()).isEqualTo(0.1);
      assertThat(trained.usesText()).isTrue();
      TrainedModel with = new TrainedModel(trained.model(), trained.data(), Optional.of(other));
      assertThat(with.gatherTemperature()).isEqualTo(0.2);
      TrainedModel untold = new TrainedModel(trained.model(), trained.data(), Optional.empty());
      assertThat(untold.gatherTemperature()).isEqualTo(0.1);
      assertThat(untold.usesText()).isTrue();
    }
  }

  @Test
  void theSumOfScoresIsRefusedWithoutValidation() {
    CommandRun run =
        CommandRun.of(
            "evaluate",
            "--checkpoint",
            out,
            "--manifest",
            manifest,
            "--split",
            "validation",
            "--score",
            "sum");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .contains(
            "error: The score sum needs at least 2 validation volumes to make its parts"
                + " comparable, got 0; evaluate the split test of a manifest that has a validation"
                + " split, or ask for auto, global or pooled");
  }

  @Test
  void probesAndFineTuningLearnFromSharesOfTheTrainingLabels() throws IOException {
    Path supervised = dir.resolve("supervised");
    CommandRun run =
        CommandRun.of(
            "evaluate",
            "--checkpoint",
            out,
            "--manifest",
            manifest,
            "--task",
            "linear-probe,fine-tune",
            "--label-fraction",
            "0.3,1",
            "--epochs",
            1,
            "--resamples",
            50,
            "--out",
            supervised);

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("trained on").contains("thresholds: youden-j on");
    assertThat(run.err()).doesNotContain("prompts"); // no zero-shot, no prompts
    JsonNode metrics = json(supervised.resolve("metrics.json"));
    assertThat(metrics.has("zeroShot")).isFalse();
    for (String task : new String[] {"linearProbe", "fineTune"}) {
      JsonNode some = metrics.get(task).get(0);
      JsonNode all = metrics.get(task).get(1);
      assertThat(some.get("trainVolumes").asInt())
          .isPositive()
          .isLessThan(all.get("trainVolumes").asInt());
      JsonNode auroc = all.at("/scores/macro/auroc");
      assertThat(auroc.get("value").asDouble())
          .isBetween(auroc.get("lower").asDouble(), auroc.get("upper").asDouble());
    }
  }

  @Test
  void trainingOnTheEvaluatedRowsIsRefused() {
    CommandRun run =
        CommandRun.of(
            "evaluate",
            "--checkpoint",
            out,
            "--manifest",
            manifest,
            "--task",
            "linear-probe",
            "--split",
            "all");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("are measured on another; choose another --split");
  }

  @Test
  void embedWritesOneUnitVectorPerVolumeAndReport() throws IOException {
    Path file = dir.resolve("embeddings.safetensors");
    CommandRun run =
        CommandRun.of("embed", "--checkpoint", out, "--input", manifest, "--out", file, "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode speed = new ObjectMapper().readTree(run.out());
    assertThat(speed.get("volumes").asInt()).isEqualTo(PAIRS);
    assertThat(speed.get("encoderBusy").asDouble()).isBetween(0.0, 1.0);
    assertThat(speed.get("volumesPerSecond").asDouble()).isPositive();
    try (NDManager manager = NDManager.newBaseManager()) {
      var contents = Safetensors.read(manager, file);
      for (String name : new String[] {"volumes", "reports"}) {
        NDArray rows = contents.tensors().get(name);
        assertThat(rows.getShape().get(0)).isEqualTo(PAIRS);
        float[] norms = rows.norm(new int[] {1}).toFloatArray();
        for (float norm : norms) {
          assertThat(norm).isCloseTo(1f, within(1e-4f));
        }
      }
      assertThat(contents.metadata().get("files")).contains(".nii.gz");
    }
  }

  @Test
  void embedOfAFolderGivesOneVectorPerVolumeAndLeavesBadOnesOutWhenAsked(@TempDir Path folder)
      throws IOException {
    List<Path> scans = new ArrayList<>();
    for (ManifestRow row : Manifest.read(manifest).rows().subList(0, 3)) {
      Path study = Files.createDirectories(folder.resolve("in/study" + scans.size()));
      scans.add(Files.copy(row.volume(), study.resolve("ct.nii.gz")));
    }
    Path linked = folder.resolve("in/linked");
    Files.createSymbolicLink(linked, Files.createDirectory(folder.resolve("outside")));
    Files.copy(scans.get(0), linked.resolve("ct.nii.gz"));
    Path file = folder.resolve("e.safetensors");
    CommandRun run = embed(folder.resolve("in"), file);
    assertThat(run.exitCode()).as(run.err()).isZero();
    List<Path> keys = new ArrayList<>(scans);
    keys.add(0, linked.resolve("ct.nii.gz"));
    assertThat(keysOf(file)).containsExactlyElementsOf(keys.stream().map(Path::toString).toList());

    Path broken = Files.writeString(folder.resolve("in/broken.nii.gz"), "no scan");
    Path part = Files.writeString(folder.resolve("in/x.nii.gz.part"), "half a scan");
    CommandRun stopped = embed(folder.resolve("in"), file);
    assertThat(stopped.exitCode()).isEqualTo(1);
    assertThat(stopped.err())
        .contains("1 of 6 volumes cannot be used; repair them, or leave them out with --skip-bad:")
        .contains("\n  " + part + ": it is an unfinished download");
    Files.delete(part);
    assertThat(embed(folder.resolve("in"), file).err()).contains(broken + ": ");
    Files.writeString(part, "half a scan");
    CommandRun skipped = embed(folder.resolve("in"), file, "--skip-bad");
    assertThat(skipped.exitCode()).as(skipped.err()).isZero();
    assertThat(skipped.err())
        .contains("skipped 1 of 6 volumes:\n  " + part + ": ")
        .contains("skipped 1 of 5 volumes:\n  " + broken + ": ");
    assertThat(keysOf(file)).hasSize(4);
  }

  private static CommandRun embed(Path input, Path file, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("embed", "--checkpoint", out, "--input", input, "--out", file, "--json"));
    words.addAll(List.of(more));
    return CommandRun.of(words.toArray());
  }

  /** The paths of the vectors, of which there are as many. */
  private static List<String> keysOf(Path file) throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      var contents = Safetensors.read(manager, file);
      List<String> keys = new ArrayList<>();
      new ObjectMapper()
          .readTree(contents.metadata().get("files"))
          .forEach(name -> keys.add(name.asText()));
      assertThat(contents.tensors().get("volumes").getShape().get(0)).isEqualTo(keys.size());
      return keys;
    }
  }

  @Test
  void inspectTellsWhatTheFileHolds() throws IOException {
    Path file;
    try (Stream<Path> files = Files.list(manifest.resolveSibling("volumes"))) {
      file = files.sorted().findFirst().orElseThrow();
    }
    CommandRun run = CommandRun.of("inspect", file, "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode found = new ObjectMapper().readTree(run.out());
    Volume volume = VolumeReaders.read(file);
    assertThat(found.at("/size/0").asInt()).isEqualTo(volume.width());
    assertThat(found.at("/size/2").asInt()).isEqualTo(volume.depth());
    assertThat(found.at("/spacing/0").asDouble()).isEqualTo(volume.spacing().x());
    assertThat(found.at("/origin/1").asDouble()).isEqualTo(volume.affine().get(1, 3));
    assertThat(found.get("direction").size()).isEqualTo(9);
    assertThat(found.get("orientation").asText()).isEqualTo(volume.orientation());
    assertThat(found.get("pixelType").asText()).isEqualTo("int16");
    assertThat(found.get("min").asDouble()).isLessThan(-900);
    assertThat(found.get("reader").asText()).isNotBlank();
  }

  @Test
  void resumeOfAFinishedRunWithOtherSettingsIsRefused(@TempDir Path fresh) throws IOException {
    Path config = fresh.resolve("other.yaml");
    Files.writeString(config, "preset: tiny\ntraining:\n  learningRate: 0.5\n");
    CommandRun run =
        CommandRun.of(
            "pretrain", "--manifest", manifest, "--out", out, "--config", config, "--resume");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("Cannot resume from").contains("learningRate");
  }

  @Test
  void labelledVolumesWithoutReportsAreClassifiedButNotRetrievedOrTrainedOn() throws IOException {
    List<ManifestRow> rows = Manifest.read(manifest).rows();
    Path labelled = dir.resolve("transfer.csv");
    Manifest.write(labelled, rows.stream().map(CommandsTest::withoutReport).toList());
    CommandRun run =
        CommandRun.of("evaluate", "--checkpoint", out, "--manifest", labelled, "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode found = new ObjectMapper().readTree(run.out());
    assertThat(found.at("/zeroShot/macroAuroc").isNumber()).isTrue();
    assertThat(found.at("/retrieval").isObject()).isFalse();
    assertThat(run.err()).contains("zero-shot prompts: the usual phrases", "--prompts");

    CommandRun retrieval =
        CommandRun.of(
            "evaluate", "--checkpoint", out, "--manifest", labelled, "--task", "retrieval");
    CommandRun pretrain =
        CommandRun.of("pretrain", "--manifest", labelled, "--out", dir.resolve("none"));
    for (CommandRun refused : List.of(retrieval, pretrain)) {
      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.err())
          .contains("error: The manifest has labels but no column report; pre-training and");
    }
  }

  private static ManifestRow withoutReport(ManifestRow r) {
    return new ManifestRow(
        r.row(), r.volume(), "", r.split(), r.patient(), r.labels(), Optional.empty());
  }

  @Test
  void pretrainDoesNotOverwriteACheckpoint() {
    CommandRun run = CommandRun.of("pretrain", "--manifest", manifest, "--out", out);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("holds a checkpoint already").contains("--resume");
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(Files.readString(file));
  }
}
