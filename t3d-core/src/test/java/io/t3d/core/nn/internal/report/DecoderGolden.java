package io.t3d.core.nn.internal.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A small decoder and what HuggingFace's mBART made of its weights; the file is of {@code
 * src/test/python/report_decoder_goldens.py}.
 *
 * @param decoder of 13 tokens, 12 positions, visual tokens of 10 channels
 * @param ids {@code (3, 7)}
 * @param visual {@code (3, 6, 10)} on a grid of 2·1·3
 * @param logits {@code (3, 7, 13)}
 */
public record DecoderGolden(
    ReportDecoder decoder, NDArray ids, VisualTokens visual, NDArray logits) {
  /** Loads the file. */
  public static DecoderGolden load(NDManager manager) {
    Path file = Path.of("src/test/resources/golden/generate/decoder.safetensors");
    ReportDecoder decoder =
        new ReportDecoder(new ReportDecoderConfig(24, 2, 3, 20, 0, 1e-5), 13, 12, 10);
    decoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
    try {
      Map<String, NDArray> tensors = Safetensors.read(manager, file).tensors();
      Map<String, NDArray> state = new LinkedHashMap<>();
      tensors.forEach(
          (name, array) -> {
            if (name.startsWith("state.")) {
              state.put(name.substring("state.".length()), array);
            }
          });
      Weights.load(decoder, state, "golden");
      VisualTokens visual = new VisualTokens(tensors.get("visual"), 2, 1, 3);
      return new DecoderGolden(decoder, tensors.get("ids"), visual, tensors.get("logits"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
