package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.NoTextConfig;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextEncoderConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Mlp;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.core.config.Vit3dVariant.Rotary;
import io.t3d.core.model.OwnEncoders.BagOfWords;
import io.t3d.core.model.OwnEncoders.TwoConvolutions;
import io.t3d.core.nn.vision.OrganVit3d;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files of ONNX as ONNX Runtime runs them, against the model, for batches of 1 and 3. */
class OnnxExportTest {
  private static final Size3 VIEW = new Size3(8, 16, 12);
  private static final Size3 CROP = new Size3(4, 8, 12);
  private static final List<String> REPORTS =
      List.of("no nodule", "large effusion left, with collapse of the lower lobe", "mass");

  static Stream<Arguments> visions() {
    return Stream.of(
        Arguments.of(
            "basic ResNet",
            new ResNet3dConfig(
                ResNet3dConfig.Block.BASIC, List.of(1, 2, 1, 1), List.of(4, 8, 8, 16), 7, 2, true),
            Projection.LINEAR),
        Arguments.of(
            "bottlenecks, a stem of its own along z",
            new ResNet3dConfig(
                ResNet3dConfig.Block.BOTTLENECK,
                List.of(2, 1, 1, 1),
                List.of(4, 4, 8, 8),
                7,
                2,
                true,
                Optional.of(new ResNet3dConfig.StemDepth(3, 1))),
            Projection.LINEAR_BIAS),
        Arguments.of(
            "without max pool",
            new ResNet3dConfig(
                ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(4, 4, 8, 8), 3, 1, false),
            Projection.BATCH_NORM),
        Arguments.of("plain ViT", vit().build(), Projection.LINEAR),
        Arguments.of(
            "learned positions, of which views take the middle",
            vit().position(Position.LEARNED).gridSize(new Size3(3, 6, 4)).qkvBias(true).build(),
            Projection.BATCH_NORM),
        Arguments.of(
            "learned positions that are resized",
            vit().position(Position.LEARNED_RESIZED).gridSize(new Size3(3, 2, 5)).build(),
            Projection.LINEAR),
        Arguments.of(
            "class token, registers, rotary positions, layer scale",
            vit()
                .position(Position.NONE)
                .qkvBias(true)
                .variant(
                    Vit3dVariant.builder()
                        .classToken(true)
                        .registers(2)
                        .layerScale(0.3)
                        .rotary(new Rotary(Rotary.Coordinates.CENTRED, 100))
                        .pooling(Pooling.CLS)
                        .build())
                .build(),
            Projection.NONE),
        Arguments.of(
            "gates, inner norms, output map, attention pooling",
            vit()
                .position(Position.NONE)
                .variant(
                    Vit3dVariant.builder()
                        .registers(1)
                        .mlp(Mlp.SWIGLU)
                        .mlpNorm(true)
                        .attentionNorm(true)
                        .rotary(new Rotary(Rotary.Coordinates.INDEX, 10_000))
                        .outputSize(8)
                        .pooling(Pooling.ATTENTION)
                        .poolingHeads(2)
                        .build())
                .build(),
            Projection.LINEAR),
        Arguments.of(
            "slices that attend to themselves",
            vit()
                .layers(3)
                .variant(
                    Vit3dVariant.builder()
                        .classToken(true)
                        .pooling(Pooling.CLS)
                        .globalEvery(2)
                        .build())
                .build(),
            Projection.LINEAR),
        Arguments.of(
            "slices without a class token",
            vit().variant(Vit3dVariant.builder().globalEvery(2).build()).build(),
            Projection.LINEAR),
        Arguments.of(
            "class token and mean",
            vit()
                .variant(
                    Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS_AND_MEAN).build())
                .build(),
            Projection.LINEAR));
  }

  private static Vit3dConfig.Builder vit() {
    return Vit3dConfig.builder()
        .patch(new Size3(4, 4, 6))
        .hiddenSize(12)
        .layers(2)
        .heads(2)
        .mlpSize(20)
        .dropout(0);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("visions")
  void onnxRuntimeGivesTheModelsEmbeddingsOfViews(
      String name, VisionConfig vision, Projection projection, @TempDir Path dir) throws Exception {
    int width = projection == Projection.NONE ? 12 : 10;
    try (T3DModel model = model(vision, text().build(), width, projection)) {
      assertSeesAsTheModel(model, VIEW, dir);
    }
  }

  /** Exports for a view's size, and compares batches of 1 and 3. */
  private static void assertSeesAsTheModel(T3DModel model, Size3 view, Path dir) throws Exception {
    OnnxExport.write(model, view, dir);
    Shape shape = new Shape(1, 1, view.depth(), view.height(), view.width());
    for (int views : new int[] {1, 3}) {
      try (NDManager scope = model.manager().newSubManager()) {
        NDList several = new NDList();
        for (int tries = 0; several.size() < views; tries++) {
          assertThat(tries).as("views without ties").isLessThan(100);
          NDArray voxels = scope.randomNormal(shape, DataType.FLOAT32);
          if (!hasTies(model, voxels)) {
            several.add(voxels);
          }
        }
        assertSeesAsTheModel(model, NDArrays.concat(several, 0), dir);
      }
    }
  }

  private static void assertSeesAsTheModel(T3DModel model, NDArray voxels, Path dir)
      throws OrtException {
    Map<String, float[]> outputs = onnx(dir.resolve("vision.onnx"), Map.of("views", voxels));
    assertClose(outputs.get("embedding"), model.encodeVolumes(voxels));
    assertClose(outputs.get("tokens"), tokens(model, voxels));
  }

  private static NDArray tokens(T3DModel model, NDArray voxels) {
    ParameterStore parameters = new ParameterStore(voxels.getManager(), false);
    return model.vision().encode(parameters, voxels, false).tokens();
  }

  /**
   * Whether tokens are about as near to two codes, which runtimes may choose between as they like:
   * others are chosen when codes move a little, by far more than rounding does.
   */
  private static boolean hasTies(T3DModel model, NDArray voxels) {
    if (!(model.config().vision() instanceof CtVitConfig)) {
      return false;
    }
    NDArray codes = model.parameters().get("vision.codebook.codes").getArray();
    try (NDManager scope = voxels.getManager().newSubManager();
        NoGrad constant = new NoGrad()) {
      NDArray before = tokens(model, voxels);
      NDArray kept = scope.create(codes.toFloatArray(), codes.getShape());
      float most = 0;
      for (int i = 0; i < 4; i++) {
        kept.add(scope.randomNormal(0, 1e-4f, codes.getShape(), DataType.FLOAT32)).copyTo(codes);
        most = Math.max(most, tokens(model, voxels).sub(before).abs().max().getFloat());
      }
      kept.copyTo(codes);
      return most > 1e-2;
    }
  }

  static Stream<Arguments> crops() {
    Vit3dVariant rotary =
        Vit3dVariant.builder()
            .classToken(true)
            .layerScale(0.3)
            .rotary(new Rotary(Rotary.Coordinates.CENTRED, 100))
            .pooling(Pooling.CLS_AND_MEAN)
            .build();
    Vit3dVariant registers =
        Vit3dVariant.builder()
            .classToken(true)
            .registers(2)
            .rotary(new Rotary(Rotary.Coordinates.INDEX, 10_000))
            .mlp(Mlp.SWIGLU)
            .outputSize(8)
            .pooling(Pooling.CLS_AND_MEAN)
            .build();
    Vit3dVariant slices =
        Vit3dVariant.builder()
            .classToken(true)
            .globalEvery(2)
            .pooling(Pooling.CLS_AND_MEAN)
            .build();
    Vit3dVariant plain =
        Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS_AND_MEAN).build();
    return Stream.of(
        Arguments.of(
            "rotary positions in both",
            new CropVit3dConfig(
                CROP, inCrop(Position.NONE).variant(rotary).build(), combiner(rotary)),
            Projection.LINEAR),
        Arguments.of(
            "registers and output maps, positions by sines in the crops",
            new CropVit3dConfig(
                CROP, inCrop(Position.SINCOS).variant(registers).build(), combiner(registers)),
            Projection.BATCH_NORM),
        Arguments.of(
            "learned positions in the crops, layers of crops that attend to themselves",
            new CropVit3dConfig(
                CROP,
                inCrop(Position.LEARNED).gridSize(new Size3(2, 3, 2)).variant(plain).build(),
                combiner(slices)),
            Projection.LINEAR_BIAS),
        Arguments.of(
            "a head",
            new CropVit3dConfig(
                CROP,
                inCrop(Position.NONE).variant(rotary).build(),
                combiner(registers),
                Optional.of(new CropVit3dConfig.Head(14, 9, 12))),
            Projection.NONE));
  }

  private static Vit3dConfig.Builder inCrop(Position position) {
    return vit().patch(new Size3(2, 4, 6)).position(position).qkvBias(true);
  }

  private static Vit3dConfig combiner(Vit3dVariant variant) {
    return vit().patch(Size3.cube(1)).position(Position.NONE).variant(variant).build();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("crops")
  void onnxRuntimeGivesTheModelsEmbeddingsOfViewsThatAreCrops(
      String name, CropVit3dConfig vision, Projection projection, @TempDir Path dir)
      throws Exception {
    int width = projection == Projection.NONE ? 12 : 10;
    try (T3DModel model = model(vision, text().build(), width, projection)) {
      for (Size3 view : List.of(CROP, new Size3(8, 16, 12), new Size3(4, 24, 36))) {
        assertSeesAsTheModel(model, view, dir);
      }
    }
  }

  @Test
  void viewsThatCropsDoNotDivideAreRefused(@TempDir Path dir) throws IOException {
    Vit3dVariant plain =
        Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS_AND_MEAN).build();
    CropVit3dConfig vision =
        new CropVit3dConfig(CROP, inCrop(Position.SINCOS).variant(plain).build(), combiner(plain));
    try (T3DModel model = model(vision, text().build(), 10, Projection.LINEAR)) {
      for (Size3 view : List.of(new Size3(6, 16, 12), new Size3(8, 12, 12), new Size3(8, 16, 18))) {
        assertThatThrownBy(() -> OnnxExport.write(model, view, dir))
            .isInstanceOf(T3dException.class)
            .hasMessageContaining("The crop (4, 8, 12) must divide the view (D, H, W), got (")
            .hasMessageContaining("export for a multiple of it");
      }
    }
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).isEmpty();
    }
  }

  static Stream<Arguments> slabs() {
    Size3 patch = new Size3(4, 4, 4);
    return Stream.of(
        Arguments.of(
            "null keys, a projection per place",
            new CtVitConfig(patch, 4, 3, 12, 2, 1, 2, 8, 14, 2, 8, 8),
            Projection.LINEAR_PER_PLACE),
        Arguments.of(
            "no null keys, one projection of all",
            new CtVitConfig(patch, 4, 3, 12, 1, 2, 3, 5, 14, 0, 64, 5),
            Projection.LINEAR),
        Arguments.of(
            "no projection",
            new CtVitConfig(new Size3(2, 8, 6), 2, 2, 12, 1, 1, 2, 6, 14, 1, 8, 8),
            Projection.NONE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("slabs")
  void onnxRuntimeGivesTheModelsEmbeddingsOfViewsThatAreSlabs(
      String name, CtVitConfig vision, Projection projection, @TempDir Path dir) throws Exception {
    int width = projection == Projection.NONE ? 12 : 10;
    try (T3DModel model = model(vision, text().build(), width, projection)) {
      for (int depth : new int[] {4, 8, 20}) {
        assertSeesAsTheModel(model, new Size3(depth, 16, 12), dir);
      }
    }
  }

  /** The codebook reads 2,048 tokens at a time, and these are 2,304. */
  @Test
  void theCodebookGivesTheModelsCodesOfMoreTokensThanItReadsAtATime(@TempDir Path dir)
      throws Exception {
    CtVitConfig vision = new CtVitConfig(new Size3(1, 2, 2), 16, 16, 12, 1, 1, 2, 8, 14, 0, 8, 8);
    T3DConfig config = T3DConfig.builder().vision(vision).text(text().build()).embedDim(10).build();
    // Patches of two kinds and small weights behind them: tokens lie near two points.
    try (T3DModel model =
            T3DModel.create(config, ReportTokenizer.builtin(30), TestDevice.get(), 3);
        NDManager scope = model.manager().newSubManager();
        NoGrad constant = new NoGrad()) {
      model
          .parameters()
          .forEach(
              (parameter, values) -> {
                if (parameter.endsWith("position.weight")) {
                  Scalars.multiply(values.getArray(), 0.1).copyTo(values.getArray());
                }
              });
      NDArray kinds = scope.randomUniform(0, 1, new Shape(9, 16, 1, 16, 1)).gt(0.5);
      NDArray signs = kinds.toType(DataType.FLOAT32, false).mul(2).sub(1);
      NDArray pattern = scope.create(new float[] {1, -2, 3, 0}, new Shape(1, 1, 2, 1, 2));
      NDArray voxels = signs.mul(pattern).reshape(1, 1, 9, 32, 32);
      assertThat(hasTies(model, voxels)).isFalse();
      OnnxExport.write(model, new Size3(9, 32, 32), dir);
      assertSeesAsTheModel(model, voxels, dir);
    }
  }

  @Test
  void viewsThatAreNoSlabsAreRefused(@TempDir Path dir) throws IOException {
    CtVitConfig vision = new CtVitConfig(Size3.cube(4), 4, 3, 12, 1, 1, 2, 8, 14, 2, 8, 8);
    try (T3DModel model = model(vision, text().build(), 8, Projection.LINEAR_PER_PLACE)) {
      for (Size3 view : List.of(new Size3(8, 12, 12), new Size3(8, 16, 16))) {
        assertThatThrownBy(() -> OnnxExport.write(model, view, dir))
            .isInstanceOf(T3dException.class)
            .hasMessageContaining("The view of a CtVit must be (n·4, 16, 12), got (8, 1")
            .hasMessageContaining("export for the size that its data.json has");
      }
      assertThatThrownBy(() -> OnnxExport.write(model, new Size3(6, 16, 12), dir))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("The patch (4, 4, 4) must divide the view (D, H, W), got (6, 16,");
    }
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).isEmpty();
    }
  }

  static Stream<Arguments> organs() {
    Vit3dConfig.Builder resized =
        vit().layers(3).position(Position.LEARNED_RESIZED).gridSize(new Size3(2, 3, 2));
    return Stream.of(
        Arguments.of(
            "tokens of two layers and the last, positions that are resized, windows of any size",
            organs(resized.qkvBias(true).build(), List.of(0, 1, 2)),
            List.of(new Size3(8, 12, 12), new Size3(4, 16, 18), new Size3(12, 4, 30))),
        Arguments.of(
            "one inner layer, no positions, windows of any size",
            organs(vit().layers(3).position(Position.NONE).build(), List.of(1)),
            List.of(VIEW, new Size3(4, 4, 6))),
        Arguments.of(
            "positions by sines, windows of one size",
            organs(vit().build(), List.of(0, 1)),
            List.of(VIEW)),
        Arguments.of(
            "learned positions, of which windows take the middle",
            organs(
                vit().position(Position.LEARNED).gridSize(new Size3(3, 6, 4)).build(), List.of(1)),
            List.of(VIEW)));
  }

  private static OrganVit3dConfig organs(Vit3dConfig vit, List<Integer> levels) {
    return new OrganVit3dConfig(
        vit,
        levels,
        3,
        7,
        List.of(
            new OrganVit3dConfig.Organ("lung", List.of(10), List.of()),
            new OrganVit3dConfig.Organ("heart", List.of(51), List.of()),
            new OrganVit3dConfig.Organ("aorta", List.of(52), List.of())),
        new OrganVit3dConfig.Window(VIEW, VIEW, VIEW));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("organs")
  void onnxRuntimeGivesTheModelsEmbeddingsOfOrgans(
      String name, OrganVit3dConfig vision, List<Size3> windows, @TempDir Path dir)
      throws Exception {
    try (T3DModel model = model(vision, text().build(), 7, Projection.NONE);
        NDManager scope = model.manager().newSubManager()) {
      assertThat(OnnxExport.write(model, windows.get(0), dir)).hasSize(3);
      for (Size3 window : windows) {
        for (long[] organs : new long[][] {{1}, {2, 0, 2}}) {
          Shape shape =
              new Shape(organs.length, 1, window.depth(), window.height(), window.width());
          NDArray voxels = scope.randomNormal(shape, DataType.FLOAT32);
          NDArray mask = scope.zeros(shape);
          NDArray expected = organs(model, voxels, mask, organs);
          Map<String, NDArray> inputs =
              Map.of("views", voxels, "mask", mask, "organ", scope.create(organs));
          Map<String, float[]> outputs = onnx(dir.resolve("vision.onnx"), inputs);
          assertThat(outputs).containsOnlyKeys("embedding");
          assertClose(outputs.get("embedding"), expected);
        }
      }
    }
  }

  /**
   * Marks a voxel in each of some patches, at another place of each, and embeds what they stand
   * for. The patches are (4, 4, 6).
   */
  private static NDArray organs(T3DModel model, NDArray voxels, NDArray mask, long[] organs) {
    OrganVit3d encoder = (OrganVit3d) model.vision();
    Shape shape = voxels.getShape();
    int h = (int) shape.get(3) / 4;
    int w = (int) shape.get(4) / 6;
    int patches = (int) shape.get(2) / 4 * h * w;
    NDList out = new NDList();
    for (int row = 0; row < organs.length; row++) {
      int first = row;
      int[] held = IntStream.range(0, patches).filter(i -> i % (first + 2) == 0).toArray();
      for (int patch : held) {
        int z = patch / (h * w) * 4 + patch % 4;
        int y = patch / w % h * 4 + patch / 3 % 4;
        int x = patch % w * 6 + patch % 6;
        mask.set(new NDIndex(row, 0, z, y, x), row + 1); // a label, more than 0
      }
      out.add(
          encoder.embedOrgan(
              new ParameterStore(voxels.getManager(), false),
              voxels.get(row + ":" + (row + 1)),
              (int) organs[row],
              held,
              false));
    }
    return NDArrays.concat(out, 0);
  }

  @Test
  void anOrganWithoutAVoxelHasNoEmbeddingInOnnx(@TempDir Path dir) throws Exception {
    OrganVit3dConfig vision = organs(vit().build(), List.of(0));
    try (T3DModel model = model(vision, text().build(), 7, Projection.NONE);
        NDManager scope = model.manager().newSubManager()) {
      OnnxExport.write(model, VIEW, dir);
      Shape shape = new Shape(2, 1, 8, 16, 12);
      NDArray voxels = scope.randomNormal(shape, DataType.FLOAT32);
      NDArray mask = scope.zeros(shape);
      mask.set(new NDIndex(1, 0, 5, 5, 5), 1);
      Map<String, NDArray> inputs =
          Map.of("views", voxels, "mask", mask, "organ", scope.create(new long[] {0, 0}));
      float[] both = onnx(dir.resolve("vision.onnx"), inputs).get("embedding");
      for (int i = 0; i < both.length; i++) {
        assertThat(Float.isNaN(both[i])).as("number " + i).isEqualTo(i < 7);
      }
    }
  }

  @Test
  void theFileOfAnOrganVitSaysWhichOrgansItKnows(@TempDir Path dir) throws Exception {
    OrganVit3dConfig vision = organs(vit().build(), List.of(0));
    try (T3DModel model = model(vision, text().build(), 7, Projection.NONE)) {
      assertThatThrownBy(() -> OnnxExport.write(model, Size3.cube(9), dir))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("The patch (4, 4, 6) must divide the view");
      OnnxExport.write(model, VIEW, dir);
    }
    OrtEnvironment runtime = OrtEnvironment.getEnvironment();
    try (OrtSession session = runtime.createSession(dir.resolve("vision.onnx").toString())) {
      assertThat(session.getMetadata().getCustomMetadata())
          .containsEntry("t3d.organs", "lung,heart,aorta")
          .containsEntry("t3d.embedDim", "7");
    }
  }

  static Stream<Arguments> texts() {
    return Stream.of(
        Arguments.of("BERT, first token", text().pooling(TextConfig.Pooling.CLS).build()),
        Arguments.of("RoBERTa's positions, mean", text().positionOffset(2).build()),
        Arguments.of("Longformer's window", text().attentionWindow(4).build()));
  }

  private static TextConfig.Builder text() {
    return TextConfig.builder()
        .vocabSize(4096)
        .hiddenSize(16)
        .layers(2)
        .heads(2)
        .mlpSize(32)
        .maxLength(30)
        .positions(32)
        .pooling(TextConfig.Pooling.MEAN);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("texts")
  void onnxRuntimeGivesTheModelsEmbeddingsOfReports(String name, TextConfig text, @TempDir Path dir)
      throws Exception {
    try (T3DModel model = model(vit().build(), text, 10, Projection.BATCH_NORM);
        NDManager scope = model.manager().newSubManager()) {
      OnnxExport.write(model, VIEW, dir);
      assertThat(dir.resolve("tokenizer.json")).exists();
      for (List<String> reports : List.of(REPORTS, REPORTS.subList(1, 2))) {
        TokenBatch tokens = model.tokenize(scope, reports);
        Map<String, float[]> outputs =
            onnx(
                dir.resolve("text.onnx"),
                Map.of("input_ids", tokens.tokenIds(), "attention_mask", tokens.attentionMask()));
        assertClose(outputs.get("embedding"), model.encodeReports(scope, reports));
      }
    }
  }

  @Test
  void aModelWithoutTextsHasAVisionFileAlone(@TempDir Path dir) throws IOException {
    try (T3DModel model = model(vit().build(), new NoTextConfig("It", 12), 12, Projection.NONE)) {
      assertThat(OnnxExport.write(model, VIEW, dir)).containsExactly(dir.resolve("vision.onnx"));
    }
  }

  @Test
  void whatHasNoSuchFormIsRefusedByName(@TempDir Path dir) throws IOException {
    T3DModelBuilder own = T3DModel.builder().device(TestDevice.get()).embedDim(8);
    try (T3DModel model = own.vision(new TwoConvolutions(8)).text(text().build()).build()) {
      assertThatThrownBy(() -> OnnxExport.write(model, VIEW, dir))
          .isInstanceOf(T3dException.class)
          .hasMessage(
              "ONNX files are written of ResNet3d, Vit3d, CropVit3d, CtVit and OrganVit3d, got "
                  + TwoConvolutions.class.getName()
                  + ", which has no such form here; write one by code of your own");
    }
    T3DModelBuilder reader = T3DModel.builder().device(TestDevice.get()).embedDim(8);
    try (T3DModel model =
        reader
            .vision(vit().build())
            .text(new BagOfWords(4096, 10))
            .tokenizer(ReportTokenizer.builtin(30))
            .build()) {
      assertThatThrownBy(() -> OnnxExport.write(model, VIEW, dir))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("a TransformerTextEncoder, got " + BagOfWords.class.getName());
    }
    try (T3DModel model = model(vit().build(), text().build(), 8, Projection.LINEAR)) {
      assertThatThrownBy(() -> OnnxExport.write(model, Size3.cube(9), dir))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("must divide the view");
    }
    Vit3dConfig table = vit().position(Position.LEARNED).gridSize(new Size3(2, 4, 2)).build();
    try (T3DModel model = model(table, text().build(), 8, Projection.LINEAR)) {
      for (Size3 larger :
          List.of(new Size3(12, 16, 12), new Size3(8, 20, 12), new Size3(8, 16, 18))) {
        assertThatThrownBy(() -> OnnxExport.write(model, larger, dir))
            .isInstanceOf(T3dException.class)
            .hasMessageContaining("must fit into the learned position table (2, 4, 2)");
      }
    }
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void aModelWithLowRankPairsIsRefusedUntilTheyAreMerged(@TempDir Path dir) throws IOException {
    try (T3DModel model = model(vit().build(), text().build(), 8, Projection.LINEAR)) {
      model.addLora(LoraConfig.defaults(), 1);
      Path folder = dir.resolve("onnx");
      assertThatThrownBy(() -> OnnxExport.write(model, VIEW, folder))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("call mergeLora() first");
      assertThat(folder).doesNotExist();
      model.mergeLora();
      assertThat(OnnxExport.write(model, VIEW, folder)).hasSize(3);
    }
  }

  /** All weights and running statistics are random, so that nothing is 0 or 1 by its start. */
  private static T3DModel model(
      VisionConfig vision, TextEncoderConfig text, int embedDim, Projection projection) {
    T3DConfig config =
        new T3DConfig(
            vision, text, embedDim, projection, 0.07, Optional.empty(), textProjection(projection));
    T3DModel model = T3DModel.create(config, ReportTokenizer.builtin(30), TestDevice.get(), 3);
    Engine.getInstance().setRandomSeed(4);
    try (NDManager scope = model.manager().newSubManager();
        NoGrad constant = new NoGrad()) {
      for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
        NDArray array = entry.getValue().getArray();
        NDArray noise = scope.randomNormal(0, 0.2f, array.getShape(), DataType.FLOAT32);
        boolean positive = entry.getKey().endsWith("running_var");
        (positive ? noise.abs().add(0.5) : array.add(noise)).copyTo(array);
      }
    }
    return model;
  }

  private static Optional<Projection> textProjection(Projection vision) {
    return vision == Projection.NONE || vision == Projection.LINEAR_PER_PLACE
        ? Optional.of(Projection.LINEAR)
        : Optional.empty();
  }

  private static Map<String, float[]> onnx(Path file, Map<String, NDArray> inputs)
      throws OrtException {
    OrtEnvironment runtime = OrtEnvironment.getEnvironment();
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    Map<String, float[]> out = new LinkedHashMap<>();
    try (OrtSession session = runtime.createSession(file.toString())) {
      for (Map.Entry<String, NDArray> input : inputs.entrySet()) {
        NDArray array = input.getValue();
        long[] shape = array.getShape().getShape();
        tensors.put(
            input.getKey(),
            array.getDataType() == DataType.INT64
                ? OnnxTensor.createTensor(runtime, LongBuffer.wrap(array.toLongArray()), shape)
                : OnnxTensor.createTensor(runtime, FloatBuffer.wrap(array.toFloatArray()), shape));
      }
      try (OrtSession.Result result = session.run(tensors)) {
        for (Map.Entry<String, OnnxValue> value : result) {
          FloatBuffer numbers = ((OnnxTensor) value.getValue()).getFloatBuffer();
          float[] array = new float[numbers.remaining()];
          numbers.get(array);
          out.put(value.getKey(), array);
        }
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
    return out;
  }

  /** To 1e-4; of numbers beyond 10, as tokens behind no norm are, to 1e-5 of the largest. */
  private static void assertClose(float[] actual, NDArray expected) {
    float largest = expected.abs().max().getFloat();
    assertThat(actual)
        .containsExactly(expected.toFloatArray(), within(1e-5f * Math.max(10, largest)));
  }
}
