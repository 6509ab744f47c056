package io.t3d.core.config;

/**
 * Settings of a text encoder of the BERT family.
 *
 * @param tokenizer {@code builtin} (a small radiology vocabulary in the jar), {@code corpus} (built
 *     from the training reports), or a {@code tokenizer.json} or the folder that holds one
 * @param vocabSize rows of the token embedding; at least the tokenizer's vocabulary
 * @param hiddenSize width of a token
 * @param layers transformer layers
 * @param heads attention heads A; divides the hidden size
 * @param mlpSize width of the feed-forward layer
 * @param maxLength L at most, special tokens among them; longer reports are cut
 * @param positions rows of the position embedding
 * @param positionOffset first row in use: 0 for BERT, 2 for RoBERTa (padding id + 1)
 * @param tokenTypes rows of the token type embedding
 * @param dropout probability
 * @param layerNormEps added to the variance
 * @param pooling how tokens become one vector
 */
public record TextConfig(
    String tokenizer,
    int vocabSize,
    int hiddenSize,
    int layers,
    int heads,
    int mlpSize,
    int maxLength,
    int positions,
    int positionOffset,
    int tokenTypes,
    double dropout,
    double layerNormEps,
    Pooling pooling) {
  /** How the report's tokens become one vector. */
  public enum Pooling {
    /** The first token. */
    CLS,
    /** The mean of all tokens that are not padding. */
    MEAN
  }

  /** Checks sizes. */
  public TextConfig {
    if (tokenizer == null || tokenizer.isBlank()) {
      throw new IllegalArgumentException(
          "TextConfig.tokenizer must be builtin, corpus or a path, got " + tokenizer);
    }
    Checks.positive("TextConfig.vocabSize", vocabSize);
    Checks.positive("TextConfig.layers", layers);
    Checks.positive("TextConfig.mlpSize", mlpSize);
    Checks.positive("TextConfig.tokenTypes", tokenTypes);
    Checks.divides("TextConfig.hiddenSize", hiddenSize, "heads", heads);
    Checks.inRange("TextConfig.dropout", dropout, 0, 0.99);
    Checks.positive("TextConfig.layerNormEps", layerNormEps);
    Checks.inRange("TextConfig.maxLength", maxLength, 2, positions - positionOffset);
  }

  /** BERT-base, the shape of RadBERT, BioClinicalBERT and PubMedBERT. */
  public static TextConfig bertBase() {
    return new TextConfig(
        "builtin", 30522, 768, 12, 12, 3072, 512, 512, 0, 2, 0.1, 1e-12, Pooling.CLS);
  }

  /** Two narrow layers over the built-in vocabulary: trains in minutes on two cores. */
  public static TextConfig tiny() {
    return new TextConfig(
        "builtin", 4096, 128, 2, 4, 256, 128, 128, 0, 2, 0.1, 1e-12, Pooling.MEAN);
  }

  /**
   * The same settings (dropout, pooling, maxLength as far as positions reach) with the tokenizer
   * and all sizes of another encoder, so that its weights fit.
   */
  public TextConfig withSizesOf(TextConfig other) {
    int length = Math.min(maxLength, other.positions - other.positionOffset);
    return other.with(other.tokenizer, other.vocabSize, length, dropout, pooling);
  }

  /** The same settings with another tokenizer and vocabulary size. */
  public TextConfig withTokenizer(String newTokenizer, int newVocabSize) {
    return with(newTokenizer, newVocabSize, maxLength, dropout, pooling);
  }

  private TextConfig with(
      String newTokenizer, int newVocabSize, int length, double newDropout, Pooling newPooling) {
    return new TextConfig(
        newTokenizer,
        newVocabSize,
        hiddenSize,
        layers,
        heads,
        mlpSize,
        length,
        positions,
        positionOffset,
        tokenTypes,
        newDropout,
        layerNormEps,
        newPooling);
  }
}
