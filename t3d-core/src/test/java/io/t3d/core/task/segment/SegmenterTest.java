package io.t3d.core.task.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SegmenterTest {
  static List<VisionConfig> encoders() {
    return List.of(
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(8, 8, 16, 16), 3, 1, true),
        Vit3dConfig.builder()
            .patch(new Size3(2, 4, 4))
            .hiddenSize(24)
            .layers(3)
            .heads(2)
            .mlpSize(48)
            .dropout(0)
            .build());
  }

  private static SegmenterConfig config(VisionConfig vision, Size3 window) {
    return new SegmenterConfig(
        vision,
        new DecoderConfig(8, 32),
        List.of(SegmentationClass.of("bright", 3), new SegmentationClass("dark", List.of(7, 9))),
        window,
        0.5,
        0.125);
  }

  /** A bright box and a dark box in noise. */
  private static SegmentationCase scene(long seed, int d, int h, int w) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] voxels = new float[d * h * w];
    float[] mask = new float[voxels.length];
    int z0 = random.nextInt(d - 6);
    int y0 = random.nextInt(h - 6);
    for (int i = 0; i < voxels.length; i++) {
      int x = i % w;
      int y = i / w % h;
      int z = i / w / h;
      boolean box = z >= z0 && z < z0 + 6 && y >= y0 && y < y0 + 6;
      mask[i] = box && x < w / 2 - 1 ? 3 : box && x > w / 2 ? 9 : 0;
      double mean = mask[i] == 3 ? 0.9 : mask[i] == 9 ? 0.1 : 0.5;
      voxels[i] = (float) (mean + 0.1 * random.nextDouble());
    }
    Affine affine = Affine.scaleTranslate(-1, 2, 3, 10, 20, 30);
    return new SegmentationCase(
        new Volume(voxels, d, h, w, affine), new Volume(mask, d, h, w, affine));
  }

  /** Cross-entropy alone, so that this module needs no other. */
  private static NDArray crossEntropy(NDArray logits, NDArray target) {
    long k = logits.getShape().get(1);
    NDArray classes =
        logits.getManager().arange(0, (float) k, 1, DataType.INT64).reshape(1, k, 1, 1, 1);
    NDArray oneHot = target.expandDims(1).eq(classes).toType(DataType.FLOAT32, false);
    NDArray voxels = target.gte(0).toType(DataType.FLOAT32, false).sum();
    return logits.logSoftmax(1).mul(oneHot).sum().neg().div(voxels);
  }

  private static SegmentationTraining training(int steps) {
    return new SegmentationTraining(steps, 2, 0.7, false, SegmentationTraining.optimizer(1e-2, 1));
  }

  @Test
  void theEncoderOfAModelWithLowRankPairsIsTakenWithTheirSum() {
    VisionConfig vision = encoders().get(1);
    T3DConfig both = T3DConfig.tiny().toBuilder().vision(vision).build();
    SegmenterConfig config = config(vision, Size3.cube(16));
    try (T3DModel model = T3DModel.create(both, TestDevice.get(), 3);
        NDManager scope = model.manager().newSubManager()) {
      model.addLora(LoraConfig.defaults(), 1);
      try (NoGrad constant = new NoGrad()) {
        model.parameters().entrySet().stream()
            .filter(entry -> entry.getKey().endsWith("lora_B.weight"))
            .map(entry -> entry.getValue().getArray())
            .forEach(b -> scope.full(b.getShape(), 0.1f, DataType.FLOAT32).copyTo(b));
      }
      NDArray views = scope.full(new Shape(1, 1, 16, 16, 16), 0.5f, DataType.FLOAT32);
      try (Segmenter withPairs = Segmenter.from(model, config, 1)) {
        model.mergeLora();
        try (Segmenter merged = Segmenter.from(model, config, 1)) {
          assertThat(withPairs.logits(views).toFloatArray())
              .containsExactly(merged.logits(views).toFloatArray(), within(1e-5f));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("encoders")
  void learnsTwoBoxes(VisionConfig vision) throws IOException {
    List<SegmentationCase> cases =
        List.of(scene(1, 16, 16, 16), scene(2, 16, 20, 16), scene(3, 16, 16, 24));
    try (Segmenter segmenter =
        Segmenter.create(config(vision, Size3.cube(16)), TestDevice.get(), 1)) {
      double[] losses =
          segmenter.train(SegmentationSource.of(cases), SegmenterTest::crossEntropy, training(50));
      assertThat(losses[49]).isLessThan(losses[0] / 3);
      SegmentationCase unseen = scene(9, 20, 18, 22);
      Volume mask = segmenter.segment(unseen.volume());
      assertThat(mask.affine()).isEqualTo(unseen.volume().affine());
      assertThat(share(mask, unseen.mask())).isGreaterThan(0.97);
      assertThat(share(segmenter.segment(empty()), empty().withVoxels(new float[8192])))
          .as("windows without any structure")
          .isGreaterThan(0.99);
    }
  }

  /** The background's noise and nothing else. */
  private static Volume empty() {
    SplittableRandom random = new SplittableRandom(11);
    float[] voxels = new float[8192];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) (0.5 + 0.1 * random.nextDouble());
    }
    return new Volume(voxels, 32, 16, 16, Affine.scaleTranslate(-1, 2, 3, 10, 20, 30));
  }

  /** Share of voxels that agree, 9 and 7 being the same structure and 7 the value written. */
  private static double share(Volume mask, Volume reference) {
    int same = 0;
    for (int i = 0; i < mask.voxels().length; i++) {
      float wanted = reference.voxels()[i] == 9 ? 7 : reference.voxels()[i];
      same += mask.voxels()[i] == wanted ? 1 : 0;
    }
    return same / (double) mask.voxels().length;
  }

  @ParameterizedTest
  @MethodSource("encoders")
  void logitsHaveTheSizeOfAnyViews(VisionConfig vision) {
    try (Segmenter segmenter =
            Segmenter.create(config(vision, Size3.cube(16)), TestDevice.get(), 1);
        NDManager scope = segmenter.manager().newSubManager()) {
      NDArray views = scope.randomNormal(new Shape(2, 1, 13, 16, 18));
      NDArray logits = segmenter.logits(views);
      assertThat(logits.getShape()).isEqualTo(new Shape(2, 3, 13, 16, 18));
      assertThat(logits.getDataType()).isEqualTo(DataType.FLOAT32);
      NDArray alone = segmenter.logits(views.get("1:"));
      assertThat(logits.get("1:").sub(alone).abs().max().getFloat()).isLessThan(1e-4f);
    }
  }

  @ParameterizedTest
  @MethodSource("encoders")
  void oneWindowIsThePlainPass(VisionConfig vision) {
    SegmentationCase one = scene(4, 16, 16, 16);
    try (Segmenter segmenter =
            Segmenter.create(config(vision, Size3.cube(16)), TestDevice.get(), 1);
        NDManager scope = segmenter.manager().newSubManager()) {
      float[] plain =
          segmenter
              .logits(scope.create(one.volume().voxels(), new Shape(1, 1, 16, 16, 16)))
              .toFloatArray();
      segmenter.scores(
          one.volume(),
          (z, logits) -> {
            for (int k = 0; k < 3; k++) {
              for (int i = 0; i < 256; i++) {
                assertThat(logits[k * 256 + i])
                    .isCloseTo(plain[(k * 16 + z) * 256 + i], within(1e-5f));
              }
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource("encoders")
  void isTheSameAfterSaveAndLoad(VisionConfig vision, @TempDir Path dir) throws IOException {
    SegmentationCase one = scene(5, 16, 18, 20);
    float[] before;
    try (Segmenter segmenter =
        Segmenter.create(config(vision, Size3.cube(16)), TestDevice.get(), 3)) {
      segmenter.train(
          SegmentationSource.of(List.of(one)), SegmenterTest::crossEntropy, training(3));
      before = segmenter.segment(one.volume()).voxels();
      segmenter.save(dir);
    }
    try (Segmenter segmenter = Segmenter.load(dir, TestDevice.get())) {
      assertThat(segmenter.config()).isEqualTo(config(vision, Size3.cube(16)));
      assertThat(segmenter.segment(one.volume()).voxels()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @MethodSource("encoders")
  void aFrozenEncoderStays(VisionConfig vision) throws IOException {
    SegmentationCase one = scene(6, 16, 16, 16);
    try (Segmenter segmenter =
        Segmenter.create(config(vision, Size3.cube(16)), TestDevice.get(), 3)) {
      Map<String, float[]> before = weights(segmenter);
      segmenter.train(
          SegmentationSource.of(List.of(one)),
          SegmenterTest::crossEntropy,
          new SegmentationTraining(2, 2, 1, true, SegmentationTraining.optimizer(1e-2, 1)));
      Map<String, float[]> after = weights(segmenter);
      before.forEach(
          (name, values) -> {
            if (name.startsWith("encoder.")) {
              assertThat(after.get(name)).as(name).isEqualTo(values);
            } else {
              assertThat(after.get(name)).as(name).isNotEqualTo(values);
            }
          });
    }
  }

  private static Map<String, float[]> weights(Segmenter segmenter) {
    Map<String, float[]> out = new java.util.TreeMap<>();
    segmenter.parameters().forEach((name, p) -> out.put(name, p.getArray().toFloatArray()));
    return out;
  }

  @Test
  void sameSeedSameLosses() throws IOException {
    double[][] losses = new double[2][];
    for (int i = 0; i < 2; i++) {
      try (Segmenter segmenter =
          Segmenter.create(config(encoders().get(0), Size3.cube(16)), TestDevice.get(), 7)) {
        losses[i] =
            segmenter.train(
                SegmentationSource.of(List.of(scene(1, 16, 16, 16))),
                SegmenterTest::crossEntropy,
                training(3));
      }
    }
    assertThat(losses[0]).isEqualTo(losses[1]);
  }

  @Test
  void wrongMasksAreRefused() {
    SegmentationCase one = scene(1, 16, 16, 16);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SegmentationCase(one.volume(), scene(1, 16, 16, 18).mask()))
        .withMessageStartingWith("A mask must be on the voxels of its volume, got Volume");
    Volume halves = one.mask().withVoxels(new float[4096]);
    halves.voxels()[5] = 0.5f;
    try (Segmenter segmenter =
        Segmenter.create(config(encoders().get(0), Size3.cube(16)), TestDevice.get(), 7)) {
      assertThatThrownBy(
              () ->
                  segmenter.train(
                      SegmentationSource.of(List.of(new SegmentationCase(one.volume(), halves))),
                      SegmenterTest::crossEntropy,
                      training(1)))
          .isInstanceOf(T3dException.class)
          .hasMessage("Masks must have whole values 0..255, got 0.5; is this a mask?");
    }
  }
}
