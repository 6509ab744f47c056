package io.t3d.pipeline.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.model.Pretrained;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.ctvit.CtVit;
import io.t3d.core.nn.internal.ProjectionHead;
import io.t3d.core.nn.text.TransformerTextEncoder;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.Reorient;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against CT-CLIP's own code, on the files of {@code ct_clip_goldens.py}. */
class CtClipTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/published");
  private static final List<String> TEXTS =
      List.of("Pleural effusion is present.", "Pleural effusion is not present.", "no nodule .");

  @TempDir Path dir;

  private TrainedModel imported() throws IOException {
    Path out = dir.resolve("model");
    PublishedModels.importTo(
        List.of(GOLDEN.resolve("ct-clip.pt")),
        Optional.empty(),
        Optional.of(GOLDEN.resolve("ct-clip")),
        out);
    return TrainedModel.open(out, TestDevice.get());
  }

  private static Map<String, NDArray> expected(NDManager manager) throws IOException {
    return Safetensors.read(manager, GOLDEN.resolve("ct-clip.expected.safetensors")).tensors();
  }

  @Test
  void embeddingsAndSimilaritiesAreThoseOfItsOwnCode() throws IOException {
    try (TrainedModel trained = imported();
        NDManager scope = trained.model().manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope);
      NDArray images = trained.model().encodeVolumes(expected.get("volumes"));
      NDArray texts = trained.model().encodeReports(scope, TEXTS);
      assertClose(images, expected.get("images"), 1e-4);
      assertClose(texts, expected.get("texts"), 1e-4);
      double scale = Math.exp(trained.model().logitScale());
      NDArray logits = images.matMul(texts.transpose()).mul((float) scale); // (2, 3)
      assertClose(logits, expected.get("logits"), 1e-3); // of up to 12
      assertThat(trained.model().logitScale()).isCloseTo(2.5, within(1e-6));
    }
  }

  @Test
  void visualTokensAreTheQuantisedOnesAndTheirProjectionsMeanIsTheEmbedding() throws IOException {
    try (TrainedModel trained = imported();
        NDManager scope = trained.model().manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope);
      VisualTokens seen =
          trained
              .model()
              .vision()
              .encode(new ParameterStore(scope, false), expected.get("volumes"), false);
      assertThat(List.of(seen.depth(), seen.height(), seen.width())).containsExactly(3, 3, 3);
      assertClose(seen.tokens(), expected.get("tokens").reshape(2, 27, 32), 1e-4);

      var features = trained.model().encodeVolumeTokens(expected.get("volumes"));
      assertClose(features.embeddings(), expected.get("images"), 1e-4);
      assertClose(
          features.tokens().mean(new int[] {1}).normalize(2, 1), expected.get("images"), 1e-4);
    }
  }

  @Test
  void gradientsPassTheCodebookAndReachEveryParameterAsInItsOwnCode() throws IOException {
    try (TrainedModel trained = imported();
        NDManager scope = trained.model().manager().newSubManager()) {
      Map<String, NDArray> expected = expected(scope);
      T3DModel model = trained.model();
      Map<String, Parameter> parameters = StateDict.of(model.vision());
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray tokens =
            model
                .vision()
                .encode(new ParameterStore(scope, false), expected.get("volumes"), true)
                .tokens();
        NDArray weight = expected.get("weight").reshape(2, 27, 32);
        collector.backward(tokens.mul(weight).sum());
      }
      PublishedModel.NameMap map = new CtClip().names();
      parameters.forEach(
          (name, parameter) -> {
            if (name.startsWith("codebook.")) {
              assertThat(parameter.requiresGradient()).as(name).isFalse();
              return;
            }
            Map<String, NDArray> gradients = new LinkedHashMap<>();
            expected.forEach(
                (key, array) -> {
                  if (key.startsWith("gradient.")) {
                    gradients.put("visual_transformer." + key.substring(9), array);
                  }
                });
            NDArray wanted =
                map.find("vision." + name, PublishedTensors.of("gradients", scope, gradients));
            NDArray got = parameter.getArray().getGradient();
            double size = wanted.abs().max().getFloat();
            assertThat(size).as(name).isPositive();
            assertClose(got, wanted, 1e-4 * Math.max(1, size));
          });
    }
  }

  @Test
  void bfloat16GivesNearlyTheSameEmbeddings() throws IOException {
    try (TrainedModel trained = imported();
        NDManager scope = trained.model().manager().newSubManager()) {
      NDArray volumes = expected(scope).get("volumes");
      NDArray exact = trained.model().encodeVolumes(volumes);
      NDArray rounded =
          Precision.BFLOAT16.run(TestDevice.get(), () -> trained.model().encodeVolumes(volumes));
      for (float cosine : exact.mul(rounded).sum(new int[] {1}).toFloatArray()) {
        assertThat(cosine).isGreaterThan(0.9f); // some tokens take another code
      }
    }
  }

  @Test
  void aFileOfThePublishedStructureLoadsWithNothingMissingAndNothingLeft() throws IOException {
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      PublishedTensors file = PublishedTensors.of("CT-CLIP_v2.pt", scope, structure(scope));
      CtClip kind = new CtClip();
      assertThat(kind.recognises(file)).isTrue();

      PublishedModel described = kind.describe(file, Optional.of(GOLDEN.resolve("no-config")));

      T3DConfig config = described.config();
      assertThat(config.vision()).isEqualTo(CtVitConfig.ctClip());
      assertThat(config.embedDim()).isEqualTo(512);
      TextConfig text = (TextConfig) config.text();
      assertThat(text.layers()).isEqualTo(12);
      assertThat(text.heads()).isEqualTo(12);
      assertThat(text.maxLength()).isEqualTo(512);
      assertThat(described.preprocessing().size()).contains(new Size3(240, 480, 480));
      Map<String, Shape> wanted = new LinkedHashMap<>();
      put(wanted, "vision.", new CtVit(CtVitConfig.ctClip()), new Shape(1, 1, 10, 480, 480));
      put(wanted, "text.", new TransformerTextEncoder(text), new Shape(1, 1), new Shape(1, 1));
      put(
          wanted,
          "vision_projection.",
          new ProjectionHead(512, 512, config.projectionOfVision(), 576),
          new Shape(1, 1, 512));
      put(wanted, "text_projection.", new ProjectionHead(768, 512), new Shape(1, 1, 768));
      wanted.put("logit_scale.value", new Shape());
      assertThat(file.weights("ct-clip", described.weights(), wanted).keySet())
          .isEqualTo(wanted.keySet());
    }
  }

  /** Arrays of the published shapes that take no memory. */
  private static Map<String, NDArray> structure(NDManager scope) throws IOException {
    NDArray zero = scope.zeros(new Shape());
    Map<String, NDArray> out = new LinkedHashMap<>();
    for (String line : Files.readAllLines(GOLDEN.resolve("ct-clip.structure.txt"))) {
      String[] parts = line.split(" ");
      long[] sizes = Arrays.stream(parts).skip(1).mapToLong(Long::parseLong).toArray();
      Shape shape = new Shape(sizes);
      out.put(parts[0], shape.size() == 0 ? scope.zeros(shape) : zero.broadcast(shape));
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
  void volumesArePreparedAsByItsOwnCode() throws IOException {
    Preprocessing steps = Preprocessing.ctClipPublished().withSize(new Size3(24, 48, 48));
    Path scan = GOLDEN.resolve("ct-clip-scan.nii.gz");
    float[] expected = npy(GOLDEN.resolve("ct-clip-scan.expected.npy"));

    assertThat(steps.read(scan).voxels()).containsExactly(expected, within(1e-4f));
    Volume turned = new Reorient("SAR").apply(VolumeReaders.read(scan));
    assertThat(steps.apply(turned).voxels()).containsExactly(expected, within(1e-4f));
  }

  @Test
  void anImportedFolderEmbedsFilesAndFindsWithItsOwnPrompts() throws IOException {
    try (TrainedModel trained = imported()) {
      Path scan = GOLDEN.resolve("ct-clip-scan.nii.gz");
      float[] vector = trained.embed(scan)[0];
      assertThat(vector).hasSize(20);
      Map<String, Double> findings = trained.zeroShot(scan, trained.prompts());
      assertThat(findings).hasSize(18).containsKey("Pleural effusion");

      float[][] texts = trained.embedReports(TEXTS.get(0), TEXTS.get(1));
      double margin = dot(vector, texts[0]) - dot(vector, texts[1]);
      double softmax = 1 / (1 + Math.exp(-margin * Math.exp(trained.model().logitScale())));
      assertThat(findings.get("Pleural effusion")).isCloseTo(softmax, within(1e-5));
    }
  }

  @Test
  void trainingStartsFromTheEncodersOfAnImportedFolder() throws IOException {
    try (TrainedModel trained = imported();
        NDManager scope = trained.model().manager().newSubManager()) {
      Path folder = dir.resolve("model");
      T3DConfig own =
          T3DConfig.tiny().toBuilder().projection(T3DConfig.Projection.LINEAR).embedDim(12).build();
      Pretrained start = Pretrained.none().withVision(folder).withText(folder);
      try (T3DModel model = start.create(own, TestDevice.get(), 1)) {
        assertThat(model.config().vision()).isEqualTo(trained.model().config().vision());
        assertThat(model.config().embedDim()).isEqualTo(12);
        assertThat(model.origins().get("vision")).startsWith("model/model.safetensors sha256:");
        Map<String, NDArray> expected = expected(scope);
        ParameterStore parameters = new ParameterStore(scope, false);
        assertClose(
            model.vision().encode(parameters, expected.get("volumes"), false).tokens(),
            expected.get("tokens").reshape(2, 27, 32),
            1e-4);
        NDArray read =
            model.text().encode(parameters, model.tokenize(scope, TEXTS), false).tokens();
        NDArray theirs =
            trained
                .model()
                .text()
                .encode(parameters, trained.model().tokenize(scope, TEXTS), false)
                .pooled(); // the first token
        assertClose(read.get(":, 0"), theirs, 1e-5);
      }
    }
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** The floats of a NumPy file of version 1. */
  private static float[] npy(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(10 + Short.toUnsignedInt(bytes.getShort(8)));
    float[] out = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(out);
    return out;
  }

  private static void assertClose(NDArray got, NDArray expected, double tolerance) {
    assertThat(got.getShape()).isEqualTo(expected.getShape());
    assertThat((double) got.sub(expected).abs().max().getFloat()).isLessThan(tolerance);
  }

  @Test
  void textsAreClearedOfWhatItsOwnCodeTakesOut() throws IOException {
    JsonNode pairs =
        new ObjectMapper().readTree(Files.readString(GOLDEN.resolve("ct-clip-texts.json")));
    assertThat(pairs).hasSize(10);
    for (JsonNode pair : pairs) {
      assertThat(TextConfig.Wording.NO_QUOTES_OR_PARENTHESES.apply(pair.get("text").asText()))
          .isEqualTo(pair.get("cleaned").asText());
    }
    try (TrainedModel model = imported()) {
      float[][] embedded =
          model.embedReports("No (lung) \"nodule's\" seen", "No lung nodules seen");
      assertThat(embedded[0]).containsExactly(embedded[1], within(1e-6f));
    }
  }
}
