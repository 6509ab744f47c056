package io.t3d.core.internal.onnx;

import java.util.Optional;

/**
 * What a visual encoder gives of a view.
 *
 * @param tokens {@code (B, N, C)}
 * @param pooled {@code (B, C)}, where that is not the mean of the tokens
 */
record OnnxFeatures(String tokens, Optional<String> pooled) {
  OnnxFeatures(String tokens) {
    this(tokens, Optional.empty());
  }
}
