package io.t3d.core.config;

/**
 * Settings of a text encoder: {@link TextConfig}, {@link CustomTextConfig} for a user-defined
 * class, or {@link NoTextConfig} for models that read no texts. In a file the keys tell which;
 * there is no {@code type}.
 */
public sealed interface TextEncoderConfig permits TextConfig, CustomTextConfig, NoTextConfig {
  /** Ids that the encoder knows; at least the tokenizer's vocabulary. */
  int vocabSize();

  /** C, the width of the features. */
  int hiddenSize();

  /** L at most, special tokens among them; longer reports are cut. */
  int maxLength();

  /**
   * The settings as those of the BERT family.
   *
   * @param purpose who needs them, to begin the message with
   * @throws IllegalArgumentException when the encoder is a class of one's own, or there is none
   */
  default TextConfig bert(String purpose) {
    if (this instanceof TextConfig text) {
      return text;
    }
    if (this instanceof NoTextConfig none) {
      throw new IllegalArgumentException(
          purpose + " needs a text encoder, but this model has none: " + none.withoutText());
    }
    throw new IllegalArgumentException(
        purpose
            + " needs a text encoder of the BERT family (TransformerTextEncoder), got "
            + ((CustomTextConfig) this).encoder());
  }
}
