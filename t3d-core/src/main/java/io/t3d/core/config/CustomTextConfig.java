package io.t3d.core.config;

import io.t3d.core.internal.Checks;

/**
 * Configuration of a model whose text encoder is a user-defined class; only that class knows its
 * settings. It comes from {@code T3DModel.builder().text(encoder)}; no file of settings can ask for
 * it, because no class is ever loaded by a name that stands in a file.
 *
 * @param encoder full name of the class, to tell the reader of a checkpoint which one it needs
 * @param vocabSize ids that the encoder knows; at least the tokenizer's vocabulary
 * @param hiddenSize C, width of the pooled features
 * @param maxLength L at most, special tokens among them; longer reports are cut
 */
public record CustomTextConfig(String encoder, int vocabSize, int hiddenSize, int maxLength)
    implements TextEncoderConfig {
  /** Checks sizes. */
  public CustomTextConfig {
    Checks.named("CustomTextConfig.encoder", encoder);
    Checks.positive("CustomTextConfig.vocabSize", vocabSize);
    Checks.positive("CustomTextConfig.hiddenSize", hiddenSize);
    Checks.inRange("CustomTextConfig.maxLength", maxLength, 2, Integer.MAX_VALUE);
  }
}
