package io.t3d.core.internal.weights;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.t3d.core.TestDevice;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextConfig.Pooling;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.nn.text.TransformerTextEncoder;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.TokenBatch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real model of 22 million weights, all-MiniLM-L6-v2 (Apache-2.0, from Maven Central): our
 * encoder with its weights and tokenizer against ONNX Runtime.
 */
class MiniLmTest {
  private static final Logger LOG = LoggerFactory.getLogger(MiniLmTest.class);
  private static final List<String> REPORTS =
      List.of(
          "No pleural effusion.",
          "Spiculated nodule of 14 mm in the right upper lobe, suspicious for primary lung cancer;"
              + " mediastinal lymphadenopathy. Recommend PET-CT and biopsy.",
          "Cardiomegaly with coronary calcification, bilateral ground-glass opacities");

  @Test
  void aRealModelGivesTheTokensOfOnnxRuntime(@TempDir Path dir) throws Exception {
    byte[] model = resource("/all-minilm-l6-v2.onnx");
    Path tokenizerFile = dir.resolve("tokenizer.json");
    Files.write(tokenizerFile, resource("/all-minilm-l6-v2-tokenizer.json"));
    TextConfig config =
        TextConfig.builder()
            .tokenizer("MiniLM")
            .vocabSize(30522)
            .hiddenSize(384)
            .layers(6)
            .heads(12)
            .mlpSize(1536)
            .maxLength(256)
            .positions(512)
            .dropout(0.1)
            .pooling(Pooling.MEAN)
            .build();
    try (NDManager manager = TestDevice.manager();
        ReportTokenizer tokenizer =
            ReportTokenizer.fromPretrained(tokenizerFile, config.maxLength())) {
      TransformerTextEncoder encoder = new TransformerTextEncoder(config);
      encoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1), new Shape(1, 1));
      Map<String, NDArray> weights = OnnxWeights.read(manager, model);
      Weights.load(encoder, BertWeights.toEncoder(weights, "MiniLM"), "MiniLM");
      TokenBatch reports = tokenizer.encode(manager, REPORTS);

      var features = encoder.encode(new ParameterStore(manager, false), reports, false);

      NDArray mask = reports.attentionMask().toType(DataType.FLOAT32, false).expandDims(2);
      NDArray expected = onnxTokens(model, reports, manager);
      double difference =
          features.tokens().sub(expected).mul(mask).abs().max().getFloat(); // (B, L, C)
      NDArray pooled = expected.mul(mask).sum(new int[] {1}).div(mask.sum(new int[] {1}));
      NDArray cosines =
          features.pooled().normalize(2, 1).mul(pooled.normalize(2, 1)).sum(new int[] {1});
      double cosine = cosines.min().getFloat();
      LOG.warn("MiniLM: largest difference of a token {}, least cosine {}", difference, cosine);
      assertThat(cosine).isGreaterThanOrEqualTo(0.9999);
      assertThat(difference).isLessThanOrEqualTo(1e-4);
    }
  }

  /** {@code (B, L, C)}. */
  private static NDArray onnxTokens(byte[] model, TokenBatch reports, NDManager manager)
      throws OrtException {
    long[] shape = reports.tokenIds().getShape().getShape();
    long[][] ids = rows(reports.tokenIds());
    long[][] mask = rows(reports.attentionMask());
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(model);
        OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids);
        OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask);
        OnnxTensor typeTensor =
            OnnxTensor.createTensor(environment, new long[(int) shape[0]][(int) shape[1]]);
        OrtSession.Result result =
            session.run(
                Map.of(
                    "input_ids", idTensor,
                    "attention_mask", maskTensor,
                    "token_type_ids", typeTensor))) {
      float[][][] tokens = (float[][][]) result.get(0).getValue();
      float[] flat = new float[(int) (shape[0] * shape[1]) * tokens[0][0].length];
      int at = 0;
      for (float[][] report : tokens) {
        for (float[] token : report) {
          System.arraycopy(token, 0, flat, at, token.length);
          at += token.length;
        }
      }
      return manager.create(flat, new Shape(shape[0], shape[1], tokens[0][0].length));
    }
  }

  private static long[][] rows(NDArray array) {
    long[][] out = new long[(int) array.getShape().get(0)][];
    for (int i = 0; i < out.length; i++) {
      out[i] = array.get(i).toLongArray();
    }
    return out;
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = MiniLmTest.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }
}
