package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.eval.Interval;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.view.ScaleRange;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.Evaluation.Estimate;
import io.t3d.pipeline.evaluate.Evaluation.Findings;
import io.t3d.pipeline.evaluate.Evaluation.LabelScores;
import io.t3d.pipeline.evaluate.Evaluation.R5;
import io.t3d.pipeline.evaluate.Evaluation.Recall;
import io.t3d.pipeline.evaluate.Evaluation.Supervised;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The files that runs leave behind are opened by later versions and read by other programs. The
 * golden ones were written when these records still held null for what is absent, by {@code
 * Configs.toJson} and {@code toYaml} of commit 4f01176; since then the objective names its method.
 * {@code tiny-one-objective.yaml.json} is of the time before that.
 */
class WrittenFilesTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/written");

  private static String golden(String name) throws IOException {
    return Files.readString(GOLDEN.resolve(name));
  }

  static Stream<Path> configs() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("../examples/configs"))) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void theSettingsOfAnExampleAreWrittenAsBeforeAndOpenAgain(Path file) throws IOException {
    PretrainConfig config = Configs.load(file, PretrainConfig.class);
    String before = golden(file.getFileName() + ".json");

    assertThat(Configs.toJson(config)).isEqualTo(before);
    assertThat(Configs.fromJson(before, PretrainConfig.class)).isEqualTo(config);
    String older = before.replaceAll(",\\s+\"keepEveryEpochs\" : 0", "");
    older = older.replaceAll(",\\s+\"tf32\" : true,\\s+\"deterministic\" : false", "");
    assertThat(older).isNotEqualTo(before).doesNotContain("tf32");
    assertThat(Configs.fromJson(older, PretrainConfig.class)).isEqualTo(config);
  }

  @Test
  void theSettingsOfTheQuickstartAreWrittenAsBeforeAndOpenAgain() throws IOException {
    PretrainConfig tiny = PretrainConfig.tiny();

    assertThat(Configs.toYaml(tiny)).isEqualTo(golden("tiny.yaml"));
    assertThat(Configs.toJson(tiny)).isEqualTo(golden("tiny.yaml.json"));
    assertThat(Configs.fromYaml(golden("tiny.yaml"), PretrainConfig.class)).isEqualTo(tiny);
    String older = golden("tiny-one-objective.yaml.json");
    assertThat(Configs.fromJson(older, PretrainConfig.class)).isEqualTo(tiny);
  }

  @Test
  void theDataSettingsOfACheckpointAreWrittenAsBeforeAndOpenAgain() throws IOException {
    DataConfig data = PretrainConfig.tiny().data();

    assertThat(Configs.toJson(data)).isEqualTo(golden("data.json"));
    assertThat(Configs.fromJson(golden("data.json"), DataConfig.class)).isEqualTo(data);
  }

  @Test
  void aStepOfPreprocessingMayBeNull() {
    Preprocessing resized =
        Configs.fromYaml(
            "preset: chestCt\nspacing: null\nwindow: {level: 50}\n", Preprocessing.class);
    assertThat(resized.spacing()).isEmpty();
    assertThat(resized.window()).as("width of the preset").contains(new IntensityWindow(50, 2000));

    String only = "orientation: lps\nspacing: null\nwindow: null\nsize: null\nnonFinite: FAIL\n";
    assertThat(Configs.fromYaml(only, Preprocessing.class))
        .isEqualTo(Preprocessing.none().withOrientation("LPS"));
  }

  @Test
  void localViewsAreReadWithTheirSizeAndScale() throws IOException {
    String with =
        golden("data.json")
            .replace("\"localViews\" : 0", "\"localViews\" : 2")
            .replace(
                "\"localSize\" : null", "\"localSize\": {\"depth\":8, \"height\":8, \"width\":8}")
            .replace("\"localScale\" : null", "\"localScale\": {\"min\": 0.25, \"max\": 0.5}");
    assertThat(Configs.fromJson(with, DataConfig.class).views())
        .isEqualTo(
            PretrainConfig.tiny()
                .data()
                .views()
                .withLocalViews(2, Size3.cube(8), new ScaleRange(0.25, 0.5)));
  }

  private static Evaluation.Classified classified(Map<String, Estimate> metrics, boolean zeroShot) {
    Map<String, LabelScores> labels = new LinkedHashMap<>();
    labels.put("nodule", new LabelScores(3, 4, 0.5, metrics));
    labels.put("effusion", new LabelScores(0, 7, 0.5, Map.of()));
    Map<String, Double> aurocs = Map.of("nodule", 0.75);
    if (!zeroShot) {
      return new Evaluation.Classified(
          0.75, aurocs, 7, "0.5, there is no validation split", Map.of(), labels);
    }
    Map<String, Double> scores = new LinkedHashMap<>();
    scores.put("global", 0.75);
    scores.put("sum", 0.8);
    return new Evaluation.Classified(
        0.75,
        aurocs,
        7,
        "youden on 5 validation volumes",
        metrics,
        labels,
        Optional.of("global"),
        Optional.of("as asked"),
        scores);
  }

  private static Recall recall(Map<String, Interval> intervals, Optional<Findings> findings) {
    return new Recall(0.3, 0.5, 0.7, 1, 4.5, intervals, findings);
  }

  @Test
  void metricsAreWrittenAsBefore() throws IOException {
    Map<String, Estimate> metrics = new LinkedHashMap<>();
    metrics.put("auroc", new Estimate(0.75, Optional.of(0.5), Optional.of(1.0)));
    metrics.put("f1", new Estimate(0.5, Optional.empty(), Optional.empty()));
    Map<Integer, Double> overlap = new LinkedHashMap<>();
    overlap.put(1, 0.5);
    overlap.put(5, 0.4);
    Map<String, R5> scores = Map.of("sum", new R5(0.5, 0.25));
    Evaluation.Classified plain = classified(metrics, false);
    Evaluation all =
        new Evaluation(
            Optional.of(new Evaluation.Train(2.5, 1.25, 30, 12, 100, 60)),
            Optional.of(classified(metrics, true)),
            Optional.of(
                new Evaluation.Retrieved(
                    recall(
                        Map.of("r1", new Interval(0.25, 0.5)),
                        Optional.of(new Findings(Optional.of(0.625), overlap))),
                    recall(Map.of(), Optional.of(new Findings(Optional.empty(), overlap))),
                    7,
                    1,
                    "sum",
                    "as asked",
                    Optional.of(0.5),
                    scores)),
            List.of(new Supervised(0.1, 3, plain)),
            List.of(new Supervised(1, 30, plain)));
    assertThat(Configs.toJson(all)).isEqualTo(golden("metrics.json"));

    Recall bare = recall(Map.of(), Optional.empty());
    Evaluation retrieval =
        new Evaluation(
            Optional.empty(),
            Optional.empty(),
            Optional.of(
                new Evaluation.Retrieved(
                    bare, bare, 7, 1, "global", "as asked", Optional.empty(), scores)),
            List.of(),
            List.of());
    assertThat(Configs.toJson(retrieval)).isEqualTo(golden("metrics-retrieval.json"));
  }
}
