package io.t3d.core.nn.internal.encoder;

import io.t3d.core.config.CustomTextConfig;
import io.t3d.core.config.NoTextConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextEncoderConfig;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.text.TransformerTextEncoder;

/** Creates a text encoder from its settings, and reads the settings of an existing one. */
public final class TextEncoders {
  private TextEncoders() {}

  /**
   * A new encoder without weights: call {@code initialize} on it.
   *
   * @throws IllegalArgumentException when the settings are those of a class of one's own
   */
  public static TextEncoder create(TextEncoderConfig config) {
    if (config instanceof CustomTextConfig custom) {
      throw new IllegalArgumentException(
          "The text encoder is a "
              + custom.encoder()
              + ", which only its own code can build: pass one to T3DModel.builder().text(encoder)");
    }
    if (config instanceof NoTextConfig none) {
      return new NoTextEncoder(none);
    }
    return new TransformerTextEncoder((TextConfig) config);
  }

  /**
   * The settings of an encoder.
   *
   * @param encoder of this library, or one's own
   * @param maxLength of its tokenizer: noted where the encoder has no settings of its own, or ones
   *     that let longer reports through
   */
  public static TextEncoderConfig configOf(TextEncoder encoder, int maxLength) {
    if (encoder instanceof TransformerTextEncoder transformer) {
      return effective(transformer.config(), maxLength);
    }
    if (encoder instanceof NoTextEncoder none) {
      return none.config();
    }
    return new CustomTextConfig(
        encoder.getClass().getName(), encoder.vocabSize(), encoder.channels(), maxLength);
  }

  /** So that who opens a saved model cuts reports where it did. */
  private static TextConfig effective(TextConfig config, int maxLength) {
    return maxLength < config.maxLength()
        ? config.toBuilder().maxLength(maxLength).build()
        : config;
  }
}
