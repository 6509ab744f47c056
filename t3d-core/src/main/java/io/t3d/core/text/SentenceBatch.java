package io.t3d.core.text;

/**
 * Tokenized sentences from the reports of a batch.
 *
 * @param sentences T texts and whose they are
 * @param tokens {@code (T, L)}, one row per text
 */
public record SentenceBatch(ReportSentences sentences, TokenBatch tokens) {
  /** Checks that both hold the same texts. */
  public SentenceBatch {
    if (tokens.size() != sentences.size()) {
      throw new IllegalArgumentException(
          "tokens must have one row per text ("
              + sentences.size()
              + "), got "
              + tokens.size()
              + "; make them with T3DModel.tokenize");
    }
  }
}
