package io.t3d.core.config;

import io.t3d.core.internal.Checks;

/**
 * Says that a model has no text encoder: a published vision encoder. Whatever needs texts fails
 * with a message that names the reason; embeddings of volumes, probes and fine-tuning do not.
 *
 * @param withoutText why, e.g. {@code VoxelFM is a vision encoder}
 * @param hiddenSize width of what texts would have; that of the shared embedding
 */
public record NoTextConfig(String withoutText, int hiddenSize) implements TextEncoderConfig {
  /** Checks. */
  public NoTextConfig {
    Checks.named("NoTextConfig.withoutText", withoutText);
    Checks.positive("NoTextConfig.hiddenSize", hiddenSize);
  }

  /** Any: no id is read. */
  @Override
  public int vocabSize() {
    return Integer.MAX_VALUE;
  }

  @Override
  public int maxLength() {
    return 512;
  }
}
