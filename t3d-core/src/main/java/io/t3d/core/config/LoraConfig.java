package io.t3d.core.config;

import io.t3d.core.internal.Checks;
import java.util.List;

/**
 * Low-rank adaptation: an encoder's weights stay as they are, and each chosen linear layer learns a
 * product of two thin matrices beside its own.
 *
 * <pre>{@code
 * y = W x + b + alpha / rank · B (A dropout(x))      A (rank, C), B (O, rank)
 * }</pre>
 *
 * <p>Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models", Section 4.1. As in the
 * library peft, A starts uniform in ±1/√C and B at 0, so that training starts at the encoder as it
 * was. Projections, heads and what an objective learns are trained as ever.
 *
 * @param rank of the product; 8 unless set
 * @param alpha the product counts alpha / rank times; 16 unless set
 * @param dropout probability of what enters A, in training; 0 unless set
 * @param layers which linear layers by name, {@code *} for any letters: {@code vision.*.attn.*},
 *     {@code text.*.query}. An encoder of which one layer is named is frozen but for its pairs; one
 *     of which none is named is trained as ever. All of both encoders unless set
 */
public record LoraConfig(int rank, double alpha, double dropout, List<String> layers) {
  /** Checks ranges. */
  public LoraConfig {
    Checks.positive("LoraConfig.rank", rank);
    Checks.positive("LoraConfig.alpha", alpha);
    Checks.inRange("LoraConfig.dropout", dropout, 0, Math.nextDown(1.0));
    layers = List.copyOf(layers);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException(
          "LoraConfig.layers must name linear layers, e.g. vision.*, got none");
    }
  }

  /** Rank 8, alpha 16, no dropout, all linear layers of both encoders. */
  public static LoraConfig defaults() {
    return new LoraConfig(8, 16, 0, List.of("vision.*", "text.*"));
  }

  /** The same for other layers. */
  public LoraConfig withLayers(String... names) {
    return new LoraConfig(rank, alpha, dropout, List.of(names));
  }

  /** The same with another rank and alpha. */
  public LoraConfig with(int newRank, double newAlpha) {
    return new LoraConfig(newRank, newAlpha, dropout, layers);
  }
}
