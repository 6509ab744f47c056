package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv3d;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.generate.Decoding;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DModelBuilder;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.vision.FeatureMapEncoder;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.task.report.ReportGenerator;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.volume.View;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.phantom.generate.PhantomPrompts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainedModelTest {
  /** As t3d pretrain wrote it before the report's sentences were the cluster centres. */
  private static final String OLD_OBJECTIVE =
      """
      {
        "contrastive" : true,
        "lambda" : 1.0,
        "global" : { "labelSmoothing" : 0.0, "localViews" : false },
        "tma" : {
          "epsilon" : 0.05, "iterations" : 3, "temperature" : 0.1, "viewWeight" : 1.0,
          "tokenWeight" : 1.0, "entropyWeight" : 0.1, "textInformed" : true, "multiView" : true,
          "levels" : "BOTH"
        },
        "baseline" : null
      }
      """;

  private static Path manifest;
  private static Path run;

  @BeforeAll
  static void train(@TempDir Path dir) throws IOException {
    Path data = dir.resolve("phantoms");
    PhantomDataset.write(data, 12, 5);
    AtomicFiles.writeText(
        data.resolve("prompts.yaml"), Configs.toYaml(new Prompts(PhantomPrompts.all())));
    manifest = data.resolve("manifest.csv");
    run = dir.resolve("run");
    PretrainConfig tiny = PretrainConfig.tiny().with(1, 3);
    DataConfig d = tiny.data();
    T3D.pretrain(
        new PretrainConfig(
            tiny.model(),
            new DataConfig(d.preprocessing(), d.views(), d.reports(), 2, 1, 64),
            tiny.objective(),
            tiny.training().toBuilder().keepEveryEpochs(1).build()),
        manifest,
        run);
  }

  private static List<ManifestRow> rows() throws IOException {
    return Manifest.read(manifest).rows();
  }

  @Test
  void aRunOpensWithThePreparationAndThePromptsItWasTrainedWith() throws IOException {
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      assertThat(trained.data().preprocessing())
          .isEqualTo(PretrainConfig.tiny().data().preprocessing());
      assertThat(trained.prompts()).isEqualTo(PhantomPrompts.all());
      assertThat(trained.objective()).contains(PretrainConfig.tiny().objective());
    }
    try (TrainedModel again = TrainedModel.open(run.resolve("checkpoint"), TestDevice.get())) {
      assertThat(again.prompts()).hasSameSizeAs(PhantomPrompts.all());
    }
  }

  @Test
  void aKeptCheckpointOpensAsTheNewestDoes() throws IOException {
    Path ct = rows().get(0).volume();
    try (TrainedModel newest = TrainedModel.open(run, TestDevice.get());
        TrainedModel kept = TrainedModel.open(Checkpoint.keptFolderOf(run, 1), TestDevice.get())) {
      assertThat(kept.data()).isEqualTo(newest.data());
      assertThat(kept.objective()).isEqualTo(newest.objective());
      assertThat(kept.prompts()).isEqualTo(newest.prompts());
      assertThat(kept.embed(ct)).isDeepEqualTo(newest.embed(ct));
    }
  }

  @Test
  void volumesAndTextsMeetInOneSpace() throws IOException {
    Path ct = rows().get(0).volume();
    List<String> reports = rows().stream().map(ManifestRow::report).toList();
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      float[] v = trained.embed(ct)[0];
      float[][] r = trained.embedReports(reports);
      assertThat(norm(v)).isCloseTo(1, within(1e-5));
      List<TrainedModel.Match> best = trained.retrieve(ct, reports, 3);
      assertThat(best)
          .hasSize(3)
          .isSortedAccordingTo((a, b) -> Double.compare(b.similarity(), a.similarity()));
      assertThat(best.get(0).similarity()).isCloseTo(dot(v, r[best.get(0).index()]), within(1e-5));
      assertThat(trained.retrieve(reports.get(0), List.of(ct, rows().get(1).volume()), 2))
          .hasSize(2);
      assertThat(trained.score(ct, reports).global()[0][0])
          .isCloseTo((float) dot(v, r[0]), within(1e-5f));
      assertThat(trained.relevance(ct, List.of("Small effusion.")))
          .singleElement()
          .satisfies(where -> assertThat(where.grid().size()).isPositive());
    }
  }

  @Test
  void zeroShotGivesProbabilitiesByNameInTheOrderOfThePrompts() throws IOException {
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      List<FindingPrompts> prompts =
          List.of(FindingPrompts.of("pleural effusion"), FindingPrompts.of("cardiomegaly"));
      Map<String, Double> found = trained.zeroShot(rows().get(0).volume(), prompts);
      assertThat(found).containsOnlyKeys("pleural effusion", "cardiomegaly");
      assertThat(found.values()).allSatisfy(p -> assertThat(p).isBetween(0.0, 1.0));
      float[] v = trained.embed(rows().get(0).volume())[0];
      ZeroShotClassifier referee =
          ZeroShotClassifier.create(
              texts -> trained.model().encodeReports(texts), prompts, trained.model().logitScale());
      double[] expected = referee.classify(new float[][] {v})[0];
      assertThat(List.copyOf(found.values())).containsExactly(expected[0], expected[1]);
    }
  }

  @Test
  void decodersAreOpenedWithTheModel(@TempDir Path dir) throws IOException {
    Path ct = rows().get(0).volume();
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      try (ReportGenerator generator =
          ReportGenerator.create(trained.model(), ReportDecoderConfig.tiny(), 1)) {
        generator.save(dir.resolve("reports/generator"));
      }
      Decoding greedy = Decoding.greedy(8);
      GeneratedReport first = trained.generate(dir.resolve("reports"), ct, greedy);
      assertThat(trained.generate(dir.resolve("reports/generator"), ct, greedy)).isEqualTo(first);
      assertThat(first.tokens()).isBetween(1, 8);
    }
  }

  @Test
  void fourThreadsGetTheBitsThatOneGets() throws Exception {
    List<Path> volumes = rows().stream().map(ManifestRow::volume).limit(4).toList();
    List<String> texts = List.of("No pleural effusion.", "The heart is enlarged.");
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      List<float[]> alone = new ArrayList<>();
      for (Path volume : volumes) {
        alone.add(trained.embed(volume)[0]);
      }
      float[][] textAlone = trained.embedReports(texts);
      ExecutorService pool = Executors.newFixedThreadPool(4);
      try {
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
          int at = i % volumes.size();
          all.add(
              pool.submit(
                  () -> {
                    assertThat(trained.embed(volumes.get(at))[0]).isEqualTo(alone.get(at));
                    assertThat(trained.embedReports(texts)).isEqualTo(textAlone);
                    return null;
                  }));
        }
        for (Future<?> one : all) {
          one.get();
        }
      } finally {
        pool.shutdownNow();
      }
    }
  }

  @Test
  void closingWaitsForTheCallsThatRunAndEndsTheOthers() throws Exception {
    Path ct = rows().get(0).volume();
    ExecutorService pool = Executors.newFixedThreadPool(3);
    try {
      for (int round = 0; round < 3; round++) {
        TrainedModel trained = TrainedModel.open(run, TestDevice.get());
        float[] alone = trained.embed(ct)[0];
        CountDownLatch busy = new CountDownLatch(3);
        List<Future<Throwable>> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          all.add(
              pool.submit(
                  () ->
                      catchThrowable(
                          () -> {
                            while (true) {
                              assertThat(trained.embed(ct)[0]).isEqualTo(alone);
                              trained.relevance(ct, List.of("No effusion."));
                              busy.countDown();
                            }
                          })));
        }
        assertThat(busy.await(60, TimeUnit.SECONDS)).isTrue();
        trained.close();
        for (Future<Throwable> one : all) {
          assertThat(one.get(60, TimeUnit.SECONDS))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageStartingWith("The model must be open");
        }
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void whatIsMissingIsNamed(@TempDir Path dir) throws IOException {
    assertThatThrownBy(() -> TrainedModel.open(dir.resolve("nowhere"), TestDevice.get()))
        .hasMessageContaining("No checkpoint at")
        .hasMessageContaining("--out folder of a pretrain run");
    assertThatThrownBy(() -> T3D.pretrain(PretrainConfig.tiny(), manifest, run))
        .hasMessageContaining("holds a checkpoint already");
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      assertThatThrownBy(() -> trained.embed())
          .hasMessage("volumes must not be empty; give at least one");
      assertThatThrownBy(() -> trained.embed(dir.resolve("no.nii")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no.nii");
    }
  }

  @Test
  void aViewWithNanInItIsRefusedAndNotEmbeddedAsNan() throws IOException {
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      View good = trained.view(rows().get(0).volume());
      float[] voxels = good.crop().voxels().clone();
      voxels[7] = Float.NaN;
      View bad = new View(good.kind(), good.crop().withVoxels(voxels), good.box());
      assertThatThrownBy(() -> trained.embedViews(List.of(good, bad)))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith("The embedding of volume 1 (from 0) is not finite");
    }
  }

  @Test
  void aModelWithAnEncoderOfOnesOwnOpensWithIt(@TempDir Path folder) throws IOException {
    DataConfig data = PretrainConfig.tiny().data();
    View view;
    float[] expected;
    try (TrainedModel own =
        new TrainedModel(
            T3DModel.builder()
                .vision(ownEncoder())
                .text(TextConfig.tiny())
                .device(TestDevice.get())
                .build(),
            data,
            Optional.empty())) {
      view = own.view(rows().get(0).volume());
      expected = own.embedViews(List.of(view))[0];
      own.save(folder);
    }
    assertThatThrownBy(() -> TrainedModel.open(folder, TestDevice.get()))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("or TrainedModel.open(folder, this builder)");
    T3DModelBuilder parts = T3DModel.builder().vision(ownEncoder()).device(TestDevice.get());
    try (TrainedModel again = TrainedModel.open(folder, parts)) {
      assertThat(again.data()).isEqualTo(data);
      assertThat(again.embedViews(List.of(view))[0]).isEqualTo(expected);
    }
  }

  private static VisionEncoder ownEncoder() {
    Block patches =
        Conv3d.builder()
            .setKernelShape(new Shape(8, 8, 8))
            .optStride(new Shape(8, 8, 8))
            .setFilters(12)
            .build();
    return new FeatureMapEncoder(patches, 12, Size3.cube(32));
  }

  @Test
  void aSavedModelLeavesNothingOfTheOneBeforeInItsFolder(@TempDir Path folder) throws IOException {
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      trained.save(folder);
      assertThat(folder.resolve("prompts.json")).exists();
      assertThat(folder.resolve("objective.json")).exists();
      new TrainedModel(trained.model(), trained.data(), Optional.empty()).save(folder);
    }
    try (TrainedModel again = TrainedModel.open(folder, TestDevice.get())) {
      assertThat(again.prompts()).isEmpty();
      assertThat(again.objective()).isEmpty();
    }
  }

  @Test
  void aClosedModelSaysSoAndWritesNothing(@TempDir Path dir) throws IOException {
    TrainedModel trained = TrainedModel.open(run, TestDevice.get());
    Path ct = rows().get(0).volume();
    View view = trained.view(ct);
    trained.close();
    trained.close();
    List<ThrowingCallable> calls =
        List.of(
            () -> trained.embed(ct),
            () -> trained.embedViews(List.of(view)),
            () -> trained.embedReports("No effusion."),
            () -> trained.zeroShot(ct, List.of(FindingPrompts.of("effusion"))),
            () -> trained.relevance(ct, List.of("No effusion.")),
            () -> trained.score(ct, List.of("No effusion.")),
            () -> trained.retrieve(ct, List.of("No effusion."), 1),
            () -> trained.model().logitScale(),
            () -> trained.save(dir.resolve("saved")));
    assertThat(calls)
        .allSatisfy(
            call ->
                assertThatThrownBy(call)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("The model must be open, got a closed one"));
    assertThat(dir.resolve("saved/config.json")).doesNotExist();
  }

  @Test
  void aModelIsNotSavedBesideTheCheckpointThatWouldBeOpenedInItsPlace() throws IOException {
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get())) {
      assertThatThrownBy(() -> trained.save(run))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("is the folder of a run")
          .hasMessageContaining("save into another folder");
    }
    assertThat(run.resolve("data.json")).doesNotExist();
    assertThat(run.resolve("model.safetensors")).doesNotExist();
  }

  private static double norm(float[] v) {
    return Math.sqrt(dot(v, v));
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void aCheckpointOfTheTmaWithTheUntrainedFusionOpensAndDoesNotTellItsObjective(
      @TempDir Path folder) throws IOException {
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1)) {
      model.save(folder);
    }
    Files.writeString(folder.resolve("data.json"), Configs.toJson(PretrainConfig.tiny().data()));
    Files.writeString(folder.resolve("objective.json"), OLD_OBJECTIVE);
    try (TrainedModel trained = TrainedModel.open(folder, TestDevice.get())) {
      assertThat(trained.objective()).isEmpty();
      assertThat(trained.gatherTemperature()).isEqualTo(0.1);
    }
  }
}
