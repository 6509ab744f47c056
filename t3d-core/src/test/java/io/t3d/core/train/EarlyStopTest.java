package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.validate.BestScore;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.core.train.validate.ValidationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ten steps in two epochs, validated after every second with scores that a test fixes. */
class EarlyStopTest {
  private static final Objective CONTRAST = (output, ids) -> SmallTraining.contrast(output);
  private static final PairSource SOURCE = SmallTraining.source(5, SmallTraining.PAIRS);

  /** Step → loss: the best is that of step 4. */
  private static final Map<Integer, Double> LOSSES =
      Map.of(2, 2.0, 4, 1.0, 6, 3.0, 8, 1.0, 10, 9.0);

  @TempDir Path folder;
  private String scoreName = "loss";
  private int toldOnly; // the step whose validation is the last thing before the run is killed

  private static TrainingConfig stoppingAfter(int patience) {
    return SmallTraining.settings()
        .checkpointEverySteps(TrainingConfig.AT_END_ONLY)
        .validation(new ValidationConfig(2, 1))
        .earlyStopping(new EarlyStopping("loss", patience, 0))
        .build();
  }

  /** Trains until done, until validations are no better, or until it is killed in a step. */
  private TrainingSummary train(TrainingConfig config, String out, int killedIn)
      throws IOException {
    return train(config, out, killedIn, LOSSES);
  }

  /** The same with other scores; a validation of a step that has none fails. */
  private TrainingSummary train(
      TrainingConfig config, String out, int killedIn, Map<Integer, Double> losses)
      throws IOException {
    int[] at = new int[1];
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      return Pretrainer.builder(model, CONTRAST, SOURCE)
          .config(config)
          .out(folder.resolve(out))
          .resume(true)
          .validation(
              0,
              scored -> {
                if (!losses.containsKey(at[0])) {
                  throw new IllegalStateException("no score");
                }
                return Map.of(scoreName, losses.get(at[0]));
              })
          .listener(
              new TrainingListener() {
                @Override
                public void onStart(int stepsDone, int totalSteps) {
                  at[0] = stepsDone;
                }

                @Override
                public void onValidation(Map<String, Double> scores, int stepsDone) {
                  if (stepsDone == toldOnly) {
                    throw new IllegalStateException("told");
                  }
                }

                @Override
                public void onStep(StepRecord step) {
                  at[0] = step.step();
                  if (step.step() == killedIn) {
                    throw new IllegalStateException("killed");
                  }
                }
              })
          .build()
          .run();
    }
  }

  private String validations(String out) throws IOException {
    return Files.readString(folder.resolve(out).resolve("validation.csv"));
  }

  private byte[] weights(Path checkpoint) throws IOException {
    return Files.readAllBytes(checkpoint.resolve("model.safetensors"));
  }

  @Test
  void trainingEndsAfterTwoValidationsThatAreNoBetterAndTheBestIsKept() throws IOException {
    TrainingSummary summary = train(stoppingAfter(2), "a", 100);

    assertThat(summary.steps()).isEqualTo(8);
    assertThat(summary.stopped()).isTrue();
    assertThat(validations("a")).isEqualTo("step,epoch,loss\n2,0,2.0\n4,0,1.0\n6,1,3.0\n8,1,1.0\n");
    Checkpoint last = Checkpoint.open(folder.resolve("a")).orElseThrow();
    assertThat(last.step()).isEqualTo(8);
    assertThat(last.best()).contains(new BestScore("loss", 1, 4, 2));

    TrainingConfig plain = SmallTraining.settings().checkpointEverySteps(2).build();
    assertThatThrownBy(() -> train(plain, "plain", 5)).hasMessage("killed");
    assertThat(weights(Checkpoint.bestFolderOf(folder.resolve("a"))))
        .as("validation changes no weight")
        .isEqualTo(weights(Checkpoint.folderOf(folder.resolve("plain"))));
  }

  @Test
  void aRunThatHasEndedEarlyStaysSoUntilItMayBeMorePatient() throws IOException {
    train(stoppingAfter(2), "a", 100);
    assertThat(train(stoppingAfter(2), "a", 100).steps()).isEqualTo(8);

    TrainingSummary goneOn = train(stoppingAfter(3), "a", 100);
    assertThat(goneOn.steps()).isEqualTo(10);
    train(stoppingAfter(9), "straight", 100);
    assertThat(weights(Checkpoint.folderOf(folder.resolve("a"))))
        .isEqualTo(weights(Checkpoint.folderOf(folder.resolve("straight"))));
    assertThat(validations("a")).isEqualTo(validations("straight"));
  }

  @Test
  void aKilledRunGoesOnAsIfNothingHadHappened() throws IOException {
    assertThatThrownBy(() -> train(stoppingAfter(2), "killed", 7)).hasMessage("killed");
    assertThat(Checkpoint.open(folder.resolve("killed")).orElseThrow().step())
        .as("the best validation has left a checkpoint")
        .isEqualTo(4);
    TrainingSummary summary = train(stoppingAfter(2), "killed", 100);

    train(stoppingAfter(2), "straight", 100);
    assertThat(summary.steps()).isEqualTo(8);
    assertThat(validations("killed")).isEqualTo(validations("straight"));
    Path killed = folder.resolve("killed");
    Path straight = folder.resolve("straight");
    assertThat(weights(Checkpoint.folderOf(killed)))
        .isEqualTo(weights(Checkpoint.folderOf(straight)));
    assertThat(weights(Checkpoint.bestFolderOf(killed)))
        .isEqualTo(weights(Checkpoint.bestFolderOf(straight)));
    assertThat(Checkpoint.open(killed).orElseThrow().best())
        .isEqualTo(Checkpoint.open(straight).orElseThrow().best());
  }

  private BestScore bestOf(String out) throws IOException {
    return Checkpoint.open(folder.resolve(out)).orElseThrow().best().orElseThrow();
  }

  private static TrainingConfig by(String metric, TrainingConfig config) {
    return config.toBuilder().earlyStopping(new EarlyStopping(metric, 9, 0)).build();
  }

  @Test
  void theBestStaysThroughAResumeThatDoesNotLookForIt() throws IOException {
    TrainingConfig every = stoppingAfter(9).toBuilder().checkpointEverySteps(6).build();
    assertThatThrownBy(() -> train(every, "a", 5)).hasMessage("killed");
    byte[] best = weights(Checkpoint.bestFolderOf(folder.resolve("a")));
    TrainingConfig unwatched = SmallTraining.settings().checkpointEverySteps(6).build();
    assertThatThrownBy(() -> train(unwatched, "a", 7, Map.of(5, 7.0))).hasMessage("killed");
    assertThat(bestOf("a")).isEqualTo(new BestScore("loss", 1, 4, 0));

    train(every, "a", 100);
    assertThat(bestOf("a")).isEqualTo(new BestScore("loss", 1, 4, 2));
    assertThat(weights(Checkpoint.bestFolderOf(folder.resolve("a")))).isEqualTo(best);
  }

  @Test
  void theBestByOneMetricStaysUntilAnotherHasItsOwn() throws IOException {
    TrainingConfig every = stoppingAfter(9).toBuilder().checkpointEverySteps(5).build();
    assertThatThrownBy(() -> train(every, "a", 7)).hasMessage("killed");
    assertThat(Checkpoint.open(folder.resolve("a")).orElseThrow().step()).isEqualTo(5);
    byte[] best = weights(Checkpoint.bestFolderOf(folder.resolve("a")));
    Map<Integer, Double> none = Map.of(6, Double.NaN, 8, Double.NaN, 10, Double.NaN);
    scoreName = "r5";
    train(by("r5", every), "a", 100, none);
    assertThat(bestOf("a")).as("no score by r5").isEqualTo(new BestScore("loss", 1, 4, 0));
    assertThat(weights(Checkpoint.bestFolderOf(folder.resolve("a")))).isEqualTo(best);
  }

  @Test
  void anotherMetricIsWarnedOf() {
    TrainerState state =
        TrainerState.start(SmallTraining.resnet(0), stoppingAfter(2), 5)
            .withBest(Optional.of(new BestScore("loss", 0.25, 4, 1)));
    assertThat(state.forgottenBy(by("r5", stoppingAfter(2))))
        .hasValueSatisfying(
            warning ->
                assertThat(warning)
                    .contains("loss 0.25 at step 4", "training.earlyStopping.metric is r5 now")
                    .contains("checkpoints/best"));
    assertThat(state.forgottenBy(stoppingAfter(3))).isEmpty();
    assertThat(state.forgottenBy(SmallTraining.settings().build())).isEmpty();
  }

  @Test
  void aMetricThatTheValidationDoesNotHaveIsNamed() {
    TrainingConfig config =
        stoppingAfter(2).toBuilder().earlyStopping(new EarlyStopping("r5", 2, 0)).build();
    assertThatThrownBy(() -> train(config, "a", 100))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(
            "training.earlyStopping.metric must be one of the validation's scores [loss], got 'r5'");
  }

  /** Step → loss at the ends of the two epochs. */
  private static final Map<Integer, Double> AT_ENDS = Map.of(5, 1.0, 10, 2.0);

  private static TrainingConfig atEnds() {
    return SmallTraining.settings()
        .checkpointEverySteps(0)
        .keepEveryEpochs(1)
        .validation(ValidationConfig.defaults())
        .earlyStopping(new EarlyStopping("loss", 1, 0))
        .build();
  }

  @Test
  void aValidationThatFailsLosesNoStepAndIsMadeOnResume() throws IOException {
    assertThatThrownBy(() -> train(atEnds(), "failed", 100, Map.of())).hasMessage("no score");
    Checkpoint left = Checkpoint.open(folder.resolve("failed")).orElseThrow();
    assertThat(left.step()).isEqualTo(5);
    assertThat(left.best()).isEmpty();
    assertThat(validations("failed")).isEmpty();
    train(atEnds(), "failed", 100, AT_ENDS);

    train(atEnds(), "straight", 100, AT_ENDS);
    assertSame("failed", "straight");
    assertThat(validations("failed")).isEqualTo("step,epoch,loss\n5,0,1.0\n10,1,2.0\n");
    assertThat(bestOf("failed")).isEqualTo(new BestScore("loss", 1, 5, 1));
  }

  @Test
  void aRunThatIsKilledBetweenAValidationAndItsCheckpointTellsItOnce() throws IOException {
    toldOnly = 5;
    assertThatThrownBy(() -> train(atEnds(), "killed", 100, AT_ENDS)).hasMessage("told");
    assertThat(validations("killed")).isEqualTo("step,epoch,loss\n5,0,1.0\n");
    toldOnly = 10;
    assertThatThrownBy(() -> train(atEnds(), "killed", 100, AT_ENDS)).hasMessage("told");
    toldOnly = 0;
    TrainingSummary summary = train(atEnds(), "killed", 100, AT_ENDS);
    assertThat(summary.stopped()).as("by the last validation").isTrue();

    train(atEnds(), "straight", 100, AT_ENDS);
    assertSame("killed", "straight");
    assertThat(validations("killed")).isEqualTo(validations("straight"));
  }

  @Test
  void aResumeWithoutValidationMakesNoneUp() throws IOException {
    assertThatThrownBy(() -> train(atEnds(), "a", 100, Map.of())).hasMessage("no score");
    TrainingConfig never =
        SmallTraining.settings().checkpointEverySteps(0).keepEveryEpochs(1).build();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      Pretrainer.builder(model, CONTRAST, SOURCE)
          .config(never)
          .out(folder.resolve("a"))
          .resume(true)
          .build()
          .run();
    }
    train(atEnds(), "straight", 100, AT_ENDS);
    assertThat(weights(Checkpoint.folderOf(folder.resolve("a"))))
        .isEqualTo(weights(Checkpoint.folderOf(folder.resolve("straight"))));
    assertThat(Checkpoint.open(folder.resolve("a")).orElseThrow().best()).isEmpty();
  }

  /** Weights, those of the best and of the kept epochs, and where all stand. */
  private void assertSame(String one, String other) throws IOException {
    for (String kept :
        List.of(
            "checkpoint", "checkpoints/best", "checkpoints/epoch-0001", "checkpoints/epoch-0002")) {
      Path a = folder.resolve(one).resolve(kept);
      Path b = folder.resolve(other).resolve(kept);
      assertThat(weights(a)).as(kept).isEqualTo(weights(b));
      assertThat(a.resolve("trainer.json"))
          .as(kept)
          .hasSameTextualContentAs(b.resolve("trainer.json"));
    }
  }

  @Test
  void settingsThatAskForAValidationNeedOne() throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Pretrainer.Builder builder =
          Pretrainer.builder(model, CONTRAST, SOURCE).config(stoppingAfter(2)).out(folder);
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("TrainingConfig.validation says when to validate, but not how");
    }
  }

  @Test
  void aNewRunIsRefusedWhereTheBestOfAnotherLies() throws IOException {
    train(stoppingAfter(2), "a", 100);
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Pretrainer fresh =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(SmallTraining.settings().build())
              .out(folder.resolve("a"))
              .build();
      assertThatThrownBy(fresh::run)
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("without kept checkpoints")
          .hasMessageContaining("best");
    }
  }
}
