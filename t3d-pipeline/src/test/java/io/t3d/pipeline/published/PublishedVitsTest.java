package io.t3d.pipeline.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import com.google.common.base.Splitter;
import io.t3d.core.T3dException;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Rotary;
import io.t3d.core.file.Safetensors;
import io.t3d.core.model.Pretrained;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.TextEncoder.TextFeatures;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.ProjectionHead;
import io.t3d.core.nn.internal.encoder.TextEncoders;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.CropOrPad;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import io.t3d.data.view.WholeScan;
import io.t3d.pipeline.TestDevice;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * VoxelFM, SPECTRE, M3D-CLIP, Merlin, HLIP and RadFinder against their own code, on the files of
 * {@code published_vit_goldens.py} and its neighbours.
 */
class PublishedVitsTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/published");

  private static final Path SCAN = GOLDEN.resolve("ct-clip-scan.nii.gz");

  @TempDir Path dir;
  private Path bert;
  private Path roberta;

  @BeforeEach
  void tokenizers() throws IOException {
    bert = Files.createDirectory(dir.resolve("bert"));
    Files.writeString(
        bert.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlung\nno\nnodule\n.\n");
    Files.writeString(
        bert.resolve("config.json"),
        "{\"model_type\": \"bert\", \"hidden_size\": 24, \"num_attention_heads\": 3,"
            + " \"num_hidden_layers\": 2, \"intermediate_size\": 32, \"vocab_size\": 20,"
            + " \"max_position_embeddings\": 16, \"type_vocab_size\": 2, \"hidden_act\": \"gelu\","
            + " \"layer_norm_eps\": 1e-12, \"hidden_dropout_prob\": 0.1}");
    roberta = Files.createDirectory(dir.resolve("roberta"));
    Files.writeString(
        roberta.resolve("vocab.json"),
        "{\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \"n\": 4, \"o\": 5, \".\": 6,"
            + " \"\u0120\": 7, \"no\": 8, \"<mask>\": 9}");
    Files.writeString(roberta.resolve("merges.txt"), "#version: 0.2\nn o\n");
    Files.writeString(
        roberta.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"LongformerTokenizer\"}");
  }

  private TrainedModel imported(PublishedKind kind, String golden, Optional<Path> tokenizer)
      throws IOException {
    Path out = dir.resolve(golden);
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      Path file = GOLDEN.resolve(golden + ".safetensors");
      PublishedTensors tensors = PublishedTensors.read(scope, List.of(file), List.of(kind));
      assertThat(kind.recognises(tensors)).isTrue();
      PublishedModels.importTo(kind, tensors, tokenizer, out);
    }
    return TrainedModel.open(out, TestDevice.get());
  }

  private static Map<String, NDArray> expected(NDManager scope, String name) throws IOException {
    Map<String, NDArray> out = new LinkedHashMap<>();
    Safetensors.read(scope, GOLDEN.resolve(name + "-expected.safetensors"))
        .tensors()
        .forEach(out::put);
    return out;
  }

  /** The script's input, by its formula. */
  private static NDArray wave(NDManager scope, Shape shape) {
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (Math.sin(0.37 * i) + Math.cos(0.011 * i));
    }
    return scope.create(values, shape);
  }

  @Test
  void voxelFmGivesTheTokensAndTheClassTokenOfItsOwnCode() throws IOException {
    Path out = dir.resolve("voxelfm");
    PublishedNote note =
        PublishedModels.importTo(
            List.of(GOLDEN.resolve("voxelfm.safetensors")),
            Optional.empty(),
            Optional.empty(),
            out);
    assertThat(note.kind()).isEqualTo("voxelfm");
    try (TrainedModel trained = TrainedModel.open(out, TestDevice.get());
        NDManager scope = trained.model().manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope, "voxelfm");
      VisualTokens seen = encode(trained.model(), scope, expected.get("input"));
      assertClose(seen.tokens(), expected.get("tokens"), 1e-4);
      assertClose(seen.pooled().orElseThrow(), expected.get("pooled"), 1e-4);
      NDArray embedding = trained.model().encodeVolumes(expected.get("input"));
      assertClose(embedding, expected.get("pooled").normalize(2, 1), 1e-4);
      assertThat(trained.model().encodeVolumeTokens(expected.get("input")).tokens().getShape())
          .isEqualTo(expected.get("tokens").getShape());
      assertThatThrownBy(() -> trained.model().encodeReports(scope, List.of("no nodule")))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith(
              "This model cannot read texts: VoxelFM is a vision encoder; embeddings of volumes");
    }
  }

  @Test
  void rotaryPeriodsOfAnotherFormAreRefusedByName() throws IOException {
    Path changed = dir.resolve("changed.safetensors");
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> tensors =
          new LinkedHashMap<>(
              Safetensors.read(scope, GOLDEN.resolve("voxelfm.safetensors")).tensors());
      String name =
          tensors.keySet().stream().filter(n -> n.endsWith("periods")).findFirst().orElseThrow();
      float[] periods = tensors.get(name).toFloatArray();
      periods[0] = 1.5f; // the last one alone still tells the base
      tensors.put(name, scope.create(periods));
      Safetensors.write(changed, tensors, Map.of());
      assertThatThrownBy(
              () ->
                  PublishedModels.importTo(
                      List.of(changed), Optional.empty(), Optional.empty(), dir.resolve("changed")))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining(name + " must be the powers of one base, got 1.5 for 1.0 at 0");
    }
  }

  @Test
  void aModelStartsFromAnImportedVisionEncoder() throws IOException {
    Path folder = dir.resolve("voxelfm");
    imported(new VoxelFm(), "voxelfm", Optional.empty()).close();
    try (T3DModel model =
            Pretrained.none().withVision(folder).create(T3DConfig.tiny(), TestDevice.get(), 1);
        NDManager scope = model.manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope, "voxelfm");
      assertThat(((Vit3dConfig) model.config().vision()).variantOrPlain().registers()).isEqualTo(4);
      VisualTokens seen = encode(model, scope, expected.get("input"));
      assertClose(seen.pooled().orElseThrow(), expected.get("pooled"), 1e-4);
      assertThat(model.encodeReports(scope, List.of("no nodule")).getShape())
          .isEqualTo(new Shape(1, 128));
    }
  }

  @Test
  void spectreGivesTheCombinersTokensOfItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(new Spectre(2), "spectre", Optional.empty());
        NDManager scope = trained.model().manager().newSubManager()) {
      assertSpectre(trained.model(), scope);
    }
  }

  @Test
  void spectresTwoFilesGoTogether() throws IOException {
    Path out = dir.resolve("two");
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      Map<String, NDArray> local = new LinkedHashMap<>();
      Map<String, NDArray> combiner = new LinkedHashMap<>();
      Safetensors.read(scope, GOLDEN.resolve("spectre.safetensors"))
          .tensors()
          .forEach(
              (name, array) -> {
                boolean first = name.startsWith("backbone.");
                (first ? local : combiner).put(name.substring(name.indexOf('.') + 1), array);
              });
      Path one = dir.resolve("backbone.safetensors");
      Path other = dir.resolve("combiner.safetensors");
      Safetensors.write(one, local, Map.of());
      Safetensors.write(other, combiner, Map.of());
      PublishedKind kind = new Spectre(2);
      PublishedModels.importTo(
          kind,
          PublishedTensors.read(scope, List.of(one, other), List.of(kind)),
          Optional.empty(),
          out);
      PublishedTensors alone = PublishedTensors.read(scope, List.of(one), List.of(kind));
      assertThatThrownBy(
              () -> PublishedModels.importTo(kind, alone, Optional.empty(), dir.resolve("alone")))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("backbone and feature combiner, go together")
          .hasMessageContaining("feature_combiner.patch_proj.weight");
    }
    try (TrainedModel trained = TrainedModel.open(out, TestDevice.get());
        NDManager scope = trained.model().manager().newSubManager()) {
      assertSpectre(trained.model(), scope);
    }
  }

  private static void assertSpectre(T3DModel model, NDManager scope) throws IOException {
    Map<String, NDArray> expected = expected(scope, "spectre");
    NDArray input = expected.get("input");
    VisualTokens seen = encode(model, scope, input);
    assertThat(List.of(seen.depth(), seen.height(), seen.width())).containsExactly(2, 3, 2);
    NDArray own = seen.tokens().get(":, :, 24:").reshape(1, 2, 3, 2, 24);
    assertClose(own, expected.get("tokens"), 1e-4);
    assertClose(seen.tokens().get(":, 0, :24"), expected.get("class_token"), 1e-4);
    assertClose(seen.tokens().mean(new int[] {1}), expected.get("pooled"), 1e-4);
    assertClose(model.encodeVolumes(input), expected.get("pooled").normalize(2, 1), 1e-4);
    NDArray both = model.encodeVolumes(input.repeat(0, 2));
    assertClose(both.get("1:2"), expected.get("pooled").normalize(2, 1), 1e-4);
  }

  @Test
  void m3dClipGivesTheEmbeddingsAndSimilaritiesOfItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(new M3dClip(8), "m3d-clip", Optional.of(bert));
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      Map<String, NDArray> expected = expected(scope, "m3d-clip");
      NDArray images = model.encodeVolumes(expected.get("input"));
      assertClose(images, expected.get("embedding"), 1e-4);
      assertClose(
          model.encodeVolumeTokens(expected.get("input")).tokens(), expected.get("tokens"), 1e-4);
      TextFeatures read =
          model
              .text()
              .encode(
                  new ParameterStore(scope, false),
                  new TokenBatch(expected.get("ids"), expected.get("mask")),
                  false);
      NDArray texts = projected(model, read.pooled());
      assertClose(texts, expected.get("text"), 1e-4);
      assertClose(images.matMul(texts.transpose()), expected.get("similarities"), 1e-4);
      assertThat(Math.exp(model.logitScale())).isCloseTo(2.5, within(1e-5));
    }
  }

  @Test
  void merlinGivesTheEmbeddingsAndSimilaritiesOfItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(new Merlin(4, 8), "merlin", Optional.of(roberta));
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      Map<String, NDArray> expected = expected(scope, "merlin");
      NDArray input =
          wave(scope, new Shape(2, 1, 36, 40, 20)).transpose(0, 1, 4, 3, 2); // (x, y, z) there
      NDArray images = model.encodeVolumes(input.reshape(2, 1, 20, 40, 36));
      assertClose(images, expected.get("embedding"), 1e-4);
      TextFeatures read =
          model
              .text()
              .encode(
                  new ParameterStore(scope, false),
                  new TokenBatch(expected.get("ids"), expected.get("mask")),
                  false);
      assertClose(read.tokens().get("0"), expected.get("hidden").get("0"), 1e-4);
      assertClose(read.tokens().get("1, :7"), expected.get("hidden").get("1, :7"), 1e-4);
      NDArray texts = projected(model, read.pooled());
      assertClose(texts, expected.get("text"), 1e-4);
      assertClose(images.matMul(texts.transpose()), expected.get("similarities"), 1e-4);
      // "NO." is worded as "no ." before the tokenizer.
      assertThat(model.tokenize(scope, List.of("NO.")).tokenIds().toLongArray())
          .containsExactly(0, 8, 7, 6, 2);
    }
  }

  @Test
  void hlipGivesTheEmbeddingsAndSimilaritiesOfItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(new Hlip(8), "hlip", Optional.of(bert));
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      Map<String, NDArray> expected = expected(scope, "hlip");
      NDArray images = model.encodeVolumes(expected.get("input"));
      assertClose(images, expected.get("embedding"), 1e-4);
      VisualTokens seen = encode(model, scope, expected.get("input"));
      assertThat(List.of(seen.depth(), seen.height(), seen.width())).containsExactly(2, 2, 3);
      assertClose(seen.tokens(), expected.get("features"), 1e-4);
      TextFeatures read =
          model
              .text()
              .encode(
                  new ParameterStore(scope, false),
                  new TokenBatch(expected.get("ids"), expected.get("mask")),
                  false);
      NDArray weight = model.parameters().get("text_projection.weight").getArray();
      NDArray texts = read.pooled().matMul(weight.transpose()).normalize(2, 1);
      assertClose(texts, expected.get("text"), 1e-4);
      assertClose(images.matMul(texts.transpose()), expected.get("similarities"), 1e-4);
      assertThat(model.logitScale()).isCloseTo(2.5, within(1e-5));
      assertThat(trained.prompts()).hasSize(16);
      assertThat(trained.prompts().get(1).negative())
          .containsExactly("The volume shows: Not atelectatic.");
    }
  }

  @Test
  void anHlipOfSeveralScansIsRefusedByName() throws IOException {
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      Map<String, NDArray> brain = structure(scope, "hlip");
      brain.put("visual.trunk.sequential_posemb", scope.ones(new Shape(1, 40, 768)));
      PublishedTensors file = PublishedTensors.of("brain", scope, brain);
      assertThat(new Hlip().recognises(file)).isTrue();
      assertThatThrownBy(() -> new Hlip().describe(file, Optional.of(bert)))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith("brain is an HLIP of studies of several scans");
    }
  }

  @Test
  void radFinderGivesTheEmbeddingsForRetrievalOfItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(new RadFinder(2), "radfinder", Optional.empty());
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      NDArray expected = expected(scope, "radfinder").get("embedding");
      NDArray input =
          wave(scope, new Shape(1, 1, 32, 64, 16))
              .transpose(0, 1, 4, 3, 2) // (x, y, z) there
              .reshape(1, 1, 16, 64, 32);
      VisualTokens seen = encode(model, scope, input);
      assertThat(List.of(seen.depth(), seen.height(), seen.width())).containsExactly(2, 2, 1);
      assertThat(seen.tokens().getShape()).isEqualTo(new Shape(1, 4, 10));
      assertClose(seen.pooled().orElseThrow(), expected, 1e-4);
      assertClose(model.encodeVolumes(input), expected.normalize(2, 1), 1e-4);
      assertThatThrownBy(() -> model.encodeReports(scope, List.of("no nodule")))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith("This model cannot read texts: RadFinder's texts");
    }
  }

  private static NDArray projected(T3DModel model, NDArray pooled) {
    NDArray w = model.parameters().get("text_projection.weight").getArray();
    NDArray b = model.parameters().get("text_projection.bias").getArray();
    return pooled.matMul(w.transpose()).add(b).normalize(2, 1);
  }

  private static VisualTokens encode(T3DModel model, NDManager scope, NDArray views) {
    return model.vision().encode(new ParameterStore(scope, false), views, false);
  }

  @Test
  void filesOfThePublishedStructuresLoadWithNothingMissingAndNothingLeft() throws IOException {
    T3DConfig voxelfm = assertLoads(new VoxelFm(), "voxelfm", Optional.empty());
    Vit3dConfig vit = (Vit3dConfig) voxelfm.vision();
    assertThat(List.of(vit.layers(), vit.heads(), vit.hiddenSize(), vit.mlpSize()))
        .containsExactly(12, 12, 864, 3456);
    assertThat(vit.patch()).isEqualTo(Size3.cube(14));
    assertThat(vit.variantOrPlain().registers()).isEqualTo(4);

    T3DConfig spectre = assertLoads(new Spectre(), "spectre", Optional.empty());
    CropVit3dConfig crops = (CropVit3dConfig) spectre.vision();
    assertThat(crops.crop()).isEqualTo(new Size3(64, 128, 128));
    assertThat(crops.local().layers()).isEqualTo(24);
    assertThat(crops.local().heads()).isEqualTo(12);
    assertThat(crops.combiner().layers()).isEqualTo(4);
    assertThat(spectre.embedDim()).isEqualTo(2160);

    Path noConfig = Files.createDirectory(dir.resolve("no-config"));
    T3DConfig m3d = assertLoads(new M3dClip(), "m3d-clip", Optional.of(noConfig));
    Vit3dConfig monai = (Vit3dConfig) m3d.vision();
    assertThat(monai.patch()).isEqualTo(new Size3(4, 16, 16));
    assertThat(monai.gridSize()).isEqualTo(new Size3(8, 16, 16));
    assertThat(monai.heads()).isEqualTo(12);

    T3DConfig merlin = assertLoads(new Merlin(), "merlin", Optional.of(noConfig));
    assertThat(((ResNet3dConfig) merlin.vision()).layers()).containsExactly(3, 8, 36, 3);
    TextConfig text = (TextConfig) merlin.text();
    assertThat(text.attentionWindow()).contains(512);
    assertThat(List.of(text.heads(), text.maxLength(), text.positionOffset()))
        .containsExactly(12, 1024, 2);

    T3DConfig radfinder = assertLoads(new RadFinder(), "radfinder", Optional.empty());
    CropVit3dConfig windows = (CropVit3dConfig) radfinder.vision();
    assertThat(windows.crop()).isEqualTo(new Size3(32, 128, 128));
    assertThat(windows.head()).contains(new CropVit3dConfig.Head(2048, 256, 512));
    assertThat(radfinder.embedDim()).isEqualTo(512);

    Vit3dConfig slices =
        (Vit3dConfig) assertLoads(new Hlip(), "hlip", Optional.of(noConfig)).vision();
    assertThat(slices.patch()).isEqualTo(new Size3(8, 24, 24));
    assertThat(slices.gridSize()).isEqualTo(Size3.cube(14));
    assertThat(List.of(slices.layers(), slices.heads(), slices.variantOrPlain().globalEvery()))
        .containsExactly(12, 12, 3);

    T3DConfig fvlm = assertLoads(new FVlm(), "fvlm", Optional.of(noConfig));
    OrganVit3dConfig organs = (OrganVit3dConfig) fvlm.vision();
    assertThat(organs.vit().patch()).isEqualTo(new Size3(16, 16, 32));
    assertThat(organs.vit().gridSize()).isEqualTo(new Size3(7, 16, 11));
    assertThat(organs.levels()).containsExactly(3, 6, 9, 11);
    assertThat(List.of(organs.vit().heads(), organs.heads(), organs.embedDim()))
        .containsExactly(12, 4, 256);
    assertThat(((TextConfig) fvlm.text()).maxLength()).isEqualTo(384);
  }

  private static T3DConfig assertLoads(PublishedKind kind, String name, Optional<Path> tokenizer)
      throws IOException {
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      PublishedTensors file = PublishedTensors.of(name, scope, structure(scope, name));
      assertThat(kind.recognises(file)).isTrue();
      PublishedModel described = kind.describe(file, tokenizer);
      T3DConfig config = described.config();
      Map<String, Shape> wanted = new LinkedHashMap<>();
      Size3 size = VisionEncoders.create(config.vision()).exampleSize();
      put(
          wanted,
          "vision.",
          VisionEncoders.create(config.vision()),
          new Shape(1, 1, size.depth(), size.height(), size.width()));
      put(wanted, "text.", TextEncoders.create(config.text()), new Shape(1, 1), new Shape(1, 1));
      int e = config.embedDim();
      int c = config.vision().channels();
      int t = config.text().hiddenSize();
      put(
          wanted,
          "vision_projection.",
          new ProjectionHead(c, e, config.projectionOfVision(), 0),
          new Shape(1, 1, c));
      put(
          wanted,
          "text_projection.",
          new ProjectionHead(t, e, config.projectionOfText(), 0),
          new Shape(1, 1, t));
      wanted.put("logit_scale.value", new Shape());
      assertThat(file.weights(name, described.weights(), wanted).keySet())
          .isEqualTo(wanted.keySet());
      return config;
    }
  }

  /** Arrays of the published shapes that take no memory; ones, for numbers are read of some. */
  private static Map<String, NDArray> structure(NDManager scope, String name) throws IOException {
    NDArray one = scope.ones(new Shape());
    Map<String, NDArray> out = new LinkedHashMap<>();
    for (String line : Files.readAllLines(GOLDEN.resolve(name + ".txt"))) {
      List<String> parts = Splitter.on(' ').splitToList(line);
      long[] sizes =
          Splitter.on(',')
              .splitToStream(parts.size() == 1 ? "" : parts.get(1))
              .filter(size -> !size.isEmpty())
              .mapToLong(Long::parseLong)
              .toArray();
      out.put(parts.get(0), one.broadcast(new Shape(sizes)));
    }
    return out;
  }

  private static void put(Map<String, Shape> out, String prefix, Block block, Shape... inputs) {
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      block.setInitializer((m, shape, type) -> m.zeros(new Shape()).broadcast(shape), p -> true);
      block.initialize(scope, DataType.FLOAT32, inputs);
      StateDict.of(block).forEach((name, p) -> out.put(prefix + name, p.getArray().getShape()));
    }
  }

  @Test
  void volumesArePreparedAsByTheirOwnCode() throws IOException {
    assertPrepared(Merlin.preprocessing().withSize(new Size3(16, 20, 24)), "merlin");
    assertPrepared(
        Spectre.preprocessing()
            .withSpacing(new Spacing(1.5, 0.75, 0.75)) // its pre-training's
            .withSize(new Size3(24, 48, 40)),
        "spectre");
    assertPrepared(
        VoxelFm.preprocessing().withSpacing(Spacing.isotropic(1.5)).withSize(new Size3(14, 28, 28)),
        "voxelfm");
    assertPrepared(RadFinder.preprocessing().withSize(new Size3(12, 24, 24)), "radfinder");
  }

  /** The middle of HLIP's volume: its code pads to one size alone. */
  @Test
  void aVolumeIsPreparedAsByHlipsOwnCode() throws IOException {
    Volume whole = Hlip.preprocessing().read(GOLDEN.resolve("ct-clip-scan.nii.gz"));
    float[] middle = new float[12 * 36 * 64];
    for (int i = 0; i < middle.length; i++) {
      int z = 50 + i / (36 * 64);
      int y = 150 + i / 64 % 36;
      int x = 136 + i % 64;
      middle[i] = whole.voxels()[(z * whole.height() + y) * whole.width() + x];
    }
    assertThat(List.of(whole.depth(), whole.height(), whole.width()))
        .containsExactly(112, 336, 336);
    assertThat(middle).containsExactly(expectedVoxels("hlip"), within(1e-3f));
  }

  private static void assertPrepared(Preprocessing steps, String name) throws IOException {
    float[] got = steps.read(GOLDEN.resolve("ct-clip-scan.nii.gz")).voxels();
    assertThat(got).as(name).containsExactly(expectedVoxels(name), within(1e-3f));
  }

  private static float[] expectedVoxels(String name) throws IOException {
    byte[] file = Files.readAllBytes(GOLDEN.resolve(name + "-scan.expected.npy"));
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(10 + Short.toUnsignedInt(bytes.getShort(8))); // behind the header of version 1
    float[] expected = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(expected);
    return expected;
  }

  @Test
  void voxelFmEmbedsWholeScansAsItsOwnCode() throws IOException {
    imported(new VoxelFm(), "voxelfm", Optional.empty()).close();
    Path settings = dir.resolve("voxelfm/data.json");
    String published = Files.readString(settings);
    Map<String, Integer> mostPatches = Map.of("all", 25_000, "few", 300, "fewer", 77);
    for (Map.Entry<String, Integer> most : mostPatches.entrySet()) {
      Files.writeString(
          settings,
          published.replace("\"mostPatches\" : 25000", "\"mostPatches\" : " + most.getValue()));
      try (TrainedModel trained = TrainedModel.open(dir.resolve("voxelfm"), TestDevice.get());
          NDManager scope = trained.model().manager().newSubManager()) {
        Map<String, NDArray> expected = expected(scope, "voxelfm-whole");
        String name = most.getKey();
        Volume seen = trained.view(SCAN).crop();
        assertWhole(
            seen, expected.get(name + "_size"), expected.get(name + "_image"), 2e-4); // of 0 … 6
        NDArray voxels =
            scope.create(seen.voxels(), new Shape(1, 1, seen.depth(), seen.height(), seen.width()));
        VisualTokens read = encode(trained.model(), scope, voxels);
        NDArray tokens =
            read.tokens().reshape(read.depth(), read.height(), read.width(), -1); // (d, h, w, C)
        assertClose(tokens.get("::3, ::3, ::3"), expected.get(name + "_tokens"), 1e-4);
        assertClose(read.pooled().orElseThrow(), expected.get(name + "_class_token"), 1e-4);
        assertClose(
            scope.create(trained.embed(SCAN)),
            expected.get(name + "_class_token").normalize(2, 1),
            1e-4);
      }
    }
  }

  @Test
  void voxelFmsRulesOfSpacingAndPatchesAreThoseOfItsOwnCode() throws IOException {
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      Map<String, NDArray> expected = expected(scope, "voxelfm-whole");
      Spacing[] spacings = {
        new Spacing(3, 0.6, 0.6), Spacing.isotropic(0.5), new Spacing(2, 1.1, 1.1)
      };
      long[] sizes = expected.get("isotropic").toLongArray();
      for (int i = 0; i < spacings.length; i++) {
        int[] row = row(sizes, i, 6);
        Volume made = VoxelFm.preprocessing().apply(zeros(row, spacings[i]));
        assertThat(List.of(made.depth(), made.height(), made.width()))
            .containsExactly(row[3], row[4], row[5]);
      }
      long[] patches = expected.get("patches").toLongArray();
      for (int i = 0; i < patches.length / 7; i++) {
        int[] row = row(patches, i, 7);
        ViewConfig views =
            ViewConfig.tiny().withWholeScan(new WholeScan(Size3.cube(4), Optional.of(row[3])));
        Volume made = new MultiViewSampler(views).center(zeros(row, Spacing.isotropic(1))).crop();
        assertThat(List.of(made.depth(), made.height(), made.width()))
            .as(Arrays.toString(row))
            .containsExactly(
                Math.max(1, row[4] / 4) * 4, // its own code fails where nothing is left
                Math.max(1, row[5] / 4) * 4,
                Math.max(1, row[6] / 4) * 4);
      }
    }
  }

  @Test
  void spectreEmbedsWholeScansAsItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(new Spectre(2), "spectre", Optional.empty());
        NDManager scope = trained.model().manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope, "spectre-whole");
      View view = trained.view(SCAN);
      Volume seen = view.crop();
      assertWhole(seen, expected.get("size"), expected.get("image"), 1e-4);
      NDArray voxels =
          scope.create(seen.voxels(), new Shape(1, 1, seen.depth(), seen.height(), seen.width()));
      VisualTokens read = encode(trained.model(), scope, voxels);
      NDArray tokens =
          read.tokens()
              .get(":, :, 24:") // behind the class token
              .reshape(read.depth(), read.height(), read.width(), -1);
      assertClose(tokens.get("::3, ::3, ::3"), expected.get("tokens"), 1e-4);
      NDArray embedding = expected.get("pooled").normalize(2, 1);
      assertClose(scope.create(trained.embed(SCAN)), embedding, 1e-4);

      // Scans of several sizes, at once: each as alone.
      Volume smaller = new CropOrPad(new Size3(8, 48, 40), 0).apply(seen);
      View other = new View(View.Kind.GLOBAL, smaller, smaller.bounds());
      float[][] both = trained.embedViews(List.of(view, other, view));
      assertClose(scope.create(both[0]).expandDims(0), embedding, 1e-4);
      assertThat(both[2]).isEqualTo(both[0]);
      assertThat(both[1]).isEqualTo(trained.embedViews(List.of(other))[0]).isNotEqualTo(both[0]);
      assertThat(trained.embed(SCAN, SCAN)[1]).isEqualTo(both[0]);
    }
  }

  /** The last scan has axes shorter than a window, which are padded. */
  @ParameterizedTest
  @CsvSource({"chest, fvlm-scan, 8, 9", "small, ct-clip-scan, 2, 3", "padded, ct-clip-scan, 8, 9"})
  void radFinderEmbedsWholeScansAsItsOwnCode(String name, String file, int patches, int step)
      throws IOException {
    Path scan = GOLDEN.resolve(file + ".nii.gz");
    try (TrainedModel trained = imported(new RadFinder(patches), "radfinder", Optional.empty());
        NDManager scope = trained.model().manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope, "radfinder-whole");
      Volume seen = trained.view(scan).crop();
      assertWhole(seen, expected.get(name + "_size"), expected.get(name + "_image"), step, 1e-4);
      NDArray voxels =
          scope.create(seen.voxels(), new Shape(1, 1, seen.depth(), seen.height(), seen.width()));
      VisualTokens read = encode(trained.model(), scope, voxels);
      NDArray tokens = read.tokens().reshape(read.depth(), read.height(), read.width(), -1);
      assertClose(tokens, expected.get(name + "_tokens"), 1e-4);
      NDArray embedding = scope.create(trained.embed(scan));
      assertClose(embedding, expected.get(name + "_embedding").normalize(2, 1), 1e-4);
      assertClose(
          embedding.matMul(expected.get("texts").transpose()),
          expected.get(name + "_similarities"),
          1e-4);
    }
  }

  /** The size, and every third voxel of each axis. */
  private static void assertWhole(Volume seen, NDArray size, NDArray some, double tolerance) {
    assertWhole(seen, size, some, 3, tolerance);
  }

  /** The size, and one voxel of each axis in so many. */
  private static void assertWhole(
      Volume seen, NDArray size, NDArray some, int step, double tolerance) {
    assertThat(new long[] {seen.depth(), seen.height(), seen.width()})
        .containsExactly(size.toLongArray());
    NDArray all =
        some.getManager()
            .create(seen.voxels(), new Shape(seen.depth(), seen.height(), seen.width()));
    assertClose(all.get("::" + step + ", ::" + step + ", ::" + step), some, tolerance);
  }

  private static int[] row(long[] table, int row, int width) {
    return Arrays.stream(table, row * width, (row + 1) * width).mapToInt(n -> (int) n).toArray();
  }

  private static Volume zeros(int[] size, Spacing mm) {
    return new Volume(
        new float[size[0] * size[1] * size[2]], size[0], size[1], size[2], Affine.of(mm));
  }

  @Test
  void modelsThatAreKnownButNotRunAreRefusedByName() {
    for (String name : List.of("colipri")) {
      assertThatThrownBy(
              () ->
                  PublishedModels.importTo(
                      List.of(GOLDEN.resolve("voxelfm.safetensors")),
                      Optional.of(name),
                      Optional.empty(),
                      dir.resolve("out")))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith(name + " is not imported: ");
    }
    assertThat(PublishedModels.names())
        .containsExactly(
            "ct-clip", "merlin", "spectre", "voxelfm", "m3d-clip", "hlip", "radfinder", "fvlm");
  }

  @Test
  void aVariantOfTheVitGivesTheTokensOfPrimus() throws IOException {
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      Map<String, NDArray> expected = expected(scope, "primus");
      Vit3dConfig backbone =
          Vit3dConfig.builder()
              .patch(Size3.cube(4))
              .hiddenSize(24)
              .layers(2)
              .heads(2)
              .mlpSize(64)
              .position(Vit3dConfig.Position.NONE)
              .dropout(0)
              .qkvBias(true)
              .variant(
                  Vit3dVariant.builder()
                      .layerScale(0.1)
                      .rotary(new Rotary(Rotary.Coordinates.INDEX, 10_000))
                      .mlp(Vit3dVariant.Mlp.SWIGLU)
                      .mlpNorm(true)
                      .attentionNorm(true)
                      .build())
              .build();
      try (T3DModel model =
          Pretrained.none()
              .withVision(GOLDEN.resolve("primus.safetensors"))
              .create(T3DConfig.tiny().toBuilder().vision(backbone).build(), TestDevice.get(), 1)) {
        VisualTokens seen = encode(model, scope, expected.get("input"));
        assertClose(seen.tokens(), expected.get("features"), 1e-4);
      }
    }
  }

  private static void assertClose(NDArray got, NDArray expected, double tolerance) {
    assertThat(got.getShape()).isEqualTo(expected.getShape());
    assertThat((double) got.sub(expected).abs().max().getFloat()).isLessThan(tolerance);
  }
}
