package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import io.t3d.core.text.ReportSentences;

/**
 * Features of sentences from the reports, each encoded on its own.
 *
 * @param embeddings {@code (T, E)}, float32, L2-normalised: q
 * @param sentences the T texts and whose they are
 */
public record SentenceFeatures(NDArray embeddings, ReportSentences sentences) {}
