package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Activation;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.ReportSentences;
import io.t3d.losses.internal.BatchArrays;
import java.util.List;

/** Which volume each of T sentences belongs to, and of which volumes it is no negative. */
final class SentenceTargets {
  // Far below any logit, yet finite: 0 · (-inf) in the product with the targets would be NaN.
  private static final float EXCLUDED = -1e9f;

  private final int sentences;
  private final NDArray own; // (B, T): 1 at the owner, else 0
  private final NDArray withoutFalseNegatives; // (B, T): 0 or EXCLUDED, added to logits
  private final NDArray negativesAlone; // (B, T): the same, own sentences excluded too
  private final NDArray ownerRows; // (T), int64: rows of (B·T)

  /**
   * Builds the masks.
   *
   * @param like gives device and manager
   * @param sentences of B pairs
   * @param patientIds B ids
   */
  SentenceTargets(NDArray like, ReportSentences sentences, List<String> patientIds) {
    int b = sentences.pairs();
    int t = sentences.size();
    this.sentences = t;
    float[] owned = new float[b * t];
    float[] noFalse = new float[b * t];
    float[] negatives = new float[b * t];
    long[] rows = new long[t];
    for (int k = 0; k < t; k++) {
      int owner = sentences.owners().get(k);
      rows[k] = (long) owner * t + k;
      for (int i = 0; i < b; i++) {
        boolean mine = i == owner;
        boolean no =
            !mine
                && (sentences.standsIn().get(k).contains(i)
                    || patientIds.get(i).equals(patientIds.get(owner)));
        owned[i * t + k] = mine ? 1 : 0;
        noFalse[i * t + k] = no ? EXCLUDED : 0;
        negatives[i * t + k] = no || mine ? EXCLUDED : 0;
      }
    }
    own = BatchArrays.of(like, owned, b, t);
    withoutFalseNegatives = BatchArrays.of(like, noFalse, b, t);
    negativesAlone = BatchArrays.of(like, negatives, b, t);
    // A copy: DJL's array would borrow a Java buffer.
    try (NDArray host = like.getManager().create(rows)) {
      ownerRows = host.duplicate().toDevice(like.getDevice(), false);
    }
  }

  /**
   * Cross-entropy of finding each sentence's volume.
   *
   * @param logits {@code (B, T)}
   * @return scalar: mean over sentences; 0 without a negative
   */
  NDArray findOwner(NDArray logits) {
    NDArray found = logits.add(withoutFalseNegatives).logSoftmax(0).mul(own).sum();
    return Scalars.divide(found, -sentences);
  }

  /**
   * Half of finding each sentence's volume, half of telling each of a volume's sentences from those
   * of others; a volume's other sentences are no negatives of it.
   *
   * @param logits {@code (B, T)}
   */
  NDArray align(NDArray logits) {
    NDArray others = logSumExp(logits.add(negativesAlone)); // (B, 1)
    // -log( e^s / (e^s + Σ e^others) ) = softplus(log Σ e^others - s)
    NDArray told = Activation.softPlus(others.sub(logits)).mul(own).sum();
    return Scalars.multiply(findOwner(logits).add(Scalars.divide(told, sentences)), 0.5);
  }

  /** {@code (T, E)} of {@code (B, T, E)}: for each sentence the row of its own volume. */
  NDArray ofOwners(NDArray gathered) {
    long e = gathered.getShape().get(2);
    return gathered.reshape(-1, e).get(new NDIndex("{}", ownerRows));
  }

  private static NDArray logSumExp(NDArray logits) {
    NDArray max = logits.stopGradient().max(new int[] {1}, true); // (B, 1)
    return logits.sub(max).exp().sum(new int[] {1}, true).log().add(max); // (B, 1)
  }
}
