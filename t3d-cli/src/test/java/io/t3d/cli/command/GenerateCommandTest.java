package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The generate command on a model that has hardly learned: everything runs, little is right. */
class GenerateCommandTest {
  @TempDir static Path dir;
  private static Path model;
  private static Path manifest;
  private static Path out;
  private static CommandRun first;

  @BeforeAll
  static void trainAndGenerate() throws IOException {
    model = dir.resolve("model");
    CommandRun quickstart =
        CommandRun.of("quickstart", "--out", model, "--pairs", 40, "--epochs", 1);
    assertThat(quickstart.exitCode()).as(quickstart.err()).isZero();
    manifest = model.resolve("phantoms-40-seed42/manifest.csv");
    out = dir.resolve("out");
    first = generate(out, "--epochs", 2, "--max-length", 40);
  }

  private static CommandRun generate(Path folder, Object... more) {
    List<Object> args =
        new ArrayList<>(
            List.of("generate", "--checkpoint", model, "--manifest", manifest, "--out", folder));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray());
  }

  private static JsonNode metrics(Path folder) throws IOException {
    return new ObjectMapper().readTree(folder.resolve("metrics.json").toFile());
  }

  @Test
  void itTrainsWritesAndScores() throws IOException {
    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out()).contains("generated", "constant", "METEOR (exact+stem)", "clinical F1");
    JsonNode metrics = metrics(out);
    for (String who : List.of("generated", "constant")) {
      for (String score :
          List.of("text/bleu4", "text/rougeL", "text/meteorExactStem", "text/cider")) {
        assertThat(metrics.at("/" + who + "/" + score).isNumber()).as(who + score).isTrue();
      }
      assertThat(metrics.at("/" + who + "/clinical/micro/f1").isNumber()).isTrue();
      assertThat(metrics.at("/" + who + "/clinical/perLabel").size()).isEqualTo(8);
    }
    assertThat(metrics.at("/training/lastLoss").asDouble())
        .isLessThan(metrics.at("/training/firstLoss").asDouble());
    int rows = Manifest.read(manifest).select(Split.TEST).size();
    assertThat(metrics.get("volumes").asInt()).isEqualTo(rows);
    assertThat(Files.readAllLines(out.resolve("reports.csv"))).hasSize(rows + 1);
    assertThat(out.resolve("generator/decoder.safetensors")).exists();
  }

  @Test
  void aLabelerFromAFolderReadsTheFindings() throws IOException {
    Path radbert = Path.of("../t3d-core/src/test/resources/golden/labeler/radbert");
    Path folder = dir.resolve("labelled");
    CommandRun run =
        generate(folder, "--generator", out.resolve("generator"), "--labeler", radbert);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(metrics(folder).at("/generated/clinical/perLabel").size()).isEqualTo(18);
    assertThat(metrics(folder).at("/constant/clinical/perLabel").has("Pleural effusion")).isTrue();

    CommandRun missing = generate(dir.resolve("no"), "--labeler", dir.resolve("nothing"));
    assertThat(missing.exitCode()).isNotZero();
    assertThat(missing.err()).contains("--labeler needs a folder of a classifier, got");
  }

  @Test
  void noEpochsAreRefusedBeforeAnythingIsRead() {
    CommandRun run = generate(dir.resolve("none"), "--epochs", 0);
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains("--epochs must be > 0, got 0");
  }

  @Test
  void aKeptGeneratorWritesTheSameWithoutTraining() throws IOException {
    Path again = dir.resolve("again");
    CommandRun run =
        generate(again, "--generator", out.resolve("generator"), "--max-length", 40, "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(Files.readString(again.resolve("reports.csv")))
        .isEqualTo(Files.readString(out.resolve("reports.csv")));
    assertThat(metrics(again).get("training").isNull()).isTrue();
    assertThat(new ObjectMapper().readTree(run.out())).isEqualTo(metrics(again));
  }

  @Test
  void samplingIsRepeatable() throws IOException {
    Path one = dir.resolve("one");
    Path two = dir.resolve("two");
    for (Path folder : List.of(one, two)) {
      CommandRun run =
          generate(
              folder,
              "--generator",
              out.resolve("generator"),
              "--decoding",
              "nucleus",
              "--top-p",
              0.8,
              "--max-length",
              10,
              "--seed",
              5);
      assertThat(run.exitCode()).as(run.err()).isZero();
    }
    assertThat(Files.readString(one.resolve("reports.csv")))
        .isEqualTo(Files.readString(two.resolve("reports.csv")));
  }

  @Test
  void withoutTrainRowsItSaysWhatIsMissing() throws IOException {
    List<ManifestRow> test = Manifest.read(manifest).select(Split.TEST).subList(0, 2);
    Path small = dir.resolve("small/manifest.csv");
    Manifest.write(small, test);
    Path nothing = dir.resolve("nothing");
    CommandRun run =
        CommandRun.of("generate", "--checkpoint", model, "--manifest", small, "--out", nothing);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("has no row of the split train to train on; give --generator");
    assertThat(nothing).doesNotExist();
    CommandRun both = generate(nothing, "--train", "--generator", out.resolve("generator"));
    assertThat(both.err()).contains("--train and --generator exclude each other");
  }

  @Test
  void reportsWithoutThePhantomsLabelsHaveNoClinicalScore() throws IOException {
    List<ManifestRow> unlabelled =
        Manifest.read(manifest).select(Split.TEST).subList(0, 2).stream()
            .map(
                r ->
                    new ManifestRow(
                        r.row(),
                        r.volume(),
                        r.report(),
                        r.split(),
                        r.patient(),
                        Map.of(),
                        Optional.empty()))
            .toList();
    Path file = dir.resolve("unlabelled/manifest.csv");
    Manifest.write(file, unlabelled);
    Path folder = dir.resolve("unlabelled/out");
    CommandRun run =
        CommandRun.of(
            "generate",
            "--checkpoint",
            model,
            "--manifest",
            file,
            "--out",
            folder,
            "--generator",
            out.resolve("generator"),
            "--decoding",
            "greedy",
            "--max-length",
            10);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(metrics(folder).at("/generated/clinical").isNull()).isTrue();
    assertThat(metrics(folder).get("constant").isNull()).isTrue();
  }
}
