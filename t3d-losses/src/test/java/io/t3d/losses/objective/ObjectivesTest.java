package io.t3d.losses.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import io.t3d.core.T3dException;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.text.SentenceBatch;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.LossTerms;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.losses.TestDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every baseline on a whole model: gradients, training, resuming. */
class ObjectivesTest {
  private static final Size3 VIEW = Size3.cube(16);

  private static T3DConfig resnet() {
    return config(
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(4, 4, 8, 8), 3, 1, false));
  }

  private static T3DConfig vit() {
    return config(
        Vit3dConfig.builder()
            .patch(Size3.cube(8))
            .hiddenSize(16)
            .layers(1)
            .heads(2)
            .mlpSize(32)
            .gridSize(Size3.cube(2))
            .dropout(0)
            .build());
  }

  private static T3DConfig config(VisionConfig vision) {
    TextConfig text =
        TextConfig.builder()
            .vocabSize(4096)
            .hiddenSize(16)
            .layers(1)
            .heads(2)
            .mlpSize(32)
            .maxLength(32)
            .positions(32)
            .dropout(0)
            .pooling(TextConfig.Pooling.MEAN)
            .build();
    return new T3DConfig(vision, text, 16, T3DConfig.Projection.LINEAR, 0.07);
  }

  private static T3DModel model(T3DConfig config) {
    return T3DModel.create(config, TestDevice.get(), 7);
  }

  private static ObjectiveConfig named(String name) {
    return switch (name) {
      case "siglip" -> ObjectiveConfig.siglip();
      case "simclr" -> ObjectiveConfig.simclr();
      case "vicreg" -> ObjectiveConfig.vicreg();
      case "swav" -> ObjectiveConfig.swav();
      case "masked" -> ObjectiveConfig.masked();
      case "t3d" -> ObjectiveConfig.t3d();
      case "clip" -> ObjectiveConfig.clip();
      case "without text" -> ObjectiveConfig.withoutText();
      case "without views" -> ObjectiveConfig.withoutViews();
      case "sentence clip" -> ObjectiveConfig.sentenceClip();
      case "whole report" -> ObjectiveConfig.wholeReport();
      case "swav-tma" -> ObjectiveConfig.swavTma();
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static PairBatch batch(int pairs, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<List<View>> views = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      int kind = i % 3;
      views.add(List.of(view(random, kind), view(random, kind)));
      reports.add(List.of("no nodule", "large effusion left", "right lung mass").get(kind));
      patients.add("p" + i);
    }
    return new PairBatch(views, reports, patients);
  }

  private static View view(SplittableRandom random, int kind) {
    float[] voxels = new float[16 * 16 * 16];
    for (int k = 0; k < voxels.length; k++) {
      int stripe = kind == 0 ? k % 16 : kind == 1 ? k / 16 % 16 : k / 256;
      voxels[k] = (float) random.nextDouble(-0.2, 0.2) + (stripe < 8 ? 1 : -1);
    }
    Volume volume = new Volume(voxels, 16, 16, 16, Affine.identity());
    return new View(View.Kind.GLOBAL, volume, volume.bounds());
  }

  /** Parameters that an objective has no use for; all others must move. */
  private static boolean untouched(String objective, String parameter) {
    return switch (objective) {
      case "simclr", "vicreg", "swav", "masked" ->
          parameter.startsWith("text") || parameter.startsWith("logit_scale");
      default -> false;
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "t3d",
        "clip",
        "without text",
        "without views",
        "sentence clip",
        "whole report",
        "swav-tma",
        "siglip",
        "simclr",
        "vicreg",
        "swav",
        "masked"
      })
  void oneStepGivesEveryTrainedParameterAGradient(String name) {
    try (T3DModel model = model(resnet());
        NDManager scope = model.manager().newSubManager()) {
      BatchObjective objective = Objectives.create(named(name), model, VIEW, 1);
      LossTerms terms = backward(model, objective, scope, batch(6, 3));
      assertThat(terms.total().getFloat()).isFinite().isPositive();
      Map<String, Parameter> all = new LinkedHashMap<>(model.parameters());
      objective.parameters().forEach((key, p) -> all.put("objective." + key, p));
      List<String> without = new ArrayList<>();
      List<String> unexpected = new ArrayList<>();
      all.forEach(
          (key, p) -> {
            if (p.requiresGradient()) {
              boolean zero = !p.getArray().hasGradient() || norm(p) == 0;
              if (zero && !untouched(name, key)) {
                without.add(key);
              } else if (!zero && untouched(name, key)) {
                unexpected.add(key);
              }
            }
          });
      assertThat(without).as("trained parameters of %s without a gradient", name).isEmpty();
      assertThat(unexpected).as("parameters that %s should not reach", name).isEmpty();
    }
  }

  private static LossTerms backward(
      T3DModel model, BatchObjective objective, NDManager scope, PairBatch batch) {
    ViewBatch views = ViewBatch.collate(scope, batch.views());
    TokenBatch tokens = model.tokenize(scope, batch.reports());
    Optional<SentenceBatch> sentences =
        objective
            .sentences()
            .draw(batch.fullReports(), batch.reports(), 9)
            .map(s -> model.tokenize(scope, s));
    Engine.getInstance().setRandomSeed(5);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      LossTerms terms =
          objective.compute(
              v -> model.forward(v, tokens, sentences, true), views, batch.patientIds());
      collector.backward(terms.total());
      return terms;
    }
  }

  private static double norm(Parameter parameter) {
    try (NDArray gradient = parameter.getArray().getGradient()) {
      return Math.sqrt(gradient.square().sum().getFloat());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"t3d", "swav-tma", "siglip", "simclr", "vicreg", "swav", "masked"})
  void trainsAndResumesToTheSameWeights(String name, @TempDir Path out) throws IOException {
    float[] whole = train(name, out.resolve("whole"), -1);
    train(name, out.resolve("parts"), 4);
    float[] parts = train(name, out.resolve("parts"), -1);
    assertThat(parts).isEqualTo(whole);
  }

  /** Trains 2 epochs of 4 steps, or one of them; returns the weights of the head. */
  private static float[] train(String name, Path out, int stopAfter) throws IOException {
    try (T3DModel model = model(resnet())) {
      BatchObjective objective = Objectives.create(named(name), model, VIEW, 1);
      Pretrainer pretrainer =
          Pretrainer.builder(model, objective, source())
              .config(TrainingConfig.builder().epochs(2).learningRate(2e-3).build())
              .out(out)
              .resume(true)
              .listener(
                  new TrainingListener() {
                    @Override
                    public void onCheckpoint(Path folder, int step) {
                      if (step == stopAfter) {
                        throw new IllegalStateException("stopped");
                      }
                    }
                  })
              .build();
      if (stopAfter > 0) {
        assertThatThrownBy(pretrainer::run).hasMessage("stopped");
      } else {
        TrainingSummary summary = pretrainer.run();
        assertThat(summary.skippedSteps()).isZero();
        assertThat(summary.lastLoss()).isLessThan(summary.firstLoss() + 1e-3);
      }
      return objective.parameters().values().iterator().next().getArray().toFloatArray();
    }
  }

  private static PairSource source() {
    return new PairSource() {
      @Override
      public int batchesPerEpoch() {
        return 4;
      }

      @Override
      public Batches epoch(int epoch, int firstBatch) {
        return new Batches() {
          private int next = firstBatch;

          @Override
          public boolean hasNext() {
            return next < 4;
          }

          @Override
          public PairBatch next() {
            return batch(6, 100L * epoch + next++);
          }

          @Override
          public void close() {}
        };
      }
    };
  }

  @Test
  void maskedReconstructionHidesTheShareOfBlocksFromAVisionTransformer() {
    try (T3DModel model = model(vit());
        NDManager scope = model.manager().newSubManager()) {
      BatchObjective objective = Objectives.create(ObjectiveConfig.masked(), model, VIEW, 1);
      PairBatch batch = batch(2, 3);
      ViewBatch views = ViewBatch.collate(scope, batch.views());
      TokenBatch tokens = model.tokenize(scope, batch.reports());
      List<NDArray> seen = new ArrayList<>();
      objective.compute(
          v -> {
            v.slots().forEach(s -> seen.add(s.voxels().duplicate()));
            return model.forward(v, tokens, true);
          },
          views,
          batch.patientIds());
      assertThat(seen).hasSize(2);
      // 0.6 of 8 blocks is 5, of 8³ voxels each; the voxels themselves are never 0.
      long hidden = 2 * 5 * 512;
      assertThat(seen.get(0).eq(0).sum().getLong()).isEqualTo(hidden);
      assertThat(views.slots().get(0).voxels().eq(0).sum().getLong()).isZero();
      assertThat(objective.parameters().get("weight").getArray().getShape().getShape())
          .containsExactly(512, 16);
    }
  }

  @Test
  void maskedReconstructionOfBatchesInPartsIsRefusedBeforeItStarts(@TempDir Path out) {
    try (T3DModel model = model(resnet())) {
      BatchObjective objective = Objectives.create(named("masked"), model, VIEW, 1);
      Pretrainer.Builder builder =
          Pretrainer.builder(model, objective, source())
              .config(TrainingConfig.builder().microBatch(2).build())
              .out(out);
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "TrainingConfig.microBatch must be 0 for an objective that runs the model on views of"
                  + " its own, as masked reconstruction does, got 2; set training.accumulation"
                  + " instead");
    }
  }

  @Test
  void masksThatDoNotFitAreRefused() {
    try (T3DModel model = model(vit())) {
      ObjectiveConfig small = new ObjectiveConfig.Masked(0.6, Optional.of(Size3.cube(4)));
      assertThatThrownBy(() -> Objectives.create(small, model, VIEW, 1))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("the encoder's patch")
          .hasMessageContaining("set objective.baseline.block");
    }
  }

  @Test
  void methodsThatCompareViewsNeedTwo() {
    try (T3DModel model = model(resnet());
        NDManager scope = model.manager().newSubManager()) {
      PairBatch two = batch(4, 3);
      PairBatch one =
          new PairBatch(
              two.views().stream().map(v -> v.subList(0, 1)).toList(),
              two.reports(),
              two.patientIds());
      for (String name : List.of("simclr", "vicreg")) {
        BatchObjective objective = Objectives.create(named(name), model, VIEW, 1);
        assertThatThrownBy(() -> backward(model, objective, scope, one))
            .hasMessageContaining("needs at least 2 global view(s) of each volume, got 1");
      }
    }
  }
}
