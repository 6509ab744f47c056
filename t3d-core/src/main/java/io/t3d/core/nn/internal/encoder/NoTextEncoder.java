package io.t3d.core.nn.internal.encoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.NoTextConfig;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.text.TokenBatch;

/** Stands where a model has no text encoder: it has no weights and refuses every text by name. */
final class NoTextEncoder extends TypedBlock implements TextEncoder {
  private final NoTextConfig config;

  NoTextEncoder(NoTextConfig config) {
    this.config = config;
  }

  /** Why there is none. */
  NoTextConfig config() {
    return config;
  }

  @Override
  public int channels() {
    return config.hiddenSize();
  }

  @Override
  public int vocabSize() {
    return config.vocabSize();
  }

  /** Always fails: there is nothing that reads. */
  @Override
  public TextFeatures encode(ParameterStore parameters, TokenBatch reports, boolean training) {
    throw refusal();
  }

  private T3dException refusal() {
    return new T3dException(
        T3dException.Kind.USAGE,
        "This model cannot read texts: "
            + config.withoutText()
            + "; embeddings of volumes, probes, fine-tuning and retrieval of volumes by volumes need"
            + " none");
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    throw refusal();
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return new Shape(inputs[0].get(0), channels());
  }
}
