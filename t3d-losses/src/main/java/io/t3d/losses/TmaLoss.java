package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Activation;
import io.t3d.core.internal.kernel.TokenGathering;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.train.LossTerms;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.GlobalViews;
import io.t3d.losses.internal.OutputChecks;
import io.t3d.losses.internal.Patients;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Text-informed multi-view alignment (TMA): sentences of the report are the cluster centres around
 * which the tokens of each view gather; what gathers is aligned with the sentence and agrees across
 * views.
 *
 * <pre>{@code
 * α(n) = softmax(n) cos(p(i,n), q(t)) / gatherTemperature        p: tokens of view a of volume i
 * z(a,i,t) = norm( Σ(n) α(n) p(i,n) )                            q: sentence t, owner o(t)
 *
 * s(i,t) = exp(sentenceScale) · z(a,i,t)·q(t)
 * L_local = mean over views a of ½ mean(t) [ - log softmax(i) s(i,t) at i = o(t) ]
 *                              + ½ mean(t) [ log(1 + Σ(u: o(u) ≠ i) exp(s(i,u) - s(i,t))) at i = o(t) ]
 * L_sentence: the same with the pooled embedding v(a,i) in place of z(a,i,t)
 * L_consistency = mean over ordered pairs a≠b and t of
 *                 - log softmax(c) [ z(b,o(t),t)·z(a,c,t) / consistencyTemperature ]  at c = o(t)
 * L_view = NT-Xent of the pooled embeddings of two views, viewTemperature
 * L = localWeight L_local + sentenceWeight L_sentence + consistencyWeight L_consistency
 *   + viewWeight L_view (+ prototypeWeight L_prototypes)
 * }</pre>
 *
 * <p>Each sentence gathers tokens of every volume of the batch, so that the sentence alone never
 * tells whose it is. Where a sentence's words also stand in report i, or i is of the same patient,
 * volume i is no negative of it, in every term; and the same patient's other volumes are none in
 * L_view.
 *
 * <p>Liu et al., 2023, <a href="https://arxiv.org/abs/2312.01529">T3D: Advancing 3D Medical
 * Vision-Language Pre-training by Learning Multi-View Visual Consistency</a>.
 *
 * <p>Differs from the paper (its code is not public, and its text fixes the idea alone):
 *
 * <ul>
 *   <li>The formulas are our reading of its abstract: "clusters volumetric data" = tokens gather
 *       around centres; "consistency across different views" = L_consistency and L_view;
 *       "integrates textual features into fine-grained visual representations" = the centres are
 *       the report's sentences.
 *   <li>L_prototypes, swapped prediction of learned centres ({@link PrototypeLoss}), is off unless
 *       it is given a weight.
 * </ul>
 *
 * <p>The gathering is a kernel with two forms ({@link TokenGathering}); all else is written out
 * below, in the order of the formulas.
 *
 * <p>The parts, named by the constants below, carry no gradient and are before weighting.
 */
public final class TmaLoss {
  /** Part: alignment of sentences with the tokens gathered around them, in nats. */
  public static final String LOCAL = "local";

  /** Part: alignment of sentences with pooled embeddings, in nats. */
  public static final String SENTENCE = "sentence";

  /** Part: agreement of gathered tokens across views, in nats. */
  public static final String CONSISTENCY = "consistency";

  /** Part: agreement of pooled embeddings across views, in nats. */
  public static final String VIEW = "view";

  /** Part: the swapped prediction of prototypes, in nats; its own parts stand behind it. */
  public static final String PROTOTYPES = "prototypes";

  /** Part: the learned log inverse temperature of the sentence logits. */
  public static final String SENTENCE_SCALE = "sentence_scale";

  // Far below any logit, yet finite: 0 · (-inf) in the product with the targets would be NaN.
  private static final float EXCLUDED = -1e9f;

  private final TmaConfig config;
  private final TokenGathering gathering;
  private final NtXentLoss viewLoss;
  private final PrototypeLoss prototypeLoss;

  /** With {@link TmaConfig#defaults()}. */
  public TmaLoss() {
    this(TmaConfig.defaults());
  }

  /** With these settings and the fastest kernels that this machine has. */
  public TmaLoss(TmaConfig config) {
    this(
        config,
        TokenGathering.best(config.gatherTemperature()),
        new PrototypeLoss(config.prototypes()));
  }

  private TmaLoss(TmaConfig config, TokenGathering gathering, PrototypeLoss prototypeLoss) {
    this.config = config;
    this.gathering = gathering;
    this.viewLoss = new NtXentLoss(config.viewTemperature());
    this.prototypeLoss = prototypeLoss;
  }

  /** The same loss by plain array operations and autograd: slower, the reference of the kernels. */
  public static TmaLoss plain(TmaConfig config) {
    return new TmaLoss(
        config,
        TokenGathering.plain(config.gatherTemperature()),
        PrototypeLoss.plain(config.prototypes()));
  }

  /**
   * What the loss learns beside the model.
   *
   * @param sentenceScale scalar, log inverse temperature of the sentence logits; {@code exp()} is
   *     taken here. Needed where localWeight or sentenceWeight is &gt; 0
   * @param prototypes {@code (K, E)}, L2-normalised. Needed where prototypeWeight is &gt; 0
   */
  public record Learned(Optional<NDArray> sentenceScale, Optional<NDArray> prototypes) {
    /** A scale alone. */
    public static Learned of(NDArray sentenceScale) {
      return new Learned(Optional.of(sentenceScale), Optional.empty());
    }
  }

  /**
   * Computes the loss of a batch of B pairs.
   *
   * @param output the model's forward pass; tokens of any scale, embeddings L2-normalised, all
   *     float32; with sentences where a term needs them
   * @param learned what the loss learns
   * @param patientIds B ids; pairs that share one are not negatives of each other
   * @return the scalar and its parts
   * @throws IllegalArgumentException when there are too few global views, sentences are missing, or
   *     a shape, a dtype or the number of ids differs
   */
  public LossTerms compute(T3DOutput output, Learned learned, List<String> patientIds) {
    OutputChecks.requireOneBatch(output.views());
    int b = (int) output.views().get(0).embedding().getShape().get(0);
    Patients.requireOnePerPair(patientIds, b);
    Sum sum = new Sum();
    if (config.usesText()) {
      addSentenceTerms(sum, output, OutputChecks.requireSentences(output), learned, patientIds);
    }
    if (config.viewWeight() > 0) {
      sum.add(VIEW, config.viewWeight(), viewsAgree(output, patientIds));
    }
    if (config.prototypeWeight() > 0) {
      NDArray prototypes = required("prototypes", learned.prototypes()); // (K, E)
      LossTerms terms = prototypeLoss.compute(output.views(), prototypes);
      sum.add(PROTOTYPES, config.prototypeWeight(), terms.total());
      terms.parts().forEach((name, part) -> sum.parts.put(PROTOTYPES + "_" + name, part));
    }
    return new LossTerms(BatchArrays.sum(sum.weighted), sum.parts);
  }

  /** The weighted terms, and each of them for the log. */
  private static final class Sum {
    private final Map<String, NDArray> parts = new LinkedHashMap<>();
    private final List<NDArray> weighted = new ArrayList<>();

    void add(String name, double weight, NDArray value) {
      parts.put(name, value.stopGradient());
      weighted.add(Scalars.multiply(value, weight));
    }
  }

  /** L_local, L_sentence and L_consistency: all that compares sentences with volumes. */
  private void addSentenceTerms(
      Sum sum,
      T3DOutput output,
      SentenceFeatures sentences,
      Learned learned,
      List<String> patientIds) {
    NDArray q = sentences.embeddings(); // (T, E)
    Owners owners = Owners.of(q, sentences.sentences(), patientIds);
    List<ViewFeatures> views =
        config.localViews() ? output.views() : GlobalViews.of(output, 1, "TMA");

    // Clustering: the tokens of every volume gather around every sentence.
    List<NDArray> gathered = new ArrayList<>(); // z of each view, (B, T, E)
    if (config.localWeight() + config.consistencyWeight() > 0) {
      views.forEach(view -> gathered.add(gathering.gather(view.tokens(), q)));
    }

    // Alignment: a sentence finds its volume, and a volume its sentences.
    if (config.alignsSentences()) {
      NDArray scale = BatchArrays.borrow(q, required("sentenceScale", learned.sentenceScale()));
      sum.parts.put(SENTENCE_SCALE, scale.stopGradient().sum());
      NDArray factor = scale.exp(); // (1)
      if (config.localWeight() > 0) {
        List<NDArray> losses = new ArrayList<>();
        for (NDArray z : gathered) {
          NDArray logits = cosines(z, q).mul(factor); // (B, T)
          losses.add(align(logits, owners));
        }
        sum.add(LOCAL, config.localWeight(), BatchArrays.mean(losses));
      }
      if (config.sentenceWeight() > 0) {
        List<NDArray> losses = new ArrayList<>();
        for (ViewFeatures view : views) {
          NDArray v = view.embedding(); // (B, E)
          NDArray logits = v.matMul(q.transpose()).mul(factor); // (B, E) · (E, T) -> (B, T)
          losses.add(align(logits, owners));
        }
        sum.add(SENTENCE, config.sentenceWeight(), BatchArrays.mean(losses));
      }
    }

    // Consistency: what gathered in one view finds the same volume in another.
    if (config.consistencyWeight() > 0) {
      sum.add(CONSISTENCY, config.consistencyWeight(), clustersAgree(gathered, owners));
    }
  }

  /** {@code z(i,t)·c(t)}: what gathered in each volume, beside one row a sentence. */
  private static NDArray cosines(NDArray gathered, NDArray rows) {
    return gathered.mul(rows).sum(new int[] {2}); // (B, T, E) · (T, E) -> (B, T)
  }

  /**
   * Half of finding each sentence's volume, half of telling each of a volume's sentences from those
   * of others; a volume's other sentences are no negatives of it.
   *
   * @param logits {@code (B, T)}
   * @return scalar: mean over sentences; 0 without a negative
   */
  private static NDArray align(NDArray logits, Owners owners) {
    NDArray others = logSumExp(logits.add(owners.negativesAlone)); // (B, 1)
    // -log( e^s / (e^s + Σ e^others) ) = softplus(log Σ e^others - s)
    NDArray told = Activation.softPlus(others.sub(logits)).mul(owners.own).sum();
    return Scalars.multiply(
        findOwner(logits, owners).add(Scalars.divide(told, owners.sentences)), 0.5);
  }

  /** Cross-entropy over the volumes {@code (B, T)} of finding each sentence's own. */
  private static NDArray findOwner(NDArray logits, Owners owners) {
    NDArray logP = logits.add(owners.withoutFalseNegatives).logSoftmax(0); // (B, T)
    return Scalars.divide(logP.mul(owners.own).sum(), -owners.sentences);
  }

  private static NDArray logSumExp(NDArray logits) {
    NDArray max = logits.stopGradient().max(new int[] {1}, true); // (B, 1)
    return logits.sub(max).exp().sum(new int[] {1}, true).log().add(max); // (B, 1)
  }

  /** L_consistency of each view's {@code (B, T, E)}. */
  private NDArray clustersAgree(List<NDArray> gathered, Owners owners) {
    List<NDArray> losses = new ArrayList<>();
    for (NDArray anchorView : gathered) {
      NDArray anchors = ofOwners(anchorView, owners); // (T, E)
      for (NDArray view : gathered) {
        if (view != anchorView) {
          NDArray cosines = cosines(view, anchors); // (B, T)
          losses.add(findOwner(Scalars.divide(cosines, config.consistencyTemperature()), owners));
        }
      }
    }
    if (losses.isEmpty()) {
      throw tooFewViews("consistencyWeight", gathered.size());
    }
    return BatchArrays.mean(losses);
  }

  /** For each sentence, what gathered around it in its own volume. */
  private static NDArray ofOwners(NDArray gathered, Owners owners) {
    long e = gathered.getShape().get(2);
    return gathered
        .reshape(-1, e) // (B, T, E) -> (B·T, E)
        .get(new NDIndex("{}", owners.rows)); // (T, E)
  }

  /** L_view. */
  private NDArray viewsAgree(T3DOutput output, List<String> patientIds) {
    List<ViewFeatures> global = GlobalViews.of(output, 1, "TMA");
    List<NDArray> losses = new ArrayList<>();
    for (int a = 0; a < global.size(); a++) {
      for (int b = a + 1; b < global.size(); b++) {
        NDArray first = global.get(a).embedding(); // (B, E)
        NDArray second = global.get(b).embedding(); // (B, E)
        losses.add(viewLoss.compute(first, second, patientIds));
      }
    }
    if (losses.isEmpty()) {
      throw tooFewViews("viewWeight", global.size());
    }
    return BatchArrays.mean(losses);
  }

  /**
   * Which volume each of T sentences belongs to, and of which volumes it is no negative.
   *
   * @param sentences T
   * @param own {@code (B, T)}: 1 at the owner, else 0
   * @param withoutFalseNegatives {@code (B, T)}: 0 or EXCLUDED, added to logits
   * @param negativesAlone {@code (B, T)}: the same, own sentences excluded too
   * @param rows {@code (T)}, int64: the owner's rows of {@code (B·T)}
   */
  private record Owners(
      int sentences,
      NDArray own,
      NDArray withoutFalseNegatives,
      NDArray negativesAlone,
      NDArray rows) {
    /** On the device of {@code like}, owned by its manager. */
    static Owners of(NDArray like, ReportSentences sentences, List<String> patientIds) {
      int b = sentences.pairs();
      int t = sentences.size();
      float[] owned = new float[b * t];
      float[] noFalse = new float[b * t];
      float[] negatives = new float[b * t];
      long[] rows = new long[t];
      for (int k = 0; k < t; k++) {
        int owner = sentences.owners().get(k);
        rows[k] = (long) owner * t + k;
        for (int i = 0; i < b; i++) {
          boolean mine = i == owner;
          boolean falseNegative =
              !mine
                  && (sentences.standsIn().get(k).contains(i)
                      || patientIds.get(i).equals(patientIds.get(owner)));
          owned[i * t + k] = mine ? 1 : 0;
          noFalse[i * t + k] = falseNegative ? EXCLUDED : 0;
          negatives[i * t + k] = falseNegative || mine ? EXCLUDED : 0;
        }
      }
      List<NDArray> tables = BatchArrays.tables(like, b, t, owned, noFalse, negatives);
      return new Owners(t, tables.get(0), tables.get(1), tables.get(2), BatchArrays.of(like, rows));
    }
  }

  private static IllegalArgumentException tooFewViews(String weight, int views) {
    return new IllegalArgumentException(
        "TmaConfig."
            + weight
            + " > 0 needs two views of each volume to compare, got "
            + views
            + "; raise data.views.globalViews, or set the weight to 0");
  }

  private static NDArray required(String name, Optional<NDArray> array) {
    return array.orElseThrow(
        () ->
            new IllegalArgumentException(
                "TmaLoss.Learned."
                    + name
                    + " is missing, which these settings need; T3DObjective.create makes it"));
  }
}
