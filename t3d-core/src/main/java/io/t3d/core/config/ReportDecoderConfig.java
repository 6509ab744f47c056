package io.t3d.core.config;

import io.t3d.core.internal.Checks;

/**
 * Settings of the transformer that writes reports. Vocabulary, longest report and the width of the
 * visual tokens come from the model that it reads from.
 *
 * @param hiddenSize width of a token
 * @param layers transformer layers
 * @param heads attention heads A; divides the hidden size
 * @param mlpSize width of the feed-forward layer
 * @param dropout probability
 * @param layerNormEps added to the variance
 */
public record ReportDecoderConfig(
    int hiddenSize, int layers, int heads, int mlpSize, double dropout, double layerNormEps) {
  /** Checks sizes. */
  public ReportDecoderConfig {
    Checks.positive("ReportDecoderConfig.hiddenSize", hiddenSize);
    Checks.positive("ReportDecoderConfig.layers", layers);
    Checks.divides("ReportDecoderConfig.hiddenSize", hiddenSize, "heads", heads);
    Checks.positive("ReportDecoderConfig.mlpSize", mlpSize);
    Checks.inRange("ReportDecoderConfig.dropout", dropout, 0, 0.99);
    Checks.positive("ReportDecoderConfig.layerNormEps", layerNormEps);
  }

  /** Two narrow layers: learns the phantoms' reports in minutes on two cores. */
  public static ReportDecoderConfig tiny() {
    return new ReportDecoderConfig(128, 2, 4, 256, 0.1, 1e-5);
  }

  /** Six layers of BERT-base's width, as the decoder of Vaswani et al. 2017 has layers. */
  public static ReportDecoderConfig base() {
    return new ReportDecoderConfig(768, 6, 12, 3072, 0.1, 1e-5);
  }
}
