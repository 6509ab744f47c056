package io.t3d.serve.internal.http;

import io.t3d.core.task.classify.FindingPrompts;
import java.util.List;
import java.util.Optional;

/**
 * What requests ask for. Beside a volume in the body these are parameters of the query, or the part
 * {@code request} of a form; else they are the JSON body.
 */
final class Requests {
  private Requests() {}

  /** A request that may name a volume, by its path or as a series of the archive. */
  interface OfVolume {
    /** Below the service's root. */
    Optional<String> path();

    /** In the archive of the service. */
    Optional<DicomWeb> dicomWeb();
  }

  /**
   * A series in the service's archive. There is no place for a host: requests do not choose it.
   *
   * @param study Study Instance UID
   * @param series Series Instance UID
   */
  record DicomWeb(String study, String series) {}

  /**
   * A volume alone.
   *
   * @param path see {@link OfVolume}
   * @param dicomWeb see {@link OfVolume}
   */
  record OneVolume(Optional<String> path, Optional<DicomWeb> dicomWeb) implements OfVolume {}

  /**
   * Zero-shot classification.
   *
   * @param path see {@link OfVolume}
   * @param dicomWeb see {@link OfVolume}
   * @param findings names, put into the usual phrases
   * @param prompts phrases of one's own
   */
  record ZeroShot(
      Optional<String> path,
      Optional<DicomWeb> dicomWeb,
      Optional<List<String>> findings,
      Optional<List<FindingPrompts>> prompts)
      implements OfVolume {}

  /**
   * Retrieval, by a volume or by a text.
   *
   * @param path see {@link OfVolume}
   * @param dicomWeb see {@link OfVolume}
   * @param text the query, in place of a volume
   * @param k how many; 10 when empty
   * @param in {@code volumes} or {@code reports}; empty: reports for a volume where the gallery has
   *     them, else volumes
   */
  record Retrieve(
      Optional<String> path,
      Optional<DicomWeb> dicomWeb,
      Optional<String> text,
      Optional<Integer> k,
      Optional<String> in)
      implements OfVolume {}

  /**
   * A report.
   *
   * @param path see {@link OfVolume}
   * @param dicomWeb see {@link OfVolume}
   * @param maxLength tokens at most; empty: as many as the decoder has places for
   * @param beams of a beam search; 1 when empty, which is greedy
   */
  record Report(
      Optional<String> path,
      Optional<DicomWeb> dicomWeb,
      Optional<Integer> maxLength,
      Optional<Integer> beams)
      implements OfVolume {}

  /**
   * Texts to embed.
   *
   * @param texts none blank
   */
  record Texts(List<String> texts) {
    /** Checks what JSON can leave out. */
    Texts {
      if (texts == null) {
        throw new IllegalArgumentException("texts must be a list of texts, got null");
      }
    }
  }
}
