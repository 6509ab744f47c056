package io.t3d.serve.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.serve.internal.model.Gallery;
import java.util.List;
import java.util.Map;

/** What the endpoints answer, as JSON. */
final class Answers {
  private Answers() {}

  /** An answer of another type than its route's. */
  record Body(byte[] bytes, String mediaType) {}

  /**
   * A volume's vector.
   *
   * @param embedding {@code [E]}, L2-normalised
   */
  record Embedded(float[] embedding) {}

  /**
   * Vectors of texts.
   *
   * @param embeddings {@code [n][E]}, L2-normalised, in order
   */
  record TextsEmbedded(float[][] embeddings) {}

  /**
   * Findings.
   *
   * @param probabilities finding → probability, in the order of the prompts; not calibrated
   */
  record Classified(Map<String, Double> probabilities) {}

  /**
   * What of the gallery is near.
   *
   * @param in {@code volumes} or {@code reports}
   * @param matches best first
   */
  record Retrieved(String in, List<Gallery.Found> matches) {}

  /**
   * A written report.
   *
   * @param text without special tokens
   * @param logProbability of all its tokens together, natural log
   * @param tokens how many
   * @param finished whether it ended by itself
   */
  record Written(String text, double logProbability, int tokens, boolean finished) {}

  /**
   * Whether the service takes requests.
   *
   * @param status {@code ok} or {@code stopping}
   */
  record Health(String status) {}

  /**
   * The model of the service.
   *
   * @param embedDim E, width of an embedding
   * @param device where it computes
   * @param usesText whether texts are of use to it
   * @param endpoints what this service can do
   * @param prompts of zero-shot classification, when a request names none
   * @param segmentClasses structures of masks and their values; empty without a segmenter
   * @param gallerySize volumes that retrieval searches; 0 without a gallery
   * @param preparation of volumes
   * @param model settings of its encoders
   * @param provenance data, settings, seed and versions; null when the checkpoint has none
   * @param published licence, source and citation of an imported model; null for others
   */
  record Card(
      int embedDim,
      String device,
      boolean usesText,
      List<String> endpoints,
      List<FindingPrompts> prompts,
      Map<String, Integer> segmentClasses,
      int gallerySize,
      JsonNode preparation,
      JsonNode model,
      JsonNode provenance,
      JsonNode published) {}
}
