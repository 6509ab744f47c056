package io.t3d.core.nn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextConfig.Pooling;
import io.t3d.core.file.Safetensors;
import io.t3d.core.nn.TextEncoder.TextFeatures;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.text.TokenBatch;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransformerTextEncoderTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/bert");

  @Test
  void bertGivesTheSameTokensAsHuggingFace() throws Exception {
    agreesWithHuggingFace("bert", config(0, 2, 1e-12, 14, Pooling.CLS));
  }

  @Test
  void robertaGivesTheSameTokensAsHuggingFace() throws Exception {
    agreesWithHuggingFace("roberta", config(2, 1, 1e-5, 14, Pooling.MEAN));
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void paddingDoesNotChangeAReport(Pooling pooling) {
    TransformerTextEncoder encoder = new TransformerTextEncoder(config(0, 2, 1e-12, 14, pooling));
    try (NDManager manager = TestDevice.manager()) {
      encoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1), new Shape(1, 1));
      TextFeatures alone = encode(encoder, manager, new long[][] {{2, 9, 3}}, 3);
      TextFeatures padded = encode(encoder, manager, new long[][] {{2, 9, 3, 0, 0}}, 3);
      TextFeatures otherPadding = encode(encoder, manager, new long[][] {{2, 9, 3, 7, 8}}, 3);
      assertClose(padded.pooled(), alone.pooled(), 1e-5);
      assertClose(otherPadding.pooled(), alone.pooled(), 1e-5);
    }
  }

  /** One layer with a window of 4: a token sees two tokens before it and two behind it. */
  @Test
  void withAWindowATokenSeesItsNeighboursOnly() {
    TextConfig near =
        config(0, 2, 1e-12, 14, Pooling.CLS).toBuilder().layers(1).attentionWindow(4).build();
    TransformerTextEncoder encoder = new TransformerTextEncoder(near);
    try (NDManager manager = TestDevice.manager()) {
      encoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1), new Shape(1, 1));
      TextFeatures one = encode(encoder, manager, new long[][] {{2, 9, 8, 7, 6, 5, 3}}, 7);
      TextFeatures far = encode(encoder, manager, new long[][] {{2, 9, 8, 11, 12, 13, 3}}, 7);
      TextFeatures close = encode(encoder, manager, new long[][] {{2, 9, 11, 7, 6, 5, 3}}, 7);
      assertClose(far.pooled(), one.pooled(), 1e-6);
      assertThat(close.pooled().sub(one.pooled()).abs().max().getFloat()).isGreaterThan(1e-4f);
      assertThat(far.tokens().get("0, 6").sub(one.tokens().get("0, 6")).abs().max().getFloat())
          .isGreaterThan(1e-4f);
    }
  }

  @Test
  void aReportBeyondThePositionsIsAnError() {
    TransformerTextEncoder encoder =
        new TransformerTextEncoder(config(2, 1, 1e-5, 14, Pooling.CLS));
    try (NDManager manager = TestDevice.manager()) {
      encoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1), new Shape(1, 1));
      assertThatThrownBy(() -> encode(encoder, manager, new long[1][13], 13))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "tokenIds must be at most 12 long (TextConfig.positions - positionOffset), got 13;"
                  + " tokenize with ReportTokenizer at TextConfig.maxLength");
    }
  }

  private static void agreesWithHuggingFace(String name, TextConfig config) throws Exception {
    TransformerTextEncoder encoder = new TransformerTextEncoder(config);
    try (NDManager manager = TestDevice.manager()) {
      encoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1), new Shape(1, 1));
      Map<String, NDArray> tensors =
          new HashMap<>(Safetensors.read(manager, GOLDEN.resolve(name + ".safetensors")).tensors());
      NDArray expected = tensors.remove("golden.tokens");
      NDArray mask = tensors.remove("golden.mask");
      TokenBatch reports = new TokenBatch(tensors.remove("golden.ids"), mask);
      Weights.load(encoder, tensors, name);
      NDArray got = encoder.encode(new ParameterStore(manager, false), reports, false).tokens();
      NDArray real = mask.toType(DataType.FLOAT32, false).expandDims(2);
      assertClose(got.mul(real), expected.mul(real), 1e-4);
    }
  }

  private static TextFeatures encode(
      TransformerTextEncoder encoder, NDManager manager, long[][] ids, int length) {
    NDArray tokenIds = manager.create(ids[0]).expandDims(0);
    NDArray mask = manager.arange(ids[0].length).lt(length).toType(DataType.INT64, false);
    return encoder.encode(
        new ParameterStore(manager, false), new TokenBatch(tokenIds, mask.expandDims(0)), false);
  }

  private static void assertClose(NDArray got, NDArray expected, double tolerance) {
    assertThat(got.getShape()).isEqualTo(expected.getShape());
    assertThat((double) got.sub(expected).abs().max().getFloat()).isCloseTo(0, within(tolerance));
  }

  private static TextConfig config(
      int offset, int types, double eps, int positions, Pooling pooling) {
    return TextConfig.builder()
        .vocabSize(40)
        .hiddenSize(16)
        .layers(2)
        .heads(4)
        .mlpSize(24)
        .maxLength(positions - offset)
        .positions(positions)
        .positionOffset(offset)
        .tokenTypes(types)
        .dropout(0.1)
        .layerNormEps(eps)
        .pooling(pooling)
        .build();
  }
}
