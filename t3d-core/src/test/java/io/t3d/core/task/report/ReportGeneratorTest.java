package io.t3d.core.task.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.generate.Decoding;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportGeneratorTest {
  private static final List<String> REPORTS =
      List.of(
          "there is a 12 mm nodule in the right upper lobe.",
          "no pleural effusion or pneumothorax.",
          "moderate left pleural effusion. cardiomegaly.");
  private static final ReportDecoderConfig SMALL = new ReportDecoderConfig(48, 2, 4, 96, 0, 1e-5);

  private final T3DModel model =
      T3DModel.create(
          T3DConfig.tiny(), ReportTokenizer.fromCorpus(REPORTS, 400, 32), TestDevice.get(), 1);
  private final NDManager scope = model.manager().newSubManager();
  private final NDArray volumes = volumes();

  @AfterEach
  void close() {
    model.close();
  }

  /** Each volume is bright in a third of its own. */
  private NDArray volumes() {
    float[] voxels = new float[3 * 32 * 32 * 32];
    for (int i = 0; i < voxels.length; i++) {
      int volume = i / (32 * 32 * 32);
      voxels[i] = i / (32 * 32) % 32 / 11 == volume ? 1 : 0;
    }
    return scope.create(voxels, new Shape(3, 1, 32, 32, 32));
  }

  private static TaskTraining training() {
    return TaskTraining.builder().learningRate(3e-3).weightDecay(0).build();
  }

  private ReportGenerator fitted(int epochs) {
    ReportGenerator generator = ReportGenerator.create(model, SMALL, 3);
    VisualTokens seen = generator.encode(scope, volumes);
    ReportTrainer.fit(generator, seen, REPORTS, epochs, 3, training(), loss -> {});
    return generator;
  }

  private static List<String> texts(List<GeneratedReport> reports) {
    return reports.stream().map(GeneratedReport::text).toList();
  }

  @Test
  void itLearnsWhatEachVolumeShows() {
    try (ReportGenerator generator = fitted(90)) {
      for (Decoding decoding :
          List.of(
              Decoding.greedy(30), Decoding.beam(3, 30), new Decoding.Nucleus(0.5, 0.5, 1, 30))) {
        List<GeneratedReport> written = generator.generate(volumes, decoding);
        assertThat(texts(written)).as(decoding.toString()).isEqualTo(REPORTS);
        assertThat(written).allMatch(GeneratedReport::finished);
      }
    }
  }

  @Test
  void volumesCanBeReadAFewAtATime() throws Exception {
    List<Integer> done = new ArrayList<>();
    VolumeBatches source =
        new VolumeBatches() {
          @Override
          public int size() {
            return 10;
          }

          @Override
          public NDArray load(NDManager owner, int[] rows) {
            NDList chosen = new NDList();
            for (int row : rows) {
              NDArray one = volumes.get(row % 3 + ":" + (row % 3 + 1));
              one.attach(owner);
              chosen.add(one);
            }
            return NDArrays.concat(chosen, 0);
          }
        };
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3)) {
      NDArray seen = generator.encode(scope, source, done::add).tokens();
      NDArray three = generator.encode(scope, volumes).tokens();
      assertThat(done).containsExactly(8, 10);
      for (int row : new int[] {0, 4, 9}) {
        NDArray difference = seen.get(row).sub(three.get(row % 3)).abs().max();
        assertThat(difference.getFloat()).isLessThan(1e-5f);
      }
    }
  }

  @Test
  void theFrozenEncoderStaysAsItWas() {
    Map<String, float[]> before = encoderWeights();
    fitted(2).close();
    encoderWeights().forEach((name, after) -> assertThat(after).isEqualTo(before.get(name)));
  }

  @Test
  void anEncoderThatLearnsTooChanges() {
    Map<String, float[]> before = encoderWeights();
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3);
        ReportTrainer trainer = new ReportTrainer(generator, training(), 10, true)) {
      double first = trainer.step(volumes, REPORTS);
      double last = first;
      for (int i = 0; i < 9; i++) {
        last = trainer.step(volumes, REPORTS);
      }
      assertThat(last).isLessThan(first);
      VisualTokens seen = generator.encode(scope, volumes);
      assertThatThrownBy(() -> trainer.step(seen, REPORTS))
          .hasMessageContaining("give steps the volumes");
    }
    assertThat(encoderWeights().get("vision.conv1.weight"))
        .isNotEqualTo(before.get("vision.conv1.weight"));
  }

  @Test
  void anEncoderThatTheModelFreezesStaysAsItIsWithItsStatistics() {
    model.freezeVision();
    Map<String, float[]> before = encoderWeights();
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3);
        ReportTrainer trainer = new ReportTrainer(generator, training(), 2, true)) {
      trainer.step(volumes, REPORTS);
    }
    encoderWeights()
        .forEach((name, after) -> assertThat(after).as(name).isEqualTo(before.get(name)));
  }

  private Map<String, float[]> encoderWeights() {
    Map<String, float[]> weights = new TreeMap<>();
    for (Map.Entry<String, Parameter> p : model.parameters().entrySet()) {
      if (p.getKey().startsWith("vision.")) {
        weights.put(p.getKey(), p.getValue().getArray().toFloatArray());
      }
    }
    return weights;
  }

  @Test
  void theLossIsTheMeanOverTokensThatAreNotPadding() {
    float[] logits = {1, 2, 3, 0, 0, 0, 2, 0, 1, 5, 5, 5}; // (2, 2, 3)
    TokenBatch tokens =
        new TokenBatch(
            scope.create(new long[] {2, 1, 0, 2, 2, 0}, new Shape(2, 3)),
            scope.create(new long[] {1, 1, 1, 1, 1, 0}, new Shape(2, 3)));
    double expected =
        -(logP(new double[] {1, 2, 3}, 1)
                + logP(new double[] {0, 0, 0}, 0)
                + logP(new double[] {2, 0, 1}, 2))
            / 3;
    NDArray loss = ReportTrainer.crossEntropy(scope.create(logits, new Shape(2, 2, 3)), tokens);
    assertThat((double) loss.getFloat()).isCloseTo(expected, within(1e-6));
  }

  private static double logP(double[] logits, int target) {
    double sum = 0;
    for (double x : logits) {
      sum += Math.exp(x);
    }
    return logits[target] - Math.log(sum);
  }

  @Test
  void aSavedGeneratorWritesTheSame(@TempDir Path dir) throws Exception {
    try (ReportGenerator generator = fitted(10)) {
      model.save(dir.resolve("model"));
      generator.save(dir.resolve("generator"));
      try (T3DModel again = T3DModel.load(dir.resolve("model"), TestDevice.get());
          ReportGenerator loaded = ReportGenerator.load(dir.resolve("generator"), again);
          NDManager other = again.manager().newSubManager()) {
        NDArray copy = other.create(volumes.toFloatArray(), volumes.getShape());
        assertThat(loaded.generate(copy, Decoding.beam(2, 20)))
            .isEqualTo(generator.generate(volumes, Decoding.beam(2, 20)));
      }
    }
  }

  @Test
  void aGeneratorOfAModelWithLowRankPairsGoesWithTheModelThatHasTheirSum(@TempDir Path dir)
      throws Exception {
    Vit3dConfig vision =
        Vit3dConfig.builder().patch(Size3.cube(16)).hiddenSize(24).layers(1).heads(2).build();
    T3DConfig config = T3DConfig.tiny().toBuilder().vision(vision).build();
    ReportTokenizer tokenizer = ReportTokenizer.fromCorpus(REPORTS, 400, 32);
    try (T3DModel pairs = T3DModel.create(config, tokenizer, TestDevice.get(), 1)) {
      pairs.addLora(LoraConfig.defaults(), 1);
      try (NoGrad constant = new NoGrad()) {
        pairs.parameters().entrySet().stream()
            .filter(entry -> entry.getKey().endsWith("lora_B.weight"))
            .map(entry -> entry.getValue().getArray())
            .forEach(b -> scope.full(b.getShape(), 0.1f, DataType.FLOAT32).copyTo(b));
      }
      pairs.save(dir.resolve("model"));
      try (ReportGenerator generator = ReportGenerator.create(pairs, SMALL, 3);
          T3DModel loaded = T3DModel.load(dir.resolve("model"), TestDevice.get())) {
        generator.save(dir.resolve("generator"));
        ReportGenerator.load(dir.resolve("generator"), loaded).close();
        pairs.mergeLora();
        ReportGenerator.load(dir.resolve("generator"), pairs).close();
      }
    }
  }

  @Test
  void aGeneratorOfAnotherModelIsRefused(@TempDir Path dir) throws Exception {
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3)) {
      generator.save(dir);
    }
    ReportTokenizer same = ReportTokenizer.fromCorpus(REPORTS, 400, 32);
    try (T3DModel other = T3DModel.create(T3DConfig.tiny(), same, TestDevice.get(), 2)) {
      assertThatThrownBy(() -> ReportGenerator.load(dir, other))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("was trained on another model: its encoder differs");
    }
    ReportTokenizer less = ReportTokenizer.fromCorpus(REPORTS.subList(0, 1), 400, 32);
    try (T3DModel other = T3DModel.create(T3DConfig.tiny(), less, TestDevice.get(), 1)) {
      assertThatThrownBy(() -> ReportGenerator.load(dir, other))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("its tokenizer differs");
    }
    Files.delete(dir.resolve("decoder.safetensors"));
    assertThatThrownBy(() -> ReportGenerator.load(dir, model))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void generationLeavesNoMemoryBehind() {
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3)) {
      generator.generate(volumes, Decoding.beam(3, 10));
      int before = generator.manager().getManagedArrays().size();
      generator.generate(volumes, Decoding.beam(3, 10));
      generator.generate(volumes, Decoding.nucleus(0.9, 1, 10));
      assertThat(generator.manager().getManagedArrays().size()).isEqualTo(before);
    }
  }

  @Test
  void aDecoderWhoseNumbersAreNotFiniteWritesNothing() {
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3)) {
      for (Parameter weight : generator.parameters().values()) {
        try (NDArray broken = weight.getArray().duplicate().mul(Float.NaN)) {
          broken.copyTo(weight.getArray());
        }
      }
      for (Decoding search :
          List.of(Decoding.greedy(5), Decoding.beam(3, 5), Decoding.nucleus(0.9, 1, 5))) {
        assertThatThrownBy(() -> generator.generate(volumes, search))
            .isInstanceOf(T3dException.class)
            .hasMessageContaining("must give finite logits");
      }
    }
  }

  @Test
  void aLengthBeyondThePositionsIsRefused() {
    try (ReportGenerator generator = ReportGenerator.create(model, SMALL, 3)) {
      assertThat(generator.longest()).isEqualTo(31);
      assertThatThrownBy(() -> generator.generate(volumes, Decoding.greedy(32)))
          .hasMessage("maxLength must be at most 31 (TextConfig.maxLength - 1), got 32");
      NDArray flat = scope.zeros(new Shape(3, 32, 32, 32), DataType.FLOAT32);
      assertThatThrownBy(() -> generator.generate(flat, Decoding.greedy(5)))
          .hasMessageContaining("volumes must be (B, 1, D, H, W)");
      NDArray doubles = scope.zeros(new Shape(1, 1, 32, 32, 32), DataType.FLOAT64);
      assertThatThrownBy(() -> generator.encode(scope, doubles))
          .hasMessage("volumes must be float32, got float64; cast with NDArray.toType");
      NDArray none = scope.zeros(new Shape(0, 1, 32, 32, 32), DataType.FLOAT32);
      assertThatThrownBy(() -> generator.encode(scope, none))
          .hasMessage("Nothing to encode: there are no volumes");
    }
  }
}
