package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class T3DModelTest {
  private static final List<String> REPORTS =
      List.of("No pleural effusion.", "Small nodule in the right upper lobe, 7 mm.");

  @TempDir Path dir;
  private T3DModel model;
  private NDManager manager;

  @BeforeEach
  void create() {
    model = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1);
    manager = model.manager().newSubManager();
  }

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void forwardGivesAllOutputsInTheirShapes() {
    T3DOutput out = model.forward(views(), model.tokenize(manager, REPORTS));
    assertThat(out.views())
        .extracting(ViewFeatures::kind)
        .containsExactly(View.Kind.GLOBAL, View.Kind.LOCAL, View.Kind.GLOBAL);
    for (ViewFeatures v : out.views()) {
      assertThat(v.embedding().getShape()).isEqualTo(new Shape(2, 128));
      assertThat(v.tokens().getShape()).isEqualTo(new Shape(2, v.grid().size(), 128));
      assertUnit(v.embedding());
    }
    assertThat(out.textEmbeddings().getShape()).isEqualTo(new Shape(2, 128));
    assertUnit(out.textEmbeddings());
    assertThat(out.logitScale().getShape()).isEqualTo(new Shape());
  }

  @Test
  void forwardAndEncodeAgreeAndAPairDoesNotDependOnItsBatch() {
    ViewBatch views = views();
    T3DOutput out = model.forward(views, model.tokenize(manager, REPORTS));
    NDArray voxels = views.slots().get(2).voxels();
    assertClose(model.encodeVolumes(voxels), out.views().get(2).embedding());
    assertClose(model.encodeVolumes(voxels.get("1:")), out.views().get(2).embedding().get("1:"));
    assertClose(model.encodeReports(manager, REPORTS), out.textEmbeddings());
    assertClose(
        model.encodeReports(manager, REPORTS.subList(0, 1)), out.textEmbeddings().get(":1"));
  }

  @Test
  void sentencesAreEncodedAsIfTheyStoodAlone() {
    ReportSentences drawn = ReportSentences.draw(REPORTS, 4, 1);
    T3DOutput out =
        model.forward(
            views(),
            model.tokenize(manager, REPORTS),
            Optional.of(model.tokenize(manager, drawn)),
            false);
    SentenceFeatures sentences = out.sentences().orElseThrow();
    assertThat(sentences.sentences()).isEqualTo(drawn);
    assertClose(sentences.embeddings(), model.encodeReports(manager, drawn.texts()));
    assertThat(model.forward(views(), model.tokenize(manager, REPORTS)).sentences()).isEmpty();
  }

  @Test
  void inferenceNormalisesReportsAndSentencesAsTrainingDid() {
    List<String> reports =
        List.of(
            "No pleural effusion. The heart is enlarged. Small nodule.",
            "Large consolidation on the left. The heart is of normal size.",
            "Emphysema of both upper lobes. No effusion.",
            "Calcified plaques. Pneumothorax on the right, of 2 cm.");
    ReportSentences drawn = ReportSentences.draw(reports, 3, 1);
    T3DConfig tiny = T3DConfig.tiny();
    T3DConfig quiet = // no dropout: training and inference differ in the batch norms alone
        tiny.withText(
            Configs.fromJson(
                Configs.toJson(tiny.text()).replaceAll("\"dropout\" : [0-9.]+", "\"dropout\" : 0"),
                TextConfig.class));
    try (T3DModel still = T3DModel.create(quiet, TestDevice.get(), 3);
        NDManager scope = still.manager().newSubManager()) {
      ViewBatch views =
          new ViewBatch(
              List.of(
                  new ViewBatch.Slot(
                      View.Kind.GLOBAL,
                      scope.randomNormal(new Shape(4, 1, 16, 16, 16)),
                      Collections.nCopies(4, Affine.identity()))));
      T3DOutput last = null;
      for (int i = 0; i < 150; i++) { // running statistics move a tenth of the way each time
        last =
            still.forward(
                views,
                still.tokenize(scope, reports),
                Optional.of(still.tokenize(scope, drawn)),
                true);
      }
      assertThat(still.encodeReports(scope, reports).toFloatArray())
          .containsExactly(last.textEmbeddings().toFloatArray(), within(1e-3f));
      assertThat(still.encodeReports(scope, drawn.texts()).toFloatArray())
          .containsExactly(
              last.sentences().orElseThrow().embeddings().toFloatArray(), within(1e-3f));
    }
  }

  @Test
  void sentencesOfOtherPairsAreAnError() {
    ReportSentences three = ReportSentences.draw(List.of("One.", "Two.", "Three."), 1, 1);
    assertThatThrownBy(
            () ->
                model.forward(
                    views(),
                    model.tokenize(manager, REPORTS),
                    Optional.of(model.tokenize(manager, three)),
                    false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("views and sentences must hold the same pairs, got 2 and 3");
  }

  @Test
  void tokensOfVolumesAreThoseOfTheForwardPass() {
    ViewBatch views = views();
    T3DOutput out = model.forward(views, model.tokenize(manager, REPORTS));
    VolumeFeatures seen = model.encodeVolumeTokens(views.slots().get(2).voxels());
    assertClose(seen.tokens(), out.views().get(2).tokens());
    assertClose(seen.embeddings(), out.views().get(2).embedding());
    TokenGrid grid = out.views().get(2).grid();
    assertThat(List.of(seen.depth(), seen.height(), seen.width()))
        .containsExactly(grid.depth(), grid.height(), grid.width());
  }

  @Test
  void tokensThatAreAtHandGiveTheRelevanceOfTheirVolumeToTheBit() {
    float[] voxels = manager.randomNormal(new Shape(32 * 32 * 32)).toFloatArray();
    Volume volume = new Volume(voxels, 32, 32, 32, Affine.scaleTranslate(2, 2, 2, -30, 5, 7));
    try (VolumeFeatures seen =
        model.encodeVolumeTokens(manager.create(voxels, new Shape(1, 1, 32, 32, 32)))) {
      for (String report : REPORTS) {
        Relevance expected = model.relevance(volume, List.of(report), 0.1).get(0);
        Relevance one = model.relevance(seen, volume, List.of(report), 0.1).get(0);
        assertThat(one.weights()).isEqualTo(expected.weights());
        assertThat(one.score()).isEqualTo(expected.score());
        assertThat(one.grid()).isEqualTo(expected.grid());
      }
    }
    VolumeFeatures two = model.encodeVolumeTokens(views().slots().get(0).voxels());
    assertThatThrownBy(() -> model.relevance(two, volume, REPORTS, 0.1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tokens must be (1, N, E)")
        .hasMessageContaining("encode one volume alone");
  }

  @Test
  void relevanceIsASoftmaxOverTokensAndItsScoreTheCosineOfWhatTheyGather() {
    float[] voxels = manager.randomNormal(new Shape(32 * 32 * 32)).toFloatArray();
    Volume volume = new Volume(voxels, 32, 32, 32, Affine.scaleTranslate(2, 2, 2, -30, 5, 7));
    List<Relevance> found = model.relevance(volume, REPORTS, 0.1);
    NDArray q = model.encodeReports(manager, REPORTS); // (2, E)
    NDArray p =
        model
            .encodeVolumeTokens(manager.create(voxels, new Shape(1, 1, 32, 32, 32)))
            .tokens()
            .squeeze(0); // (N, E)
    for (int t = 0; t < 2; t++) {
      Relevance relevance = found.get(t);
      assertThat(relevance.text()).isEqualTo(REPORTS.get(t));
      NDArray weights = p.normalize(2, 1).matMul(q.get(t)).div(0.1f).softmax(0); // (N)
      assertThat(relevance.weights())
          .containsExactly(weights.toFloatArray(), within(1e-5f)); // cosines' rounding over 0.1
      double score = weights.matMul(p).normalize(2, 0).dot(q.get(t)).getFloat();
      assertThat(relevance.score()).isCloseTo(score, within(1e-5));
      assertThat(relevance.grid().affines().get(0).apply(0, 0, 0)[0])
          .isCloseTo(-30 + 32.0 / relevance.grid().width() - 1, within(1e-9));
    }
    float[] weights = new float[found.get(0).weights().length];
    TokenGrid grid = found.get(0).grid();
    weights[weights.length - 1] = 1;
    assertThat(new Relevance("corner", weights, 1, grid).peak())
        .containsExactly(
            grid.affines().get(0).apply(grid.width() - 1, grid.height() - 1, grid.depth() - 1));
    TokenGrid two = new TokenGrid(1, 1, 2, List.of(Affine.scaleTranslate(8, 8, 8, 1, 2, 3)));
    assertThat(new Relevance("Effusion.", new float[] {0.25f, 0.75f}, 0.5, two))
        .hasToString(
            "Relevance[text=Effusion., score=0.5, peak=[9.0, 2.0, 3.0] mm, RAS+, 2 weights]");
  }

  @Test
  void theSameSeedGivesTheSameWeightsAndAnotherSeedOthers() {
    Engine.getInstance().setRandomSeed(99);
    try (T3DModel same = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1);
        T3DModel other = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 2)) {
      assertThat(floats(same)).isEqualTo(floats(model));
      assertThat(floats(other).get("text_projection.weight"))
          .isNotEqualTo(floats(model).get("text_projection.weight"));
    }
  }

  @Test
  void theGradientReachesEveryTrainableParameter() {
    backward(model.tokenize(manager, REPORTS), false);
    model
        .parameters()
        .forEach(
            (name, parameter) -> {
              if (parameter.requiresGradient()) {
                NDArray gradient = parameter.getArray().getGradient();
                assertThat(gradient.abs().sum().getFloat()).as(name).isPositive().isFinite();
              }
            });
  }

  private float backward(TokenBatch reports, boolean bfloat16) {
    ViewBatch views = views();
    try (GradientCollector gradients = Engine.getInstance().newGradientCollector()) {
      T3DOutput out = forward(views, reports, bfloat16);
      NDArray loss = manager.zeros(new Shape());
      for (ViewFeatures v : out.views()) {
        for (NDArray part : List.of(v.embedding(), v.tokens())) {
          NDArray weights = manager.randomNormal(part.getShape());
          loss = loss.add(part.mul(weights).mean());
        }
      }
      NDArray logits =
          out.textEmbeddings().matMul(out.views().get(0).embedding().transpose()); // (B, B)
      loss = loss.add(logits.mul(out.logitScale().exp()).logSoftmax(1).get(":, 0").mean());
      gradients.backward(loss);
      return loss.getFloat();
    }
  }

  /** Only the model runs under autocast: DJL's own softmax of a bfloat16 array ends the JVM. */
  private T3DOutput forward(ViewBatch views, TokenBatch reports, boolean bfloat16) {
    if (!bfloat16) {
      return model.forward(views, reports, true);
    }
    try (Autocast autocast = Autocast.bfloat16(TestDevice.get())) {
      return model.forward(views, reports, true);
    }
  }

  @Test
  void underAutocastOutputsAreFloat32AndGradientsFinite() {
    Assumptions.assumeTrue(TorchBridge.available());
    TokenBatch reports = model.tokenize(manager, REPORTS);
    try (Autocast autocast = Autocast.bfloat16(TestDevice.get())) {
      T3DOutput out = model.forward(views(), reports);
      assertThat(out.views().get(0).tokens().getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(out.textEmbeddings().getDataType()).isEqualTo(DataType.FLOAT32);
    }
    assertThat(backward(reports, true)).isFinite();
  }

  private T3DModel windowed(TextConfig.LongReports how) {
    T3DConfig config = T3DConfig.tiny();
    TextConfig text = config.text().bert("test").toBuilder().maxLength(10).longReports(how).build();
    return T3DModel.create(config.withText(text), TestDevice.get(), 1);
  }

  @Test
  void aLongReportsFeatureIsTheMeanOfItsWindows() throws IOException {
    String report = "No pleural effusion. The heart is normal. A large nodule in the left lung.";
    try (T3DModel whole = windowed(TextConfig.LongReports.SENTENCE_WINDOWS)) {
      NDManager scope = whole.manager();
      ParameterStore parameters = new ParameterStore(scope, false);
      TokenBatch tokens = whole.tokenize(scope, List.of("normal", report));
      assertThat(tokens.windows()).containsExactly(1, 3);
      TokenBatch sentences =
          whole.tokenize(
              scope,
              List.of(
                  "No pleural effusion.",
                  "The heart is normal.",
                  "A large nodule in the left lung."));
      NDArray mean =
          whole
              .network()
              .text
              .encode(parameters, sentences, false)
              .pooled()
              .mean(new int[] {0}, true);
      NDArray expected =
          whole.network().textProjection.project(parameters, mean, false).normalize(2, 1);
      NDArray got = whole.encodeReports(scope, List.of("normal", report));
      assertThat(got.getShape()).isEqualTo(new Shape(2, 128));
      assertClose(got.get("1:2"), expected);
      assertClose(got.get("0:1"), whole.encodeReports(scope, List.of("normal")));

      whole.save(dir);
      try (T3DModel again = T3DModel.load(dir, TestDevice.get())) {
        assertThat(again.config()).isEqualTo(whole.config());
        assertThat(again.encodeReports(again.manager(), List.of(report)).toFloatArray())
            .isEqualTo(whole.encodeReports(scope, List.of(report)).toFloatArray());
      }
    }
  }

  @Test
  void allWindowsLearn() {
    List<String> reports =
        List.of("No pleural effusion. The heart is normal. A large nodule in the lung.", "Normal.");
    try (T3DModel learner = windowed(TextConfig.LongReports.SENTENCE_WINDOWS);
        NDManager scope = learner.manager().newSubManager()) {
      TokenBatch tokens = learner.tokenize(scope, reports);
      NDArray voxels = scope.randomUniform(0, 1, new Shape(2, 1, 16, 16, 16));
      ViewBatch views =
          new ViewBatch(
              List.of(
                  new ViewBatch.Slot(
                      View.Kind.GLOBAL, voxels, List.of(Affine.identity(), Affine.identity()))));
      try (GradientCollector gradients = Engine.getInstance().newGradientCollector()) {
        T3DOutput out = learner.forward(views, tokens, true);
        assertThat(out.textEmbeddings().getShape()).isEqualTo(new Shape(2, 128));
        gradients.backward(out.textEmbeddings().get(":, 3").sum());
      }
      NDArray words =
          learner
              .parameters()
              .get("text.embeddings.word_embeddings.weight")
              .getArray()
              .getGradient();
      for (long id : tokens.tokenIds().get("0:3").toLongArray()) {
        if (id != learner.tokenizer().padId()) {
          assertThat(words.get(id).abs().sum().getFloat()).as("token " + id).isPositive();
        }
      }
    }
  }

  @Test
  void howManyReportsAreTooLongIsSaidInOneLine() {
    List<String> reports = List.of("No effusion.", "No pleural effusion. The heart is normal.");
    try (T3DModel cut = windowed(TextConfig.LongReports.HEAD_TAIL);
        T3DModel whole = windowed(TextConfig.LongReports.SENTENCE_WINDOWS)) {
      assertThat(cut.longReportsAmong(reports))
          .contains(
              "1 of 2 texts have more than 10 tokens (model.text.maxLength) and are cut"
                  + " (model.text.longReports: HEAD_TAIL)");
      assertThat(whole.longReportsAmong(reports).orElseThrow())
          .contains("are read in windows of whole sentences");
      assertThat(cut.longReportsAmong(reports.subList(0, 1))).isEmpty();
    }
  }

  @Test
  void aTokenizersTruncationSideIsKeptWithTheModel() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("left"));
    Files.write(
        folder.resolve("vocab.txt"),
        List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d"));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"truncation_side\": \"left\", \"model_max_length\": 4}");
    T3DConfig config = T3DConfig.tiny();
    TextConfig text = config.text().bert("test").withTokenizer(folder.toString(), 8);
    try (T3DModel left = T3DModel.create(config.withText(text), TestDevice.get(), 1)) {
      left.save(dir.resolve("saved"));
      assertThat(left.tokenize(left.manager(), List.of("a b c d")).tokenIds().toLongArray())
          .containsExactly(2, 6, 7, 3);
    }
    try (T3DModel again = T3DModel.load(dir.resolve("saved"), TestDevice.get())) {
      assertThat(again.config().text().maxLength()).isEqualTo(4);
      assertThat(again.tokenize(again.manager(), List.of("a b c d")).tokenIds().toLongArray())
          .containsExactly(2, 6, 7, 3);
      assertThat(again.tokenizer().tokens("a b c d")).containsExactly("[CLS]", "c", "d", "[SEP]");
      ModelExport.write(again, dir.resolve("exported"));
      try (Stream<Path> files = Files.walk(dir.resolve("exported"))) {
        Path settings =
            files.filter(f -> f.endsWith("tokenizer_config.json")).findFirst().orElseThrow();
        assertThat(Files.readString(settings)).contains("\"truncation_side\" : \"left\"");
      }
    }
  }

  @Test
  void aCheckpointGivesTheSameEmbeddings() throws IOException {
    model.save(dir);
    try (T3DModel loaded = T3DModel.load(dir, TestDevice.get())) {
      assertThat(loaded.config()).isEqualTo(model.config());
      assertThat(floats(loaded)).isEqualTo(floats(model));
      NDArray volumes = manager.randomNormal(new Shape(5, 1, 16, 16, 16));
      assertThat(loaded.encodeVolumes(volumes).toFloatArray())
          .isEqualTo(model.encodeVolumes(volumes).toFloatArray());
      assertThat(loaded.encodeReports(manager, REPORTS).toFloatArray())
          .isEqualTo(model.encodeReports(manager, REPORTS).toFloatArray());
    }
  }

  @Test
  void aCheckpointOfAnotherConfigIsAnErrorThatListsTheDifferences() throws IOException {
    model.save(dir);
    T3DConfig c = T3DConfig.tiny();
    T3DConfig other = new T3DConfig(c.vision(), c.text(), 64, c.projection(), 0.07);
    Files.writeString(dir.resolve("config.json"), Configs.toJson(other));
    assertThatThrownBy(() -> T3DModel.load(dir, TestDevice.get()))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(
            "model.safetensors holds the weights of another config: of another shape (10):"
                + " vision_projection.weight (128, 128) instead of (64, 128),"
                + " vision_projection.norm.weight (128) instead of (64),"
                + " vision_projection.norm.bias (128) instead of (64),"
                + " vision_projection.norm.running_mean (128) instead of (64),"
                + " vision_projection.norm.running_var (128) instead of (64), … 5 more;");
  }

  @Test
  void aCheckpointWithTheUntrainedFusionOpensWithoutIt() throws IOException {
    model.save(dir);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    model.parameters().forEach((name, p) -> tensors.put(name, p.getArray()));
    tensors.put("fusion.text.weight", manager.ones(new Shape(128, 128)));
    tensors.put("prototypes.weight", manager.ones(new Shape(64, 128)));
    Safetensors.write(dir.resolve("model.safetensors"), tensors, Map.of());
    Path config = dir.resolve("config.json");
    String json = Files.readString(config);
    Files.writeString(
        config,
        json.replaceFirst(
            "\"embedDim\"",
            "\"prototypes\": 64, \"fusionHeads\": 4, \"fusionGate\": 0.1, \"embedDim\""));
    try (T3DModel loaded = T3DModel.load(dir, TestDevice.get())) {
      assertThat(floats(loaded)).isEqualTo(floats(model));
    }
  }

  @Test
  void renamedWeightsOfTheSameShapeAreAnError() throws IOException {
    model.save(dir);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    model.parameters().forEach((name, p) -> tensors.put(name, p.getArray()));
    tensors.put("text_projection.kernel", tensors.remove("text_projection.weight"));
    Safetensors.write(dir.resolve("model.safetensors"), tensors, Map.of());
    assertThatThrownBy(() -> T3DModel.load(dir, TestDevice.get()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("missing (1): text_projection.weight;")
        .hasMessageContaining("unexpected (1): text_projection.kernel;");
  }

  @Test
  void aFolderWithoutWeightsIsAnErrorThatNamesTheFile() throws IOException {
    model.save(dir);
    Files.delete(dir.resolve("model.safetensors"));
    assertThatThrownBy(() -> T3DModel.load(dir, TestDevice.get()))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("model.safetensors")
        .hasMessageContaining("a T3D checkpoint is a folder with");
  }

  @Test
  void wrongInputsAreErrorsThatSayWhatFits() {
    NDArray noChannel = manager.ones(new Shape(2, 16, 16, 16));
    assertThatThrownBy(() -> model.encodeVolumes(noChannel))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "volumes must be (B, 1, D, H, W), got (2, 16, 16, 16);"
                + " NDArray.expandDims adds a missing batch or channel axis");
    NDArray colour = manager.ones(new Shape(2, 3, 16, 16, 16));
    assertThatThrownBy(() -> model.encodeVolumes(colour))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "volumes must be (B, 1, D, H, W), one channel, got (2, 3, 16, 16, 16), 3 channels; CT"
                + " has one: take it with volumes.get(\":, 0:1\")");
    NDArray ints = manager.ones(new Shape(1, 1, 16, 16, 16), DataType.INT32);
    assertThatThrownBy(() -> model.encodeVolumes(ints)).hasMessageContaining("must be float32");
    List<Affine> affines = views().slots().get(0).affines().subList(0, 1);
    assertThatThrownBy(() -> new ViewBatch.Slot(View.Kind.GLOBAL, ints, affines))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("voxels must be float32, got int32; cast with NDArray.toType");
    TokenBatch one = model.tokenize(manager, REPORTS.subList(0, 1));
    assertThatThrownBy(() -> model.forward(views(), one))
        .hasMessage("views and reports must hold the same pairs, got 2 and 1");
    assertThatThrownBy(() -> model.encodeReports(List.of()))
        .hasMessage("Nothing to encode: the batch is empty");
  }

  @Test
  void aClosedArrayManagerOrModelIsAnErrorThatNamesIt() {
    NDManager batch = model.manager().newSubManager();
    batch.setName("batch");
    NDArray volumes = batch.ones(new Shape(1, 1, 16, 16, 16));
    ViewBatch views = views();
    TokenBatch tokens = model.tokenize(manager, REPORTS);
    batch.close();
    assertThatThrownBy(() -> model.encodeVolumes(volumes))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "volumes must be an open array, got a closed one; an array is closed with its manager,"
                + " at the end of its try block");
    assertThatThrownBy(() -> model.encodeReports(batch, REPORTS))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The manager batch must be open, got a closed one; it is closed with its parent or at"
                + " the end of its try block");
    model.close();
    String closed =
        "The model must be open, got a closed one; use it inside its try block, or load it again";
    assertThatThrownBy(() -> model.encodeReports(REPORTS))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(closed);
    assertThatThrownBy(() -> model.forward(views, tokens))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(closed);
  }

  @Test
  void theFolderOfARunIsNotACheckpointButHoldsOne() throws IOException {
    model.save(dir.resolve("checkpoint"));
    assertThatThrownBy(() -> T3DModel.load(dir, TestDevice.get()))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(
            dir.resolve("config.json")
                + ": "
                + dir
                + " is the folder of a run, expected a checkpoint; load "
                + dir.resolve("checkpoint"));
  }

  @Test
  void aDeviceThatIsNotThereIsAnError() {
    Assumptions.assumeTrue(Engine.getInstance().getGpuCount() == 0);
    assertThatThrownBy(() -> T3DModel.create(T3DConfig.tiny(), Device.gpu(), 0))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith("The device must be one that PyTorch sees");
    assertThatThrownBy(() -> T3DModel.create(T3DConfig.tiny(), null, 0))
        .isInstanceOf(NullPointerException.class)
        .hasMessageStartingWith("device must be given");
  }

  @Test
  void rawVoxelsAreWarnedOfOnce() {
    NDArray hounsfield = manager.full(new Shape(1, 1, 16, 16, 16), -1000f);
    String printed =
        printed(
            () -> {
              model.encodeVolumes(hounsfield);
              model.encodeVolumes(hounsfield);
            });
    assertThat(printed)
        .containsOnlyOnce(
            "Voxels should be windowed to about 0 to 1, got -1000.0 to -1000.0, which looks like"
                + " HU; apply the window that the model was trained with, e.g. Preprocessing.apply"
                + " or IntensityWindow");
    try (T3DModel other = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1)) {
      assertThat(printed(() -> other.encodeVolumes(hounsfield.div(1000)))).isEmpty();
    }
  }

  private static String printed(Runnable work) {
    PrintStream before = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      work.run();
    } finally {
      System.setErr(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aGridNeedsTheAffineOfEachPair() {
    List<Affine> one = views().slots().get(0).affines().subList(0, 1);
    TokenGrid grid = new TokenGrid(2, 2, 2, one);
    NDArray tokens = manager.ones(new Shape(2, 8, 128));
    NDArray embedding = manager.ones(new Shape(2, 128));
    assertThatThrownBy(() -> new ViewFeatures(View.Kind.GLOBAL, embedding, tokens, grid))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "grid must hold one affine per pair, B = 2 by tokens (2, 8, 128), got 1; give TokenGrid"
                + " the affine of each pair's view");
  }

  @Test
  void aVocabularyThatIsTooSmallIsAnError() {
    T3DConfig small = T3DConfig.tiny().withText(TextConfig.tiny().withTokenizer("builtin", 100));
    assertThatThrownBy(() -> T3DModel.create(small, TestDevice.get(), 0))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("TextConfig.vocabSize must be at least the tokenizer's vocabulary");
  }

  @Test
  void aModelOverItsOwnCorpusCanBeSavedAndLoaded() throws IOException {
    T3DConfig config = T3DConfig.tiny().withText(TextConfig.tiny().withTokenizer("corpus", 200));
    ReportTokenizer tokenizer = ReportTokenizer.fromCorpus(REPORTS, 200, 128);
    try (T3DModel own = T3DModel.create(config, tokenizer, TestDevice.get(), 4)) {
      own.save(dir);
      try (T3DModel loaded = T3DModel.load(dir, TestDevice.get())) {
        assertClose(loaded.encodeReports(manager, REPORTS), own.encodeReports(manager, REPORTS));
      }
    }
  }

  @Test
  void tokensAndEmbeddingsAreAllThatEncodingLeavesToTheCaller() {
    NDArray voxels = manager.randomNormal(new Shape(5, 1, 16, 16, 16));
    int before = ((BaseNDManager) manager).getManagedArrays().size();
    try (VolumeFeatures seen = model.encodeVolumeTokens(voxels)) {
      assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(before + 2);
    }
    assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(before);
  }

  @Test
  void repeatedUseDoesNotPileUpArraysOrMemory() throws IOException {
    int before = model.manager().getManagedArrays().size();
    long rss = 0;
    for (int i = 0; i < 40; i++) {
      try (NDManager batch = model.manager().newSubManager()) {
        NDArray voxels = batch.randomNormal(new Shape(2, 1, 16, 16, 16));
        ViewBatch.Slot slot =
            new ViewBatch.Slot(
                View.Kind.GLOBAL, voxels, List.of(Affine.identity(), Affine.identity()));
        model.forward(new ViewBatch(List.of(slot)), model.tokenize(batch, REPORTS));
        model.encodeVolumes(voxels);
        model.encodeReports(batch, REPORTS);
      }
      rss = i == 15 ? residentMegabytes() : rss;
    }
    assertThat(model.manager().getManagedArrays()).hasSize(before);
    assertThat(residentMegabytes() - rss).isLessThan(60);
  }

  /** Linux only; 0 elsewhere. */
  private static long residentMegabytes() throws IOException {
    Path statm = Path.of("/proc/self/statm");
    if (!Files.exists(statm)) {
      return 0;
    }
    return (Long.parseLong(Files.readString(statm).split(" ", 3)[1]) * 4096) >> 20;
  }

  private ViewBatch views() {
    return new ViewBatch(
        List.of(slot(View.Kind.GLOBAL, 32), slot(View.Kind.LOCAL, 16), slot(View.Kind.GLOBAL, 32)));
  }

  private ViewBatch.Slot slot(View.Kind kind, int side) {
    return new ViewBatch.Slot(
        kind,
        manager.randomNormal(new Shape(2, 1, side, side, side)),
        List.of(Affine.identity(), Affine.identity()));
  }

  private static Map<String, List<Float>> floats(T3DModel model) {
    Map<String, List<Float>> out = new TreeMap<>();
    for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
      NDArray array = entry.getValue().getArray();
      out.put(entry.getKey(), List.of(array.sum().getFloat(), array.square().sum().getFloat()));
    }
    return out;
  }

  private static void assertUnit(NDArray rows) {
    for (float norm : rows.norm(new int[] {1}).toFloatArray()) {
      assertThat(norm).isCloseTo(1f, within(1e-5f));
    }
  }

  private static void assertClose(NDArray got, NDArray expected) {
    assertThat(got.getShape()).isEqualTo(expected.getShape());
    assertThat(got.sub(expected).abs().max().getFloat()).isCloseTo(0f, within(1e-4f));
  }
}
