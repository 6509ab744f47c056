package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.config.TextConfig;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.losses.objective.ObjectiveConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of two steps, stopped after the first, goes on with the same data only. */
class ResumeTest {
  /** Stops after each step. */
  private static final TrainingListener ONE_STEP =
      new TrainingListener() {
        @Override
        public boolean wantsToStop() {
          return true;
        }
      };

  private static final TrainingListener NONE = new TrainingListener() {};

  @TempDir Path dir;
  private Path out;
  private List<ManifestRow> rows;
  private PretrainConfig config;

  @BeforeEach
  void stopAfterTheFirstStep() throws IOException {
    out = dir.resolve("out");
    rows = Manifest.read(PhantomDataset.write(dir.resolve("ct"), 4, 5)).rows();
    config = batches(PretrainConfig.tiny().with(1, 3), 2);
    assertThat(run(rows).run(false, ONE_STEP).steps()).isEqualTo(1);
  }

  private static PretrainConfig batches(PretrainConfig c, int size) {
    DataConfig d = c.data();
    return new PretrainConfig(
        c.model(),
        new DataConfig(d.preprocessing(), d.views(), d.reports(), size, 1, 64),
        c.objective(),
        c.training());
  }

  private PretrainRun run(List<ManifestRow> pairs) {
    return new PretrainRun(config, pairs, out);
  }

  private Checkpoint checkpoint() throws IOException {
    return Checkpoint.open(out).orElseThrow();
  }

  private static ManifestRow withReport(ManifestRow row, String report) {
    return new ManifestRow(
        row.row(),
        row.volume(),
        report,
        row.split(),
        row.patient(),
        row.labels(),
        row.mask(),
        row.calibration(),
        row.origin());
  }

  private List<ManifestRow> reversed() {
    List<ManifestRow> other = new ArrayList<>(rows);
    Collections.reverse(other);
    return other;
  }

  @Test
  void theSameDataGoesOnAlsoWhereItWasMovedAsAWhole() throws IOException {
    Files.move(dir.resolve("ct"), dir.resolve("moved"));
    List<ManifestRow> moved = Manifest.read(dir.resolve("moved/manifest.csv")).rows();
    assertThat(run(moved).run(true, NONE).steps()).isEqualTo(2);
    assertThat(checkpoint().provenance().data()).isEqualTo("4 pairs");
  }

  @Test
  void otherDataIsRefusedByTheNameOfWhatChanged() throws IOException {
    assertThatThrownBy(() -> run(reversed()).run(true, NONE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("its data has changed: the volumes or their order. Give the data")
        .hasMessageContaining("--accept-changed-data");
    List<ManifestRow> reworded = new ArrayList<>(rows);
    reworded.set(2, withReport(rows.get(2), "Lungs are clear."));
    assertThatThrownBy(() -> run(reworded).run(true, NONE))
        .hasMessageContaining("its data has changed: the reports. ");
    assertThatThrownBy(() -> run(rows.subList(0, 3)).run(true, NONE))
        .hasMessageContaining("the number of pairs (4, now 3), the volumes or their order. ");
    Files.copy(
        rows.get(1).volume(),
        rows.get(0).volume(),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> run(rows).run(true, NONE))
        .hasMessageContaining("its data has changed: the volumes' files. ");
  }

  @Test
  void anotherPreparationOfVolumesIsRefused() {
    config =
        config.withPreprocessing(
            config.data().preprocessing().withWindow(IntensityWindow.between(-1000, 1000)));
    assertThatThrownBy(() -> run(rows).run(true, NONE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("its data has changed: data.preprocessing.window (");
  }

  @Test
  void acceptedChangesStandInTheProvenanceForGood() throws IOException {
    TrainingSummary done = run(reversed()).run(true, true, NONE);
    assertThat(done.steps()).isEqualTo(2);
    assertThat(checkpoint().provenance().data())
        .isEqualTo("4 pairs; changed on resuming, as accepted: step 1: the volumes or their order");
    assertThatThrownBy(() -> run(rows).run(true, NONE)).isInstanceOf(T3dException.class);
    assertThat(run(reversed()).run(true, NONE).steps()).isEqualTo(2);
    assertThat(DataIdentity.in(checkpoint().folder()).map(DataIdentity::accepted))
        .contains(List.of("step 1: the volumes or their order"));
  }

  @Test
  void theCheckpointsTokenizerStaysThoughReportsAreReworded() throws IOException {
    out = dir.resolve("corpus");
    TextConfig text = config.model().text().bert("A test").withTokenizer("corpus", 300);
    config =
        new PretrainConfig(
            config.model().withText(text), config.data(), config.objective(), config.training());
    assertThat(run(rows).run(false, ONE_STEP).steps()).isEqualTo(1);
    Path vocabulary = checkpoint().folder().resolve("tokenizer.json");
    String before = Files.readString(vocabulary);
    List<ManifestRow> reworded = new ArrayList<>();
    rows.forEach(row -> reworded.add(withReport(row, "Zebra zebra zebra. " + row.report())));
    assertThat(run(reworded).run(true, true, NONE).steps()).isEqualTo(2);
    assertThat(Files.readString(vocabulary)).isEqualTo(before).doesNotContain("zebra");
  }

  @Test
  void anotherObjectiveIsRefusedAlsoWhereOtherDataIsAccepted() {
    config = config.withObjective(ObjectiveConfig.t3d().withLambda(0.1));
    assertThatThrownBy(() -> run(rows).run(true, true, NONE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("its objective was another: objective.lambda (1.0, now 0.1). ");
    config = config.withObjective(ObjectiveConfig.clip());
    assertThatThrownBy(() -> run(rows).run(true, true, NONE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("its objective was another: objective (T3d[");
  }

  @Test
  void anotherNumberOfBatchesCannotBeAccepted() {
    assertThatThrownBy(() -> run(rows.subList(0, 3)).run(true, true, NONE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("the number of pairs (4, now 3)")
        .hasMessageContaining("with another number of batches the schedule would be another one");
  }

  @Test
  void aCheckpointThatDoesNotSayItsDataIsGoneOnFrom() throws IOException {
    Files.delete(checkpoint().folder().resolve(DataIdentity.FILE));
    assertThat(run(reversed()).run(true, NONE).steps()).isEqualTo(2);
    assertThat(DataIdentity.in(checkpoint().folder()).map(DataIdentity::pairs)).contains(4);
  }

  @Test
  void aSecondRunIntoTheSameFolderIsRefusedWhileTheFirstIsAtIt() throws IOException {
    List<Throwable> second = new ArrayList<>();
    TrainingListener intruder =
        new TrainingListener() {
          @Override
          public void onStep(StepRecord step) {
            try {
              run(rows).run(true, NONE);
            } catch (IOException | RuntimeException e) {
              second.add(e);
            }
          }
        };
    assertThat(run(rows).run(true, intruder).steps()).isEqualTo(2);
    assertThat(second)
        .singleElement()
        .asString()
        .contains("is being written by another run of t3d");
    try (TrainedModel opened = TrainedModel.open(out)) {
      assertThat(opened.data()).isEqualTo(config.data());
    }
    assertThat(Optional.of(Files.readAllLines(out.resolve("log.csv")).size())).contains(3);
  }
}
