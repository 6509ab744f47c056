package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.core.train.validate.ValidationConfig;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.view.ViewConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of two steps on two batches of phantoms, scored on others after each. */
class ValidationTest {
  @TempDir Path dir;
  private List<ManifestRow> train;
  private List<ManifestRow> others;
  private final List<Map<String, Double>> scores = new ArrayList<>();

  private final TrainingListener noted =
      new TrainingListener() {
        @Override
        public void onValidation(Map<String, Double> found, int stepsDone) {
          scores.add(found);
        }
      };

  @BeforeEach
  void makePairs() throws IOException {
    List<ManifestRow> rows = Manifest.read(PhantomDataset.write(dir.resolve("ct"), 9, 5)).rows();
    train = rows.subList(0, 4);
    others = rows.subList(4, 9);
  }

  private static PretrainConfig config(TrainingConfig.Builder training, ObjectiveConfig objective) {
    PretrainConfig tiny = PretrainConfig.tiny();
    DataConfig d = tiny.data();
    return new PretrainConfig(
        tiny.model(),
        new DataConfig(d.preprocessing(), d.views(), d.reports(), 2, 1, 64),
        objective,
        training.build());
  }

  private static TrainingConfig.Builder validated() {
    return TrainingConfig.builder().epochs(1).validation(new ValidationConfig(1, 1));
  }

  private byte[] weights(String out) throws IOException {
    Path folder = Checkpoint.folderOf(dir.resolve(out));
    return Files.readAllBytes(folder.resolve("model.safetensors"));
  }

  @Test
  void theObjectiveAndRecallAreScoredOnOtherPairsAndTrainingIsTheSame() throws IOException {
    PretrainConfig config = config(validated(), ObjectiveConfig.t3d());
    new PretrainRun(config, train, dir.resolve("a")).withValidation(others).run(false, noted);

    assertThat(scores).hasSize(2);
    assertThat(scores.get(0).keySet())
        .contains("loss", "loss.global", "loss.tma", "imageToTextR5", "textToImageR5", "r5");
    assertThat(scores.get(0).get("r5")).as("four pairs fill batches").isEqualTo(1.0);
    assertThat(scores.get(0).get("loss")).isPositive().isNotEqualTo(scores.get(1).get("loss"));
    List<String> csv = Files.readAllLines(dir.resolve("a/validation.csv"));
    assertThat(csv).hasSize(3);
    assertThat(csv.get(0)).startsWith("step,epoch,loss,loss.");
    assertThat(csv.get(2)).startsWith("2,0," + scores.get(1).get("loss") + ",");

    new PretrainRun(
            config(TrainingConfig.builder().epochs(1), ObjectiveConfig.t3d()),
            train,
            dir.resolve("plain"))
        .run(false, noted);
    assertThat(weights("a")).isEqualTo(weights("plain"));
    assertThat(dir.resolve("plain/validation.csv")).doesNotExist();

    List<Map<String, Double>> first = List.copyOf(scores);
    scores.clear();
    new PretrainRun(config, train, dir.resolve("again")).withValidation(others).run(false, noted);
    assertThat(scores).isEqualTo(first);
  }

  @Test
  void anObjectiveThatMasksViewsIsScoredByItsLossAlone() throws IOException {
    PretrainConfig config = config(validated(), ObjectiveConfig.masked());
    new PretrainRun(config, train, dir.resolve("a")).withValidation(others).run(false, noted);
    assertThat(scores).hasSize(2);
    assertThat(scores.get(0)).containsKey("loss").doesNotContainKey("r5");
  }

  @Test
  void aSettingWithoutPairsAndAnUnknownMetricAreRefusedBeforeTraining() {
    PretrainConfig config = config(validated(), ObjectiveConfig.t3d());
    assertThatThrownBy(() -> new PretrainRun(config, train, dir.resolve("a")).run(false, noted))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("no row is of the split validation");
    PretrainConfig other =
        config(validated().earlyStopping(new EarlyStopping("auroc", 2, 0)), ObjectiveConfig.t3d());
    PretrainRun run = new PretrainRun(other, train, dir.resolve("a")).withValidation(others);
    assertThatThrownBy(() -> run.run(false, noted))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(
            "earlyStopping.metric must be loss, loss.PART or one of [imageToTextR5");
  }

  private void assertRefused(ObjectiveConfig objective, String metric, String... told) {
    List<Integer> steps = new ArrayList<>();
    TrainingListener counted =
        new TrainingListener() {
          @Override
          public void onStep(StepRecord step) {
            steps.add(step.step());
          }
        };
    PretrainConfig config =
        config(validated().earlyStopping(new EarlyStopping(metric, 2, 0)), objective);
    PretrainRun run = new PretrainRun(config, train, dir.resolve("a")).withValidation(others);
    assertThatThrownBy(() -> run.run(false, counted))
        .isInstanceOf(T3dException.class)
        .hasMessageContainingAll(told);
    assertThat(steps).as("steps before the refusal").isEmpty();
  }

  @Test
  void aMetricThatNoValidationWillHaveIsRefusedBeforeTraining() {
    assertRefused(ObjectiveConfig.t3d(), "losss", "earlyStopping.metric", "got 'losss'");
    assertRefused(ObjectiveConfig.t3d(), "loss.", "earlyStopping.metric", "got 'loss.'");
    assertRefused(
        ObjectiveConfig.t3d(), "loss.gobal", "earlyStopping.metric", "did you mean 'loss.global'?");
    assertRefused(ObjectiveConfig.masked(), "r5", "objective that masks views", "got 'r5'");
    assertRefused(ObjectiveConfig.masked(), "loss.tma", "loss.reconstruction", "got 'loss.tma'");
  }

  @Test
  void aPartOfTheLossAsMetricLeavesTrainingAsItIs() throws IOException {
    PretrainConfig parts =
        config(
            validated().earlyStopping(new EarlyStopping("loss.tma", 2, 0)), ObjectiveConfig.t3d());
    new PretrainRun(parts, train, dir.resolve("a")).withValidation(others).run(false, noted);
    assertThat(scores).hasSize(2);
    new PretrainRun(
            config(TrainingConfig.builder().epochs(1), ObjectiveConfig.t3d()),
            train,
            dir.resolve("plain"))
        .run(false, noted);
    assertThat(weights("a")).isEqualTo(weights("plain"));
  }

  /** The front door's words about data whose volumes cannot be read. */
  private void assertRefusedUnread(PretrainConfig config, boolean resume, String... told)
      throws IOException {
    Path manifest = split();
    for (ManifestRow row : Manifest.read(manifest).rows()) {
      Files.writeString(row.volume(), "no volume");
    }
    assertThatThrownBy(() -> T3D.pretrain(config, manifest, dir.resolve("a"), resume, noted))
        .isInstanceOf(T3dException.class)
        .hasMessageContainingAll(told)
        .hasMessageNotContaining("volumes cannot be used");
  }

  @Test
  void theFrontDoorRefusesWhatNoRunCanDoBeforeItReadsAnyVolume() throws IOException {
    for (String metric : List.of("auroc", "loss.gobal")) {
      TrainingConfig.Builder training = validated().earlyStopping(new EarlyStopping(metric, 2, 0));
      assertRefusedUnread(
          config(training, ObjectiveConfig.t3d()), false, "earlyStopping.metric", metric);
    }
    PretrainConfig plain = config(TrainingConfig.builder().epochs(1), ObjectiveConfig.simclr());
    DataConfig d = plain.data();
    ViewConfig one = d.views().toBuilder().globalViews(1).build();
    PretrainConfig oneView =
        new PretrainConfig(
            plain.model(),
            new DataConfig(d.preprocessing(), one, d.reports(), 2, 1, 64),
            plain.objective(),
            plain.training());
    assertRefusedUnread(oneView, false, "needs at least 2 global view(s)");
    Files.writeString(dir.resolve("ct/prompts.yaml"), "prompts: 1");
    Path manifest = split();
    assertThatThrownBy(() -> T3D.pretrain(plain, manifest, dir.resolve("a")))
        .hasMessageContaining("prompts.yaml");
  }

  @Test
  void aSplitWithoutRowsIsRefusedBeforeAnyVolumeIsRead() throws IOException {
    Path manifest = dir.resolve("ct/none.csv");
    Manifest.write(manifest, train.stream().map(row -> row.withSplit(Split.TRAIN)).toList());
    for (ManifestRow row : train) {
      Files.writeString(row.volume(), "no volume");
    }
    PretrainConfig config = config(validated(), ObjectiveConfig.t3d());
    assertThatThrownBy(() -> T3D.pretrain(config, manifest, dir.resolve("a")))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("no row is of the split validation");
  }

  @Test
  void aCheckpointOfOtherSettingsOrDataIsRefusedBeforeAnyVolumeIsRead() throws IOException {
    PretrainConfig plain = config(TrainingConfig.builder().epochs(1), ObjectiveConfig.t3d());
    T3D.pretrain(plain, split(), dir.resolve("a"));
    PretrainConfig faster =
        config(TrainingConfig.builder().epochs(1).learningRate(0.5), ObjectiveConfig.t3d());
    assertRefusedUnread(faster, true, "its settings differ", "learningRate");
    assertRefusedUnread(plain, true, "its data has changed", "the volumes' files");
  }

  @Test
  void anyObjectiveAndViewsThatCanBeTrainedHaveScores() {
    for (ObjectiveConfig objective :
        List.of(
            ObjectiveConfig.t3d(),
            ObjectiveConfig.clip(),
            ObjectiveConfig.withoutText(),
            ObjectiveConfig.withoutViews(),
            ObjectiveConfig.sentenceClip(),
            ObjectiveConfig.wholeReport(),
            ObjectiveConfig.swavTma(),
            ObjectiveConfig.siglip(),
            ObjectiveConfig.simclr(),
            ObjectiveConfig.vicreg(),
            ObjectiveConfig.swav(),
            new ObjectiveConfig.Masked(0.6, Optional.of(Size3.cube(20))))) {
      PretrainConfig config = config(validated(), objective);
      assertThat(PairValidation.names(config)).as(objective.toString()).contains("loss");
    }
  }

  @Test
  void theFrontDoorTakesTheManifestsValidationSplit() throws IOException {
    Path manifest = split();
    PretrainConfig config = config(validated(), ObjectiveConfig.t3d());
    T3D.pretrain(config, manifest, dir.resolve("a"), false, noted);
    assertThat(scores).hasSize(2);
    PretrainConfig plain = config(TrainingConfig.builder().epochs(1), ObjectiveConfig.t3d());
    assertThat(T3D.rowsToValidateOn(plain, Manifest.read(manifest))).isEmpty();
  }

  /** Four rows to train on, five to validate on. */
  private Path split() throws IOException {
    List<ManifestRow> rows = new ArrayList<>();
    for (ManifestRow row : Manifest.read(dir.resolve("ct/manifest.csv")).rows()) {
      Split split = rows.size() < 4 ? Split.TRAIN : Split.VALIDATION;
      rows.add(row.withSplit(split));
    }
    Path manifest = dir.resolve("ct/split.csv");
    Manifest.write(manifest, rows);
    return manifest;
  }
}
