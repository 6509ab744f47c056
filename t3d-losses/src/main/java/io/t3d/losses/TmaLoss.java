package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.kernel.TokenGather;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.train.LossTerms;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.GlobalViews;
import io.t3d.losses.internal.Patients;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  private final TmaConfig config;

  /** With {@link TmaConfig#defaults()}. */
  public TmaLoss() {
    this(TmaConfig.defaults());
  }

  /** With these settings. */
  public TmaLoss(TmaConfig config) {
    this.config = Objects.requireNonNull(config, "config");
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
    check(output);
    Patients.requireOnePerPair(
        patientIds, (int) output.views().get(0).embedding().getShape().get(0));
    Sum sum = new Sum();
    if (config.usesText()) {
      sentenceTerms(sum, output, learned, patientIds);
    }
    if (config.viewWeight() > 0) {
      sum.add(VIEW, config.viewWeight(), views(output, patientIds));
    }
    if (config.prototypeWeight() > 0) {
      LossTerms terms =
          new PrototypeLoss(config.prototypes())
              .compute(output.views(), required("prototypes", learned.prototypes()));
      sum.add(PROTOTYPES, config.prototypeWeight(), terms.total());
      terms.parts().forEach((name, part) -> sum.parts.put(PROTOTYPES + "_" + name, part));
    }
    return new LossTerms(BatchArrays.sum(sum.weighted), sum.parts);
  }

  private static final class Sum {
    private final Map<String, NDArray> parts = new LinkedHashMap<>();
    private final List<NDArray> weighted = new ArrayList<>();

    void add(String name, double weight, NDArray value) {
      parts.put(name, value.stopGradient());
      weighted.add(Scalars.multiply(value, weight));
    }
  }

  private void sentenceTerms(Sum sum, T3DOutput output, Learned learned, List<String> patientIds) {
    SentenceFeatures sentences = output.sentences().orElseThrow();
    NDArray q = sentences.embeddings(); // (T, E)
    SentenceTargets targets = new SentenceTargets(q, sentences.sentences(), patientIds);
    List<ViewFeatures> seen =
        config.localViews() ? output.views() : GlobalViews.of(output, 1, "TMA");
    List<NDArray> gathered = new ArrayList<>();
    if (config.localWeight() + config.consistencyWeight() > 0) {
      for (ViewFeatures view : seen) {
        gathered.add(TokenGather.gather(view.tokens(), q, config.gatherTemperature())); // (B, T, E)
      }
    }
    if (config.alignsSentences()) {
      NDArray scale = BatchArrays.borrow(q, required("sentenceScale", learned.sentenceScale()));
      sum.parts.put(SENTENCE_SCALE, scale.stopGradient().sum());
      NDArray factor = scale.exp(); // (1)
      if (config.localWeight() > 0) {
        List<NDArray> losses =
            gathered.stream()
                .map(z -> targets.align(z.mul(q).sum(new int[] {2}).mul(factor))) // of (B, T)
                .toList();
        sum.add(LOCAL, config.localWeight(), mean(losses));
      }
      if (config.sentenceWeight() > 0) {
        List<NDArray> losses =
            seen.stream()
                .map(v -> targets.align(v.embedding().matMul(q.transpose()).mul(factor)))
                .toList();
        sum.add(SENTENCE, config.sentenceWeight(), mean(losses));
      }
    }
    if (config.consistencyWeight() > 0) {
      sum.add(CONSISTENCY, config.consistencyWeight(), consistency(gathered, targets));
    }
  }

  private NDArray consistency(List<NDArray> gathered, SentenceTargets targets) {
    List<NDArray> losses = new ArrayList<>();
    for (NDArray anchorView : gathered) {
      NDArray anchors = targets.ofOwners(anchorView); // (T, E)
      for (NDArray view : gathered) {
        if (view != anchorView) {
          NDArray cosines = view.mul(anchors).sum(new int[] {2}); // (B, T)
          losses.add(targets.findOwner(Scalars.divide(cosines, config.consistencyTemperature())));
        }
      }
    }
    if (losses.isEmpty()) {
      throw tooFewViews("consistencyWeight", gathered.size());
    }
    return mean(losses);
  }

  private NDArray views(T3DOutput output, List<String> patientIds) {
    List<ViewFeatures> global = GlobalViews.of(output, 1, "TMA");
    NtXentLoss loss = new NtXentLoss(config.viewTemperature());
    List<NDArray> losses = new ArrayList<>();
    for (int a = 0; a < global.size(); a++) {
      for (int b = a + 1; b < global.size(); b++) {
        losses.add(loss.compute(global.get(a).embedding(), global.get(b).embedding(), patientIds));
      }
    }
    if (losses.isEmpty()) {
      throw tooFewViews("viewWeight", global.size());
    }
    return mean(losses);
  }

  private static IllegalArgumentException tooFewViews(String weight, int views) {
    return new IllegalArgumentException(
        "TmaConfig."
            + weight
            + " > 0 needs two views of each volume to compare, got "
            + views
            + "; raise data.views.globalViews, or set the weight to 0");
  }

  private static NDArray mean(List<NDArray> losses) {
    return Scalars.divide(BatchArrays.sum(losses), losses.size());
  }

  private static NDArray required(String name, Optional<NDArray> array) {
    return array.orElseThrow(
        () ->
            new IllegalArgumentException(
                "TmaLoss.Learned."
                    + name
                    + " is missing, which these settings need; T3DObjective.create makes it"));
  }

  private void check(T3DOutput output) {
    Shape first = output.views().get(0).embedding().getShape();
    long b = first.get(0);
    long e = first.get(1);
    String hint = "N is the view's TokenGrid, B and E those of view 0";
    for (ViewFeatures view : output.views()) {
      checked("embedding", view.embedding(), "B, E", hint, b, e);
      checked("tokens", view.tokens(), "B, N, E", hint, b, view.grid().size(), e);
    }
    if (!config.usesText()) {
      return;
    }
    SentenceFeatures sentences =
        output
            .sentences()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "TMA needs sentences of the reports, but the model's output has none: pass"
                            + " T3DModel.tokenize(manager, ReportSentences.draw(…)) to forward"));
    checked(
        "sentences",
        sentences.embeddings(),
        "T, E",
        "one row per text, all of one T3DModel.forward",
        sentences.sentences().size(),
        e);
    if (sentences.sentences().pairs() != b) {
      throw new IllegalArgumentException(
          "sentences must be of the B = " + b + " pairs, got " + sentences.sentences().pairs());
    }
  }

  private static void checked(String name, NDArray array, String axes, String hint, long... shape) {
    Shapes.check(name, array, axes, hint, shape);
    BatchArrays.requireFloat32(name, array);
  }
}
