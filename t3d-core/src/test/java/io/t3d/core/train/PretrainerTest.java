package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.model.T3DModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PretrainerTest {
  private static final Objective CONTRAST = (output, ids) -> SmallTraining.contrast(output);
  private static final PairSource SOURCE = SmallTraining.source(5, SmallTraining.PAIRS);

  @TempDir Path folder;

  static Stream<TrainingConfig> resumable() {
    return Stream.of(SmallTraining.settings().build(), SmallTraining.averaged().build());
  }

  @ParameterizedTest
  @MethodSource("resumable")
  void aStoppedAndResumedRunEqualsAnUninterruptedOne(TrainingConfig config) throws IOException {
    List<StepRecord> straight = new ArrayList<>();
    Map<String, float[]> weights = train(config, "straight", 100, straight);

    List<StepRecord> parts = new ArrayList<>();
    assertThatThrownBy(() -> train(config, "parts", 3, parts)).hasMessage("stop");
    Map<String, float[]> resumed = train(config, "parts", 100, parts);

    assertThat(straight).hasSize(10);
    // The third step's listener stopped the run before its checkpoint: it is done again.
    assertThat(parts.remove(3).loss()).isEqualTo(parts.get(2).loss());
    assertThat(parts.stream().map(StepRecord::loss))
        .containsExactlyElementsOf(straight.stream().map(StepRecord::loss).toList());
    assertThat(resumed.keySet()).isEqualTo(weights.keySet());
    weights.forEach((name, w) -> assertThat(resumed.get(name)).as(name).isEqualTo(w));
    assertThat(losses("parts")).isEqualTo(losses("straight"));
    assertSameCheckpoints("parts", "straight");
    assertThat(Files.readAllLines(folder.resolve("parts/log.csv"))).hasSize(11);
  }

  @Test
  void aCheckpointOpensWithTheAverageAndKeepsTheWeightsToGoOnWith() throws IOException {
    TrainingConfig config = SmallTraining.settings().emaDecay(0.9).build();
    Map<String, double[]> expected = new LinkedHashMap<>();
    Map<String, float[]> last;
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      weights(model).forEach((name, w) -> expected.put(name, doubles(w)));
      Pretrainer.builder(model, CONTRAST, SOURCE)
          .config(config)
          .out(folder)
          .listener(
              new TrainingListener() {
                @Override
                public void onStep(StepRecord step) {
                  int n = step.step() - 1;
                  double d = Math.min(0.9, (1.0 + n) / (10.0 + n));
                  weights(model).forEach((name, w) -> average(expected.get(name), d, w));
                }
              })
          .build()
          .run();
      last = weights(model);
    }
    try (T3DModel loaded = T3DModel.load(Checkpoint.folderOf(folder), TestDevice.get())) {
      weights(loaded)
          .forEach(
              (name, w) ->
                  assertThat(doubles(w))
                      .as(name)
                      .containsExactly(expected.get(name), within(1e-5)));
      assertThat(weights(loaded).get("vision.bn1.running_mean"))
          .isNotEqualTo(last.get("vision.bn1.running_mean"));
    }
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> raw =
          Safetensors.read(scope, folder.resolve("checkpoint/raw.safetensors")).tensors();
      last.forEach((name, w) -> assertThat(raw.get(name).toFloatArray()).as(name).isEqualTo(w));
    }
  }

  private static void average(double[] average, double decay, float[] weight) {
    for (int i = 0; i < average.length; i++) {
      average[i] = decay * average[i] + (1 - decay) * weight[i];
    }
  }

  private static double[] doubles(float[] values) {
    double[] out = new double[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = values[i];
    }
    return out;
  }

  @Test
  void aListenerEndsARunAtAStepAndItGoesOnAsIfNothingHadHappened() throws IOException {
    TrainingConfig config = SmallTraining.averaged().checkpointEverySteps(0).build();
    List<Integer> epochs = new ArrayList<>();
    TrainingSummary summary;
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      AtomicInteger steps = new AtomicInteger();
      summary =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(config)
              .out(folder.resolve("stopped"))
              .listener(
                  new TrainingListener() {
                    @Override
                    public boolean wantsToStop() {
                      return steps.incrementAndGet() == 7;
                    }

                    @Override
                    public void onEpoch(int epoch, int stepsDone) {
                      epochs.add(stepsDone);
                    }
                  })
              .build()
              .run();
    }
    assertThat(summary.stopped()).isTrue();
    assertThat(summary.steps()).isEqualTo(7);
    assertThat(epochs).as("the second epoch did not end").containsExactly(5);
    assertThat(Checkpoint.open(folder.resolve("stopped")).orElseThrow().step()).isEqualTo(7);
    List<StepRecord> rest = new ArrayList<>();
    train(config, "stopped", 100, rest);
    assertThat(rest).extracting(StepRecord::step).containsExactly(8, 9, 10);
    train(config, "straight", 100, new ArrayList<>());
    assertSameCheckpoints("stopped", "straight");
  }

  @Test
  void validationSeesTheAveragesAndChangesNothing() throws IOException {
    TrainingConfig config = SmallTraining.averaged().build();
    Map<Integer, Double> seen = new LinkedHashMap<>();
    Map<String, float[]> last = new LinkedHashMap<>();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      TrainingSummary summary =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(config)
              .out(folder.resolve("validated"))
              .validation(
                  4,
                  scored -> {
                    last.putAll(weights(scored));
                    try (NDManager scope = scored.manager().newSubManager()) {
                      NDArray noise = scope.randomNormal(new Shape(2, 1, 16, 16, 16));
                      return Map.of("score", (double) scored.encodeVolumes(noise).getFloat(0, 0));
                    }
                  })
              .listener(
                  new TrainingListener() {
                    @Override
                    public void onValidation(Map<String, Double> scores, int stepsDone) {
                      seen.put(stepsDone, scores.get("score"));
                    }

                    @Override
                    public boolean wantsToStop() {
                      return seen.containsKey(8);
                    }
                  })
              .build()
              .run();
      assertThat(summary.stopped()).isTrue();
    }
    assertThat(seen).containsOnlyKeys(4, 8).doesNotContainValue(Double.NaN);
    try (T3DModel checkpoint =
        T3DModel.load(Checkpoint.folderOf(folder.resolve("validated")), TestDevice.get())) {
      weights(checkpoint).forEach((name, w) -> assertThat(last.get(name)).as(name).isEqualTo(w));
    }
    train(config, "validated", 100, new ArrayList<>());
    train(config, "straight", 100, new ArrayList<>());
    assertSameCheckpoints("validated", "straight");
  }

  @Test
  void validationWithoutStepsIsAtTheEndOfEachEpoch() throws IOException {
    List<Integer> seen = new ArrayList<>();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      TrainingSummary summary =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(SmallTraining.settings().build())
              .out(folder)
              .validation(0, scored -> Map.of("one", 1.0))
              .listener(
                  new TrainingListener() {
                    @Override
                    public void onValidation(Map<String, Double> scores, int stepsDone) {
                      assertThat(scores).containsExactly(Map.entry("one", 1.0));
                      seen.add(stepsDone);
                    }
                  })
              .build()
              .run();
      assertThat(summary.stopped()).isFalse();
    }
    assertThat(seen).containsExactly(5, 10);
  }

  @Test
  void aSkippedStepDoesNotMoveTheAverage() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    Objective thirdIsBad =
        (output, ids) -> {
          LossTerms terms = SmallTraining.contrast(output);
          boolean bad = calls.incrementAndGet() == 3;
          return bad ? new LossTerms(terms.total().mul(Float.NaN), terms.parts()) : terms;
        };
    List<byte[]> averages = new ArrayList<>();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      Pretrainer.builder(model, thirdIsBad, SOURCE)
          .config(SmallTraining.averaged().epochs(1).build())
          .out(folder)
          .listener(
              new TrainingListener() {
                @Override
                public void onCheckpoint(Path checkpoint, int stepsDone) {
                  averages.add(bytes(checkpoint.resolve("model.safetensors")));
                }
              })
          .build()
          .run();
    }
    assertThat(averages).hasSize(5);
    assertThat(averages.get(2)).isEqualTo(averages.get(1));
    assertThat(averages.get(3)).isNotEqualTo(averages.get(2));
  }

  @Test
  void aCheckpointFromBeforeTheseSettingsIsGoneOnWith() throws IOException {
    TrainingConfig config = SmallTraining.settings().build();
    Map<String, float[]> weights = train(config, "straight", 100, new ArrayList<>());
    assertThatThrownBy(() -> train(config, "old", 4, new ArrayList<>())).hasMessage("stop");
    for (String file : List.of("trainer.json", "provenance.json")) {
      Path path = folder.resolve("old/checkpoint").resolve(file);
      String old = Files.readString(path);
      String without =
          old.replaceAll(
              ",\\s*\"(emaDecay|textLayerDecay|visionLayerDecay|keepEveryEpochs)\" *: *[0-9.]+",
              "");
      assertThat(old).contains("keepEveryEpochs");
      assertThat(without).doesNotContain("Decay\" : 1.0").doesNotContain("keepEveryEpochs");
      Files.writeString(path, without);
    }
    assertThat(folder.resolve("old/checkpoint/raw.safetensors")).doesNotExist();
    Map<String, float[]> resumed = train(config, "old", 100, new ArrayList<>());
    weights.forEach((name, w) -> assertThat(resumed.get(name)).as(name).isEqualTo(w));
  }

  @Test
  void checkpointsOfEveryNthEpochStayAndAreWhole() throws IOException {
    TrainingConfig config = SmallTraining.averaged().epochs(5).keepEveryEpochs(2).build();
    train(config, "kept", 100, new ArrayList<>());

    Path out = folder.resolve("kept");
    assertThat(Checkpoint.kept(out))
        .containsExactly(
            Map.entry(2, Checkpoint.keptFolderOf(out, 2)),
            Map.entry(4, out.resolve("checkpoints/epoch-0004")));
    // The run that is stopped there leaves the same files as its newest checkpoint.
    assertThatThrownBy(() -> train(config, "stopped", 11, new ArrayList<>())).hasMessage("stop");
    for (String file : files(folder.resolve("stopped/checkpoint"))) {
      if (!file.equals("provenance.json")) { // has the time of the run
        assertThat(out.resolve("checkpoints/epoch-0002").resolve(file))
            .hasSameBinaryContentAs(folder.resolve("stopped/checkpoint").resolve(file));
      }
    }
    assertThat(files(out.resolve("checkpoints/epoch-0002")))
        .isEqualTo(files(folder.resolve("stopped/checkpoint")))
        .contains("model.safetensors", "raw.safetensors", "trainer.json", "provenance.json");
    assertThat(files(out.resolve("checkpoints"))).containsExactly("epoch-0002", "epoch-0004");
    try (T3DModel model = T3DModel.load(Checkpoint.keptFolderOf(out, 4), TestDevice.get())) {
      assertThat(model.config()).isEqualTo(SmallTraining.resnet(0.1));
    }
  }

  @Test
  void aKeptCheckpointIsOneToGoOnFrom() throws IOException {
    TrainingConfig config = SmallTraining.averaged().keepEveryEpochs(1).build();
    train(config, "straight", 100, new ArrayList<>());
    Path again = Files.createDirectories(folder.resolve("again/checkpoint"));
    Path first = Checkpoint.keptFolderOf(folder.resolve("straight"), 1);
    for (String file : files(first)) {
      Files.copy(first.resolve(file), again.resolve(file));
    }
    List<StepRecord> rest = new ArrayList<>();
    train(config, "again", 100, rest);
    assertThat(rest).extracting(StepRecord::step).containsExactly(6, 7, 8, 9, 10);
    assertSameCheckpoints("again", "straight");
  }

  @Test
  void aRunThatWasKilledBeforeItKeptACheckpointDoesSoWhenItGoesOn() throws IOException {
    TrainingConfig config = SmallTraining.settings().keepEveryEpochs(1).build();
    assertThatThrownBy(() -> train(config, "run", 6, new ArrayList<>())).hasMessage("stop");
    Path kept = Checkpoint.keptFolderOf(folder.resolve("run"), 1);
    byte[] weights = Files.readAllBytes(kept.resolve("model.safetensors"));
    // What a kill in the middle of it leaves.
    Files.move(kept, kept.resolveSibling(".epoch-0001-new"));
    Files.delete(kept.resolveSibling(".epoch-0001-new/trainer.json"));
    assertThat(Checkpoint.kept(folder.resolve("run"))).isEmpty();

    train(config, "run", 100, new ArrayList<>());
    assertThat(Checkpoint.kept(folder.resolve("run"))).containsOnlyKeys(1, 2);
    assertThat(files(folder.resolve("run/checkpoints")))
        .containsExactly("epoch-0001", "epoch-0002");
    assertThat(Files.readAllBytes(kept.resolve("model.safetensors"))).isEqualTo(weights);
    assertThat(kept.resolve("trainer.json")).exists();
  }

  @Test
  void aNewRunDoesNotMixItsKeptCheckpointsWithThoseOfAnother() throws IOException {
    Files.createDirectories(Checkpoint.keptFolderOf(folder.resolve("run"), 7));
    assertThatThrownBy(() -> train(SmallTraining.settings().build(), "run", 1, new ArrayList<>()))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("epoch-0007")
        .hasMessageContaining("choose another output folder");
  }

  @Test
  void aCheckpointMayBeWrittenAtTheEndOnly() throws IOException {
    TrainingConfig config =
        SmallTraining.settings().checkpointEverySteps(TrainingConfig.AT_END_ONLY).build();
    assertThat(savedSteps(config, "end", 100)).containsExactly(10);
    assertThat(savedSteps(config, "stopped", 7)).containsExactly(7);
    assertThat(savedSteps(config, "stopped", 100)).containsExactly(10);
    assertSameCheckpoints("stopped", "end");
    TrainingConfig keeping = config.toBuilder().epochs(3).keepEveryEpochs(2).build();
    assertThat(savedSteps(keeping, "keeping", 100)).containsExactly(10, 15);
    assertThat(Checkpoint.kept(folder.resolve("keeping"))).containsOnlyKeys(2);
  }

  /** Trains, and asks to stop at a step; returns the steps at which checkpoints were written. */
  private List<Integer> savedSteps(TrainingConfig config, String name, int stopAt)
      throws IOException {
    List<Integer> saved = new ArrayList<>();
    AtomicInteger at = new AtomicInteger();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      Pretrainer.builder(model, CONTRAST, SOURCE)
          .config(config)
          .out(folder.resolve(name))
          .resume(true)
          .listener(
              new TrainingListener() {
                @Override
                public void onStep(StepRecord step) {
                  at.set(step.step());
                }

                @Override
                public boolean wantsToStop() {
                  return at.get() == stopAt;
                }

                @Override
                public void onCheckpoint(Path checkpoint, int stepsDone) {
                  saved.add(stepsDone);
                }
              })
          .build()
          .run();
    }
    return saved;
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void assertSameCheckpoints(String one, String other) throws IOException {
    Path expected = folder.resolve(other).resolve("checkpoint");
    try (Stream<Path> files = Files.list(expected)) {
      List<Path> tensors =
          files.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList();
      for (Path file : tensors) {
        Path same = folder.resolve(one).resolve("checkpoint").resolve(file.getFileName());
        assertThat(same).hasSameBinaryContentAs(file);
      }
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aKilledRunGoesOnAsIfNothingHadHappened() throws Exception {
    Path out = folder.resolve("killed");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-Dai.djl.offline=true",
                "-D" + TestDevice.PROPERTY + "=" + System.getProperty(TestDevice.PROPERTY, "cpu"),
                "-cp",
                System.getProperty("java.class.path"),
                SmallTraining.class.getName(),
                out.toString(),
                "400")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("child.log").toFile())
            .start();
    try {
      Path log = out.resolve("log.jsonl");
      for (int i = 0;
          i < 1200 && child.isAlive();
          i++) { // a busy machine starts a JVM in half a minute
        if (Files.exists(log) && Files.readAllLines(log).size() >= 4) {
          break;
        }
        TimeUnit.MILLISECONDS.sleep(100);
      }
      assertThat(child.isAlive()).as(Files.readString(folder.resolve("child.log"))).isTrue();
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertThat(Checkpoint.open(out).orElseThrow().step()).isBetween(3, 9);
    TrainingConfig config = SmallTraining.averaged().build();
    train(config, "killed", 100, new ArrayList<>());
    train(config, "straight", 100, new ArrayList<>());
    assertThat(losses("killed")).isEqualTo(losses("straight"));
    assertSameCheckpoints("killed", "straight");
  }

  @Test
  void resumingWithOtherSettingsNamesWhatDiffers() throws IOException {
    train(SmallTraining.settings().epochs(1).build(), "run", 100, new ArrayList<>());
    TrainingConfig other = SmallTraining.settings().epochs(1).seed(3).clipNorm(2).build();
    assertThatThrownBy(() -> train(other, "run", 100, new ArrayList<>()))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("training.seed: 42 in the checkpoint, now 3")
        .hasMessageContaining("training.clipNorm: 1.0 in the checkpoint, now 2.0");
  }

  @Test
  void anEmptySourceIsAnError() throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Pretrainer run =
          Pretrainer.builder(model, CONTRAST, SmallTraining.source(0, SmallTraining.PAIRS))
              .config(SmallTraining.settings().build())
              .out(folder)
              .build();
      assertThatThrownBy(run::run)
          .isInstanceOf(T3dException.class)
          .hasMessage(
              "The source must have at least one batch per epoch, got 0; add pairs, lower the batch"
                  + " size, or let the last batch be smaller");
    }
  }

  @Test
  void aRunOfTheEarlierTmaIsRefusedByName() throws IOException {
    TrainingConfig settings = SmallTraining.settings().epochs(1).build();
    train(settings, "run", 100, new ArrayList<>());
    Path trainer = Checkpoint.folderOf(folder.resolve("run")).resolve("trainer.json");
    String json = Files.readString(trainer);
    Files.writeString(
        trainer, json.replaceFirst("\"embedDim\"", "\"fusionHeads\": 4, \"embedDim\""));
    assertThatThrownBy(() -> train(settings, "run", 100, new ArrayList<>()))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(
            "is of a version whose TMA was another one (with a text-informed fusion): its training"
                + " cannot go on. The model itself still opens, for evaluation or embed; to train,"
                + " choose another output folder");
  }

  @Test
  void stepsThatAreNotFiniteAreSkippedAndTooManyStopTheRun() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    Objective sometimes =
        (output, ids) -> {
          LossTerms terms = SmallTraining.contrast(output);
          boolean bad = List.of(2, 6, 7, 8).contains(calls.incrementAndGet());
          return bad ? new LossTerms(terms.total().mul(Float.NaN), terms.parts()) : terms;
        };
    List<StepRecord> steps = new ArrayList<>();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Pretrainer run =
          Pretrainer.builder(model, sometimes, SOURCE)
              .config(SmallTraining.settings().maxBadSteps(3).build())
              .out(folder)
              .listener(recorder(steps, 100))
              .build();
      assertThatThrownBy(run::run)
          .isInstanceOf(DivergedException.class)
          .hasMessageContaining("stopped at step 8: 3 steps in a row")
          .hasMessageContaining("loss NaN")
          .hasMessageContaining("global=")
          .hasMessageContaining("of step 7");
      assertThat(model.parameters().values())
          .allSatisfy(
              p -> assertThat(p.getArray().isNaN().any().getBoolean()).as(p.getName()).isFalse());
    }
    assertThat(steps.stream().filter(StepRecord::skipped).map(StepRecord::step))
        .containsExactly(2, 6, 7, 8);
    assertThat(Files.readString(folder.resolve("log.jsonl"))).contains("\"loss\":null");
    try (T3DModel loaded = T3DModel.load(Checkpoint.folderOf(folder), TestDevice.get())) {
      assertThat(loaded.config()).isEqualTo(SmallTraining.resnet(0));
    }
  }

  /** The exception is made up; that libtorch gives such a one is not tested here. */
  @Test
  void memoryThatRunsOutIsToldWithWhatHelpsAndLeavesAWholeCheckpoint() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    Objective hungry =
        (output, ids) -> {
          if (calls.incrementAndGet() == 4) {
            throw new EngineException(
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10"
                    + " GiB of which 1.12 GiB is free. Including non-PyTorch memory, this process"
                    + " has 76.11 GiB memory in use.");
          }
          return SmallTraining.contrast(output);
        };
    Map<String, float[]> saved = new LinkedHashMap<>();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Pretrainer run =
          Pretrainer.builder(model, hungry, SOURCE)
              .config(SmallTraining.settings().checkpointEverySteps(1).build())
              .out(folder)
              .listener(
                  new TrainingListener() {
                    @Override
                    public void onCheckpoint(Path checkpoint, int step) {
                      saved.putAll(weights(model));
                    }
                  })
              .build();
      assertThatThrownBy(run::run)
          .isInstanceOf(T3dException.class)
          .hasMessage(
              "Training stopped at step 4, 4 pairs of 1 view: the GPU's memory is full: 2.00 GiB"
                  + " more wanted, 76.11 GiB of 79.10 GiB in use. Set training.microBatch, which"
                  + " keeps the loss over the whole batch, or set training.checkpointActivations:"
                  + " true, or lower data.batchSize. The last checkpoint, of step 3, is intact")
          .extracting(e -> ((T3dException) e).kind())
          .isEqualTo(T3dException.Kind.ENVIRONMENT);
    }
    try (T3DModel loaded = T3DModel.load(Checkpoint.folderOf(folder), TestDevice.get())) {
      weights(loaded).forEach((name, w) -> assertThat(w).as(name).isEqualTo(saved.get(name)));
    }
    assertThat(Checkpoint.open(folder).orElseThrow().step()).isEqualTo(3);
  }

  @Test
  void whatIsOnAlreadyIsNotAskedForWhenMemoryRunsOut() {
    Objective hungry =
        (output, ids) -> {
          throw new EngineException("CUDA out of memory.");
        };
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Pretrainer run =
          Pretrainer.builder(model, hungry, SOURCE)
              .config(SmallTraining.settings().microBatch(2).checkpointActivations(true).build())
              .out(folder)
              .build();
      assertThatThrownBy(run::run)
          .isInstanceOf(T3dException.class)
          .hasMessageContaining(
              "Lower training.microBatch, now 2, or lower data.batchSize. No checkpoint was saved"
                  + " yet");
    }
  }

  @Test
  void aGradientThatIsNotFiniteChangesNothing() throws IOException {
    Objective infinite =
        (output, ids) -> {
          // Its value is finite, its slope at 0 is not.
          var zero = output.views().get(0).embedding().mul(0).abs().sum();
          var loss = SmallTraining.contrast(output).total().add(zero.sqrt());
          return new LossTerms(loss, Map.of());
        };
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      Map<String, float[]> before = weights(model);
      List<StepRecord> steps = new ArrayList<>();
      Pretrainer run =
          Pretrainer.builder(model, infinite, SOURCE)
              .config(SmallTraining.settings().maxBadSteps(2).build())
              .out(folder)
              .listener(recorder(steps, 100))
              .build();
      assertThatThrownBy(run::run).isInstanceOf(DivergedException.class);
      assertThat(steps.get(0).loss()).isFinite();
      assertThat(steps.get(0).gradNorm()).isNaN();
      weights(model).forEach((name, w) -> assertThat(w).as(name).isEqualTo(before.get(name)));
    }
  }

  @Test
  void accumulatedBatchesEqualABigOneForAMeanOfIndependentPairs() throws IOException {
    List<Map<String, float[]>> results = new ArrayList<>();
    for (int accumulation : new int[] {1, 4}) {
      try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
        Pretrainer.builder(
                model,
                (Objective) (output, ids) -> SmallTraining.distance(output),
                SmallTraining.source(2 * accumulation, 8 / accumulation))
            .config(SmallTraining.settings().accumulation(accumulation).epsilon(1e-3).build())
            .out(folder.resolve("a" + accumulation))
            .build()
            .run();
        results.add(weights(model));
      }
    }
    results
        .get(0)
        .forEach(
            (name, w) ->
                assertThat(results.get(1).get(name)).as(name).containsExactly(w, within(2e-6f)));
  }

  @Test
  void aFailedSaveLeavesTheOldCheckpointAndSaysWhere() throws IOException {
    TrainingConfig config = SmallTraining.settings().epochs(1).build();
    train(config, "run", 100, new ArrayList<>());
    Path weights = folder.resolve("run/checkpoint/model.safetensors");
    byte[] old = Files.readAllBytes(weights);
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      Pretrainer run =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(config)
              .out(folder.resolve("run"))
              // Too long a name for the file system, met after the model's files are written.
              .attach("x".repeat(300), "text")
              .build();
      assertThatThrownBy(run::run)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Cannot save the checkpoint of step 1")
          .hasMessageContaining("older checkpoint there is untouched");
    }
    assertThat(Files.readAllBytes(weights)).isEqualTo(old);
    assertThat(folder.resolve("run/.checkpoint-new")).doesNotExist();
    assertThat(Checkpoint.open(folder.resolve("run")).orElseThrow().step()).isEqualTo(5);
  }

  @Test
  void aFileWhereTheOutputFolderShouldBeIsAnError() throws IOException {
    Files.writeString(folder.resolve("run"), "x");
    assertThatThrownBy(() -> train(SmallTraining.settings().build(), "run", 1, new ArrayList<>()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Cannot make the folder");
  }

  @Test
  void attachmentsAndProvenanceTravelWithTheModel() throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0))) {
      TrainingSummary summary =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(SmallTraining.settings().epochs(1).build())
              .out(folder)
              .dataDescription("random voxels")
              .attach("preprocessing.yaml", "spacing: 1")
              .build()
              .run();
      assertThat(summary.steps()).isEqualTo(5);
      assertThat(summary.firstLoss()).isPositive();
      assertThat(summary.volumesPerSecond()).isPositive();
    }
    assertThat(folder.resolve("checkpoint/preprocessing.yaml")).hasContent("spacing: 1");
    Provenance provenance = Checkpoint.open(folder).orElseThrow().provenance();
    assertThat(provenance.data()).isEqualTo("random voxels");
    assertThat(provenance.versions()).containsKeys("t3d", "djl", "libtorch", "java");
    assertThatThrownBy(() -> Checkpoint.checkAttachment("../a"))
        .hasMessageContaining("plain file name");
  }

  @Test
  void bfloat16Trains() throws IOException {
    try (T3DModel model = SmallTraining.model(SmallTraining.vit())) {
      TrainingSummary summary =
          Pretrainer.builder(model, CONTRAST, SOURCE)
              .config(SmallTraining.settings().precision(TrainingConfig.Precision.BFLOAT16).build())
              .out(folder)
              .build()
              .run();
      assertThat(summary.lastLoss()).isFinite();
      assertThat(summary.skippedSteps()).isZero();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void nativeMemoryDoesNotGrowOverSteps() throws IOException {
    List<Integer> arrays = new ArrayList<>();
    List<Long> bytes = new ArrayList<>();
    try (T3DModel model = SmallTraining.model(SmallTraining.resnet(0.1))) {
      Pretrainer.builder(model, CONTRAST, SmallTraining.source(60, SmallTraining.PAIRS))
          .config(SmallTraining.averaged().epochs(1).checkpointEverySteps(0).build())
          .out(folder)
          .listener(
              new TrainingListener() {
                @Override
                public void onStep(StepRecord step) {
                  arrays.add(model.manager().getManagedArrays().size());
                  bytes.add(NativeMemory.inUse());
                }
              })
          .build()
          .run();
    }
    assertThat(arrays.get(59)).as("arrays of the model").isEqualTo(arrays.get(10));
    assertThat(bytes.get(59) - bytes.get(19)).as("bytes grown in 40 steps").isLessThan(16_000_000);
  }

  private Map<String, float[]> train(
      TrainingConfig config, String name, int stopAfter, List<StepRecord> steps)
      throws IOException {
    T3DConfig modelConfig = SmallTraining.resnet(0.1);
    try (T3DModel model = SmallTraining.model(modelConfig)) {
      Pretrainer.builder(model, CONTRAST, SOURCE)
          .config(config)
          .out(folder.resolve(name))
          .resume(true)
          .listener(recorder(steps, stopAfter))
          .build()
          .run();
      return weights(model);
    }
  }

  private static TrainingListener recorder(List<StepRecord> steps, int stopAfter) {
    return new TrainingListener() {
      @Override
      public void onStep(StepRecord step) {
        steps.add(step);
        if (step.step() == stopAfter) {
          throw new IllegalStateException("stop");
        }
      }
    };
  }

  private static Map<String, float[]> weights(T3DModel model) {
    Map<String, float[]> out = new LinkedHashMap<>();
    model.parameters().forEach((name, p) -> out.put(name, p.getArray().toFloatArray()));
    return out;
  }

  private List<String> losses(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name).resolve("log.jsonl")).stream()
        .map(line -> line.replaceAll("\"volumesPerSecond\":[^,]*,", ""))
        .toList();
  }
}
