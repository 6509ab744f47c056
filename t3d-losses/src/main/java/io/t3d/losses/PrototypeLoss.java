package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.View;
import io.t3d.losses.SwappedPrediction.Aligned;
import io.t3d.losses.SwappedPrediction.Result;
import io.t3d.losses.SwappedPrediction.ViewPair;
import io.t3d.losses.SwappedPrediction.Weights;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.kernel.Sinkhorn;
import io.t3d.losses.kernel.TokenMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Swapped prediction of learned prototypes: views of one volume predict each other's clusters.
 *
 * <pre>{@code
 * q(a) = Sinkhorn( norm(h(a))·cᵀ / epsilon )             no gradient
 * p(b) = softmax( norm(h(b))·cᵀ / temperature )
 * L_level = mean over pairs a≠b and their matches of  - Σ(k) q(a)[k] · log p(b)[k]
 * L = viewWeight · L_view + tokenWeight · L_token + entropyWeight · KL( mean p ‖ uniform )
 * }</pre>
 *
 * <p>At view level h are the pooled embeddings; at token level the tokens of b are matched by world
 * coordinates with those of a, and tokens that a does not show are left out.
 *
 * <p>Caron et al., 2020, <a href="https://arxiv.org/abs/2006.09882">Unsupervised Learning of Visual
 * Features by Contrasting Cluster Assignments</a>, eq. 1–2.
 *
 * <p>Differs from the paper:
 *
 * <ul>
 *   <li>The token level is ours.
 *   <li>Only global views assign; all views, local ones too, predict (as in the paper).
 *   <li>All global views of the batch are balanced together, so V·B (or V·B·N) samples meet K
 *       prototypes. With V·B &lt; K the view level's targets are soft; see {@link Sinkhorn}.
 *   <li>Every match counts the same: a view pair weighs by its overlap. Views that do not overlap
 *       add nothing.
 *   <li>The entropy term is the mean over the active levels.
 * </ul>
 *
 * <p>The parts, named by the constants below, carry no gradient. Prototype usage is measured on
 * nearest prototypes, since the mean Sinkhorn assignment is uniform by construction; it is at most
 * the number of assigned samples, and 1 when the features have collapsed.
 */
public final class PrototypeLoss {
  /** Part: cross-entropy between pooled views, in nats; only at that level. */
  public static final String VIEW = "view";

  /** Part: cross-entropy between matched tokens, in nats; only at that level. */
  public static final String TOKEN = "token";

  /** Part: KL of the mean prediction from uniform, in nats; log K when all is one prototype. */
  public static final String ENTROPY = "entropy";

  /** Part: effective number of prototypes in use by pooled views. */
  public static final String VIEW_PROTOTYPE_USAGE = "view_prototype_usage";

  /** Part: effective number of prototypes in use by tokens. */
  public static final String TOKEN_PROTOTYPE_USAGE = "token_prototype_usage";

  /** Part: share of the predicting views' tokens that have a match; only at token level. */
  public static final String MATCHED_TOKENS = "matched_tokens";

  private final PrototypeConfig config;

  /** With {@link PrototypeConfig#defaults()}. */
  public PrototypeLoss() {
    this(PrototypeConfig.defaults());
  }

  /** With these settings. */
  public PrototypeLoss(PrototypeConfig config) {
    this.config = Objects.requireNonNull(config, "config");
  }

  /**
   * Computes the loss of a batch of B pairs.
   *
   * @param views of the batch; features of any scale, float32
   * @param prototypeRows {@code (K, E)}, L2-normalised, float32
   * @return the scalar and its parts
   * @throws IllegalArgumentException when there are too few views, or a shape or dtype differs
   */
  public LossTerms compute(List<ViewFeatures> views, NDArray prototypeRows) {
    List<ViewPair> pairs = pairs(views);
    views.forEach(v -> check(v, views.get(0), prototypeRows));
    NDArray prototypes = BatchArrays.borrow(views.get(0).embedding(), prototypeRows);
    SwappedPrediction prediction =
        new SwappedPrediction(
            new Sinkhorn(config.epsilon(), config.iterations()), config.temperature(), prototypes);

    Map<String, NDArray> parts = new LinkedHashMap<>();
    List<Result> levels = new ArrayList<>();
    double entropyWeight =
        config.entropyWeight() / (config.levels() == PrototypeConfig.Levels.BOTH ? 2 : 1);
    if (config.levels() != PrototypeConfig.Levels.TOKEN) {
      Result level =
          prediction.compute(
              views.stream().map(v -> v.embedding().expandDims(1)).toList(), // (B, 1, E)
              pairs,
              pair -> alignPooled(views.get(pair.predicting())),
              new Weights(config.viewWeight(), entropyWeight));
      parts.put(VIEW, level.crossEntropy());
      parts.put(VIEW_PROTOTYPE_USAGE, level.usage());
      levels.add(level);
    }
    if (config.levels() != PrototypeConfig.Levels.VIEW) {
      Result level =
          prediction.compute(
              views.stream().map(ViewFeatures::tokens).toList(), // (B, N, E)
              pairs,
              pair -> alignTokens(views.get(pair.predicting()), views.get(pair.assigning())),
              new Weights(config.tokenWeight(), entropyWeight));
      parts.put(TOKEN, level.crossEntropy());
      parts.put(TOKEN_PROTOTYPE_USAGE, level.usage());
      parts.put(MATCHED_TOKENS, level.matched());
      levels.add(level);
    }
    NDArray divergences = BatchArrays.sum(levels.stream().map(Result::divergence).toList());
    parts.put(ENTROPY, Scalars.divide(divergences, levels.size()));
    parts.replaceAll((name, part) -> part.stopGradient());
    return new LossTerms(BatchArrays.sum(levels.stream().map(Result::loss).toList()), parts);
  }

  private List<ViewPair> pairs(List<ViewFeatures> views) {
    List<ViewPair> pairs = new ArrayList<>();
    for (int a = 0; a < views.size(); a++) {
      for (int b = 0; b < views.size(); b++) {
        if (a != b && views.get(a).kind() == View.Kind.GLOBAL) {
          pairs.add(new ViewPair(b, a));
        }
      }
    }
    if (pairs.isEmpty()) {
      long global = views.stream().filter(v -> v.kind() == View.Kind.GLOBAL).count();
      throw new IllegalArgumentException(
          "Swapped prediction needs two views of each volume, one of them global, got "
              + global
              + " global and "
              + (views.size() - global)
              + " local; raise data.views.globalViews");
    }
    return pairs;
  }

  /** Each pooled view on that of the same pair. */
  private static Aligned alignPooled(ViewFeatures view) {
    NDArray embedding = view.embedding();
    long b = embedding.getShape().get(0);
    NDArray index = embedding.getManager().arange(0, (float) b, 1, DataType.INT64);
    return new Aligned(
        index.toDevice(embedding.getDevice(), false), BatchArrays.ones(embedding, new Shape(b)));
  }

  private static Aligned alignTokens(ViewFeatures predicting, ViewFeatures assigning) {
    TokenMatcher.Match match =
        TokenMatcher.match(predicting.tokens(), predicting.grid(), assigning.grid());
    return new Aligned(TokenMatcher.rows(match, assigning.grid().size()), match.mask().reshape(-1));
  }

  private void check(ViewFeatures view, ViewFeatures first, NDArray prototypes) {
    long b = first.embedding().getShape().get(0);
    long e = first.embedding().getShape().get(1);
    String hint = "all come from one T3DModel.forward";
    Shapes.check("prototypes", prototypes, "K, E", hint, -1, e);
    BatchArrays.requireFloat32("prototypes", prototypes);
    checked("embedding", view.embedding(), "B, E", b, e);
    checked("tokens", view.tokens(), "B, N, E", b, view.grid().size(), e);
  }

  private static void checked(String name, NDArray array, String axes, long... shape) {
    Shapes.check(name, array, axes, "N is the view's TokenGrid, B and E those of view 0", shape);
    BatchArrays.requireFloat32(name, array);
  }
}
