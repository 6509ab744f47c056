package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.file.Safetensors;
import io.t3d.core.text.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against transformers and PyTorch, on the files of {@code pretrained_text_goldens.py} and {@code
 * pretrained_vision_goldens.py}.
 */
class PretrainedTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/pretrained");
  private static final List<String> REPORTS =
      List.of(
          "Small pleural effusion on the left.",
          "No nodule. 7mm CYST in the right kidney, unchanged; clinical correlation is advised",
          "Café-sized opacity!");

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {"bert-safetensors", "bert-sharded", "bert-bin", "bert-bin-old", "roberta-bin"})
  void aTextFolderGivesTheTokensOfTransformers(String name) throws IOException {
    Path folder = GOLDEN.resolve(name);
    try (T3DModel model = text(folder);
        NDManager manager = model.manager().newSubManager()) {
      var expected = Safetensors.read(manager, folder.resolve("expected.safetensors")).tensors();

      TokenBatch reports = model.tokenize(manager, REPORTS);
      assertThat(reports.tokenIds()).isEqualTo(expected.get("ids"));
      assertThat(reports.attentionMask()).isEqualTo(expected.get("mask"));

      ParameterStore parameters = new ParameterStore(manager, false);
      NDArray tokens = model.network().text.encode(parameters, reports, false).tokens();
      NDArray real = expected.get("mask").toType(DataType.FLOAT32, false).expandDims(2);
      assertClose(tokens.mul(real), expected.get("tokens").mul(real));
      assertThat(model.origins().get("text")).startsWith(name + "/").contains(" sha256:");
    }
  }

  @Test
  void cxrBertIsReadAsTheBertThatItIs() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("cxr"));
    Path golden = GOLDEN.resolve("bert-bin");
    for (String file : List.of("vocab.txt", "pytorch_model.bin")) {
      Files.copy(golden.resolve(file), folder.resolve(file));
    }
    String config = Files.readString(golden.resolve("config.json"));
    Files.writeString(
        folder.resolve("config.json"),
        config.replace("\"bert\"", "\"cxr-bert\", \"projection_size\": 128"));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"CXRBertTokenizer\", \"auto_map\": {\"AutoTokenizer\":"
            + " [\"configuration_cxrbert.CXRBertTokenizer\", null]}, \"do_lower_case\": true}");
    try (T3DModel model = text(folder);
        NDManager manager = model.manager().newSubManager()) {
      var expected = Safetensors.read(manager, golden.resolve("expected.safetensors")).tensors();
      TokenBatch reports = model.tokenize(manager, REPORTS);
      ParameterStore parameters = new ParameterStore(manager, false);
      NDArray tokens = model.network().text.encode(parameters, reports, false).tokens();
      NDArray real = expected.get("mask").toType(DataType.FLOAT32, false).expandDims(2);
      assertThat(reports.tokenIds()).isEqualTo(expected.get("ids"));
      assertClose(tokens.mul(real), expected.get("tokens").mul(real));
    }
  }

  @Test
  void whoGoesOnWithAModelKeepsWhatItReadsOfLongReports() {
    TextConfig saved =
        TextConfig.tiny().toBuilder()
            .maxLength(16)
            .longReports(TextConfig.LongReports.TAIL)
            .build();
    TextConfig fitted = TextConfig.tiny().withSizesOf(saved);
    assertThat(fitted.maxLength()).isEqualTo(16);
    assertThat(fitted.longReports()).contains(TextConfig.LongReports.TAIL);
    TextConfig own = TextConfig.tiny().toBuilder().longReports(TextConfig.LongReports.HEAD).build();
    assertThat(own.withSizesOf(saved).longReports()).contains(TextConfig.LongReports.HEAD);
  }

  @Test
  void aBlankLastLineOfAVocabularyIsNoToken() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("blank"));
    Path golden = GOLDEN.resolve("bert-bin");
    for (String file : List.of("config.json", "pytorch_model.bin")) {
      Files.copy(golden.resolve(file), folder.resolve(file));
    }
    String vocab = Files.readString(golden.resolve("vocab.txt"));
    Files.writeString(folder.resolve("vocab.txt"), vocab + "\n \n");
    try (T3DModel model = text(folder)) {
      assertThat(model.tokenizer().vocabSize()).isEqualTo(model.config().text().vocabSize());
    }
  }

  @Test
  void aTokenBeyondThePretrainedEmbeddingIsAnErrorThatSaysHowItGrows() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("added"));
    Path golden = GOLDEN.resolve("bert-bin");
    for (String file : List.of("config.json", "vocab.txt", "pytorch_model.bin")) {
      Files.copy(golden.resolve(file), folder.resolve(file));
    }
    int rows = Files.readAllLines(golden.resolve("vocab.txt")).size();
    Files.writeString(folder.resolve("added_tokens.json"), "{\"[FINDINGS]\": " + rows + "}");
    assertThatThrownBy(() -> text(folder))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "TextConfig.vocabSize must be at least the tokenizer's vocabulary, "
                + (rows + 1)
                + " (with 1 added token(s), e.g. [FINDINGS]="
                + rows
                + "), got "
                + rows
                + "; set vocabSize or take another tokenizer; pretrained weights grow in Python by"
                + " model.resize_token_embeddings(len(tokenizer))");
  }

  @Test
  void pointersOfGitLfsAreNamed() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("lfs"));
    Path golden = GOLDEN.resolve("bert-bin");
    for (String file : List.of("config.json", "vocab.txt", "pytorch_model.bin")) {
      for (String copied : List.of("config.json", "vocab.txt", "pytorch_model.bin")) {
        Files.copy(
            golden.resolve(copied),
            folder.resolve(copied),
            java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
      Files.writeString(
          folder.resolve(file),
          "version https://git-lfs.github.com/spec/v1\noid sha256:46\nsize 438007537\n");
      assertThatThrownBy(() -> text(folder))
          .as(file)
          .hasMessageContaining(
              folder.resolve(file)
                  + " is a Git LFS pointer, not the file of 438007537 bytes that it stands for;"
                  + " fetch that with: git lfs pull");
    }
  }

  static Stream<Arguments> visionFiles() {
    ResNet3dConfig.Block basic = ResNet3dConfig.Block.BASIC;
    List<Integer> widths = List.of(2, 3, 4, 5);
    Size3 ours = new Size3(2, 3, 5);
    return Stream.of(
        arguments(
            "resnet-monai.pt", new ResNet3dConfig(basic, List.of(1, 2, 1, 1), widths, 7, 2, true)),
        arguments(
            "resnet-medicalnet.pth",
            new ResNet3dConfig(basic, List.of(1, 1, 1, 1), widths, 5, 1, true)),
        arguments(
            "vit-monai.pt",
            Vit3dConfig.builder()
                .patch(new Size3(2, 4, 4))
                .hiddenSize(12)
                .layers(2)
                .heads(3)
                .mlpSize(16)
                .position(Position.LEARNED)
                .gridSize(new Size3(2, 3, 2))
                .dropout(0)
                .build()),
        arguments("vit-timm.pth", planar(new Size3(2, 4, 4), ours, 1e-6)),
        arguments(
            "vit-huggingface.safetensors", planar(new Size3(3, 4, 4), new Size3(1, 3, 3), 1e-12)));
  }

  private static Vit3dConfig planar(Size3 patch, Size3 grid, double eps) {
    return Vit3dConfig.builder()
        .patch(patch)
        .hiddenSize(12)
        .layers(2)
        .heads(3)
        .mlpSize(20)
        .position(Position.LEARNED)
        .gridSize(grid)
        .dropout(0)
        .qkvBias(true)
        .layerNormEps(eps)
        .build();
  }

  @ParameterizedTest
  @MethodSource("visionFiles")
  void aVisionFileGivesTheTokensOfPyTorch(String name, VisionConfig config) throws IOException {
    Path file = GOLDEN.resolve("vision").resolve(name);
    String stem = name.substring(0, name.lastIndexOf('.'));
    try (T3DModel model =
            Pretrained.none().withVision(file).create(with(config), TestDevice.get(), 1);
        NDManager manager = model.manager().newSubManager()) {
      var golden =
          Safetensors.read(manager, file.resolveSibling(stem + ".expected.safetensors")).tensors();

      ParameterStore parameters = new ParameterStore(manager, false);
      NDArray tokens =
          model.network().vision.encode(parameters, golden.get("input"), false).tokens();

      assertClose(tokens, golden.get("tokens"));
      assertThat(model.origins().get("vision")).startsWith("vision/" + name + " sha256:");
    }
  }

  @Test
  void aSavedModelNeedsTheFolderNoMoreAndKeepsItsOrigin() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("published"));
    for (String file : List.of("config.json", "vocab.txt", "pytorch_model.bin")) {
      Files.copy(GOLDEN.resolve("bert-bin").resolve(file), folder.resolve(file));
    }
    Path saved = dir.resolve("saved");
    Map<String, String> origins;
    float[] before;
    try (T3DModel model = text(folder)) {
      model.save(saved);
      origins = model.origins();
      before = model.encodeReports(REPORTS).toFloatArray();
    }
    for (String file : List.of("config.json", "vocab.txt", "pytorch_model.bin")) {
      Files.delete(folder.resolve(file));
    }

    try (T3DModel model = T3DModel.load(saved, TestDevice.get())) {
      assertThat(model.encodeReports(REPORTS).toFloatArray()).isEqualTo(before);
      assertThat(model.origins()).isEqualTo(origins).containsKey("text");
    }
  }

  @Test
  void theFoldersSizesReplaceTheModels() throws IOException {
    T3DConfig fitted =
        Pretrained.none().withText(GOLDEN.resolve("roberta-bin")).fit(T3DConfig.tiny());

    assertThat(fitted.text().hiddenSize()).isEqualTo(16);
    TextConfig text = fitted.text().bert("test");
    assertThat(text.positionOffset()).isEqualTo(2);
    assertThat(fitted.text().maxLength()).isEqualTo(38);
    assertThat(text.pooling()).isEqualTo(TextConfig.tiny().pooling());
    assertThat(fitted.vision()).isEqualTo(T3DConfig.tiny().vision());
  }

  @Test
  void namesAndShapesThatDoNotFitAreListed() {
    Path file = GOLDEN.resolve("vision/resnet-monai.pt");
    ResNet3dConfig wider =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(2, 3, 4, 6), 7, 2, true);

    assertThatThrownBy(() -> Pretrained.none().withVision(file).create(with(wider), cpu(), 1))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(
            file
                + " holds the weights of another config: unexpected (10):"
                + " layer2.1.conv1.weight, ")
        .hasMessageContaining(
            " of another shape (15): layer4.0.conv1.weight (5, 4, 3, 3, 3) instead of"
                + " (6, 4, 3, 3, 3), ");
  }

  @Test
  void aFileOfAnotherKindSaysWhatItHolds() {
    Path file = GOLDEN.resolve("bert-bin/pytorch_model.bin");

    assertThatThrownBy(() -> Pretrained.none().withVision(file).create(tiny(), cpu(), 1))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(
            file + " holds no 3D ResNet: no tensor is named …conv1.weight, but [bert.embeddings.");
  }

  @Test
  void anotherFamilyIsRefused() throws IOException {
    Path config = dir.resolve("config.json");
    Files.writeString(config, "{\"model_type\": \"mpnet\"}");

    assertThatThrownBy(() -> text(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(
            config
                + ": model_type must be bert, cxr-bert or roberta, got mpnet; its attention looks at"
                + " distances (MPNet)");
    Files.writeString(config, "{\"model_type\": \"longformer\"}");
    assertThatThrownBy(() -> text(dir))
        .hasMessageEndingWith(
            "got longformer; its attention looks at windows of the text (Clinical-Longformer,"
                + " Longformer)");
    Files.writeString(config, "{\"architectures\": [\"BigBirdModel\"]}");
    assertThatThrownBy(() -> text(dir))
        .hasMessageContaining("got none of a BigBirdModel; other families have other layers");
    Files.writeString(config, "{\"model_type\": \"bert\", \"is_decoder\": true}");
    assertThatThrownBy(() -> text(dir))
        .hasMessage(
            config + ": is_decoder is true, but a text encoder reads both ways and a text alone");
  }

  @Test
  void aTableOfPositionsNeedsALearnedPosition() {
    Path file = GOLDEN.resolve("vision/vit-timm.pth");
    Vit3dConfig fixed =
        Vit3dConfig.builder()
            .patch(new Size3(2, 4, 4))
            .hiddenSize(12)
            .layers(2)
            .heads(3)
            .mlpSize(20)
            .dropout(0)
            .qkvBias(true)
            .layerNormEps(1e-6)
            .build();

    assertThatThrownBy(() -> Pretrained.none().withVision(file).create(with(fixed), cpu(), 1))
        .hasMessage(
            file
                + " has a table of positions; set Vit3dConfig.position to LEARNED and gridSize to"
                + " the tokens of a view along each axis");
  }

  @Test
  void biasesOfTheQueryNeedTheirSetting() {
    Path file = GOLDEN.resolve("vision/vit-timm.pth");
    Vit3dConfig without =
        Vit3dConfig.builder()
            .patch(new Size3(2, 4, 4))
            .hiddenSize(12)
            .layers(2)
            .heads(3)
            .mlpSize(20)
            .position(Position.LEARNED)
            .gridSize(new Size3(2, 3, 5))
            .dropout(0)
            .build();

    assertThatThrownBy(() -> Pretrained.none().withVision(file).create(with(without), cpu(), 1))
        .hasMessage(file + " has biases of query, key and value; set Vit3dConfig.qkvBias to true");
  }

  private static Device cpu() {
    return TestDevice.get();
  }

  private static T3DModel text(Path folder) throws IOException {
    return Pretrained.none().withText(folder).create(tiny(), cpu(), 1);
  }

  private static T3DConfig tiny() {
    return T3DConfig.tiny();
  }

  private static T3DConfig with(VisionConfig vision) {
    T3DConfig t = tiny();
    return new T3DConfig(vision, t.text(), t.embedDim(), t.projection(), t.temperature());
  }

  private static void assertClose(NDArray got, NDArray expected) {
    assertThat(got.getShape()).isEqualTo(expected.getShape());
    assertThat((double) got.sub(expected).abs().max().getFloat()).isCloseTo(0, within(1e-4));
  }
}
