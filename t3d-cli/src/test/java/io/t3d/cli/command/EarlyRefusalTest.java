package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What can be known wrong at once is told before volumes are read: here none can be, and nothing is
 * said of that.
 */
class EarlyRefusalTest {
  @TempDir static Path dir;
  private static Path model;
  private static Path manifest;
  private static List<ManifestRow> rows;

  @BeforeAll
  static void make() throws IOException {
    rows =
        Manifest.read(PhantomDataset.write(dir.resolve("ct"), 20, 5)).rows().stream()
            .map(row -> row.withSplit(row.row() < 18 ? Split.TRAIN : Split.TEST))
            .toList();
    model = dir.resolve("model");
    new PretrainRun(PretrainConfig.tiny(), rows, model).saveUntrained();
    for (ManifestRow row : rows) {
      Files.writeString(row.volume(), "no volume");
    }
    manifest = manifest("all.csv", ManifestRow::labels);
  }

  private static Path manifest(String name, Function<ManifestRow, Map<String, Boolean>> labels)
      throws IOException {
    return manifest(dir.resolve("ct").resolve(name), labels);
  }

  private static Path manifest(Path file, Function<ManifestRow, Map<String, Boolean>> labels)
      throws IOException {
    List<ManifestRow> changed = new ArrayList<>();
    for (ManifestRow r : rows) {
      changed.add(
          new ManifestRow(
              r.row(),
              r.volume(),
              r.report(),
              r.split(),
              r.patient(),
              labels.apply(r),
              r.mask(),
              r.calibration(),
              r.origin()));
    }
    Manifest.write(file, changed);
    return file;
  }

  private static void refused(String told, Object... words) {
    CommandRun run = CommandRun.of(words);
    assertThat(run.exitCode()).as(Arrays.toString(words)).isNotZero();
    assertThat(run.err()).contains(told).doesNotContain("cannot be used", "gzip", "bug");
  }

  private static void evaluate(String told, Path of, Object... more) {
    List<Object> words =
        new ArrayList<>(List.of("evaluate", "--checkpoint", model, "--manifest", of));
    words.addAll(List.of(more));
    refused(told, words.toArray());
  }

  @Test
  void settingsOfAnEvaluation() {
    evaluate("labelFractions must be > 0, got 0", manifest, "--label-fraction", 0);
    evaluate("The score sum needs at least 2 validation", manifest, "--score", "sum");
    evaluate("choose another --split", manifest, "--split", "train", "--task", "linear-probe");
  }

  @Test
  void labelsOfAnEvaluation() throws IOException {
    Path none = manifest("none.csv", row -> Map.of());
    evaluate("Zero-shot classification needs labels", none, "--task", "zero-shot");
    for (String task : List.of("linear-probe", "fine-tune")) {
      evaluate("needs labels: the manifest has no label:NAME column", none, "--task", task);
    }
    Path folder = Files.createDirectories(dir.resolve("elsewhere"));
    Path elsewhere = manifest(folder.resolve("none.csv"), row -> Map.of()); // no prompts.yaml here
    evaluate(elsewhere + " has no label:NAME column", elsewhere, "--task", "zero-shot");
    Path absent =
        manifest(
            "absent.csv",
            row ->
                row.labels().keySet().stream()
                    .collect(Collectors.toMap(name -> name, name -> row.split() == Split.TRAIN)));
    for (String task : List.of("zero-shot", "linear-probe", "fine-tune")) {
      evaluate("every label has one class only", absent, "--task", task);
    }
  }

  @Test
  void labelsThatPromptsSpellOtherwiseAreTold() throws IOException {
    Path prompts = dir.resolve("case.yaml");
    Files.writeString(
        prompts,
        """
        prompts:
          - {finding: nodule, positive: [Nodule.], negative: [No nodule.]}
          - {finding: Emphysema, positive: [Emphysema.], negative: [No emphysema.]}
        """);
    List<String> labels = new ArrayList<>(rows.get(0).labels().keySet());
    labels.remove("nodule");
    CommandRun run =
        CommandRun.of(
            "evaluate",
            "--checkpoint",
            model,
            "--manifest",
            manifest,
            "--task",
            "zero-shot",
            "--prompts",
            prompts);
    assertThat(labels).contains("emphysema");
    assertThat(run.err())
        .contains("zero-shot leaves out labels without prompts: " + String.join(", ", labels));
  }

  @Test
  void patientsThatAreTrainedOnAndMeasured() throws IOException {
    Path leaking = dir.resolve("ct/leaking.csv");
    List<String> lines = new ArrayList<>(List.of("volume,report,split,patient,label:nodule"));
    for (ManifestRow row : rows) {
      String patient = row.row() == 2 || row.row() == 20 ? "both" : "p" + row.row();
      lines.add(
          String.format(
              "%s,\"%s\",%s,%s,%d",
              row.volume(), row.report(), row.split().text(), patient, row.row() % 2));
    }
    Files.write(leaking, lines);
    String told = "row 2, which is trained on, and in row 20, which is measured";
    evaluate(told, leaking, "--task", "linear-probe");
    evaluate(told, leaking, "--task", "fine-tune");
    Path out = dir.resolve("leaking");
    String split = "the same patient is in rows 2 (train) and 20 (test)";
    refused(split, "generate", "--checkpoint", model, "--manifest", leaking, "--out", out);

    // Without splits all rows would be trained on and all be scored.
    Path unsplit = dir.resolve("ct/unsplit.csv");
    Manifest.write(unsplit, rows.stream().map(row -> row.withSplit(Split.UNASSIGNED)).toList());
    refused(
        "has no row of the split train to train on; give --generator",
        "generate",
        "--checkpoint",
        model,
        "--manifest",
        unsplit,
        "--out",
        out);
    evaluate("has no such row", unsplit, "--task", "linear-probe");
  }

  @Test
  void settingsOfReportGeneration() throws IOException {
    Path empty = Files.createDirectories(dir.resolve("empty"));
    Object[] words = {
      "generate", "--checkpoint", model, "--manifest", manifest, "--out", dir.resolve("generated")
    };
    for (List<Object> wrong :
        List.<List<Object>>of(
            List.of("Beam.width must be > 0", "--beams", 0),
            List.of("max-length", "--max-length", 100_000),
            List.of("opP", "--decoding", "NUCLEUS", "--top-p", 2),
            List.of(empty.toString(), "--labeler", empty))) {
      Object[] all = Arrays.copyOf(words, words.length + wrong.size() - 1);
      System.arraycopy(wrong.toArray(), 1, all, words.length, wrong.size() - 1);
      refused((String) wrong.get(0), all);
    }
  }

  @Test
  void volumesToSegment() {
    refused(
        "no such file or folder: " + dir.resolve("ct/gone.nii.gz"),
        "segment",
        "predict",
        "--segmenter",
        model,
        "--out",
        dir.resolve("masks"),
        "--input",
        rows.get(0).volume(),
        "--input",
        dir.resolve("ct/gone.nii.gz"));
  }

  @Test
  void settingsOfPreTraining() throws IOException {
    Path config = dir.resolve("validated.yaml");
    Files.writeString(
        config,
        "preset: tiny\ntraining: {validation: {everyEpochs: 1}, earlyStopping: {metric: auc}}\n");
    Path out = dir.resolve("run");
    refused(
        "no row is of the split validation",
        "pretrain",
        "--manifest",
        manifest,
        "--config",
        config,
        "--out",
        out);
    List<ManifestRow> split = new ArrayList<>();
    for (ManifestRow row : rows) {
      split.add(row.split() == Split.TEST ? row.withSplit(Split.VALIDATION) : row);
    }
    Path validated = dir.resolve("ct/validated.csv");
    Manifest.write(validated, split);
    refused(
        "training.earlyStopping.metric must be",
        "pretrain",
        "--manifest",
        validated,
        "--config",
        config,
        "--out",
        out);
    Files.writeString(config, "preset: tiny\ndata: {batchSize: 64}\n");
    refused(
        "at least one batch of 64 pairs",
        "pretrain",
        "--manifest",
        manifest,
        "--config",
        config,
        "--out",
        out);
  }
}
