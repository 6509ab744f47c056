package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.internal.Scopes;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.View;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.OutputChecks;
import io.t3d.losses.kernel.ClusterAssignment;
import io.t3d.losses.kernel.PrototypePrediction;
import io.t3d.losses.kernel.PrototypePrediction.Predicted;
import io.t3d.losses.kernel.PrototypePrediction.Rows;
import io.t3d.losses.kernel.PrototypePrediction.Target;
import io.t3d.losses.kernel.PrototypePrediction.Weights;
import io.t3d.losses.kernel.Sinkhorn;
import io.t3d.losses.kernel.TokenMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

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
  private final ClusterAssignment assignment;
  private final PrototypePrediction prediction;
  private final TokenMatcher matcher;

  /** With {@link PrototypeConfig#defaults()}. */
  public PrototypeLoss() {
    this(PrototypeConfig.defaults());
  }

  /** With these settings and the fastest kernels that this machine has. */
  public PrototypeLoss(PrototypeConfig config) {
    this(
        config,
        ClusterAssignment.best(config.epsilon(), config.iterations()),
        PrototypePrediction.best(config.temperature()),
        TokenMatcher.best());
  }

  private PrototypeLoss(
      PrototypeConfig config,
      ClusterAssignment assignment,
      PrototypePrediction prediction,
      TokenMatcher matcher) {
    this.config = config;
    this.assignment = assignment;
    this.prediction = prediction;
    this.matcher = matcher;
  }

  /** The same loss by plain array operations and autograd: slower, the reference of the kernels. */
  public static PrototypeLoss plain(PrototypeConfig config) {
    return new PrototypeLoss(
        config,
        ClusterAssignment.plain(config.epsilon(), config.iterations()),
        PrototypePrediction.plain(config.temperature()),
        TokenMatcher.plain());
  }

  /**
   * Computes the loss of a batch of B pairs.
   *
   * @param views of the batch; features of any scale, float32
   * @param prototypeRows {@code (K, E)}, L2-normalised, float32
   * @return the scalar and its parts
   * @throws IllegalArgumentException when a shape or dtype differs
   * @throws T3dException when there are too few views
   */
  public LossTerms compute(List<ViewFeatures> views, NDArray prototypeRows) {
    List<Swap> swaps = swaps(views);
    OutputChecks.requireOneBatch(views);
    long e = views.get(0).embedding().getShape().get(1);
    String hint = "all come from one T3DModel.forward";
    OutputChecks.require("prototypes", prototypeRows, "K, E", hint, -1, e);
    NDArray prototypes = BatchArrays.borrow(views.get(0).embedding(), prototypeRows); // (K, E)

    Map<String, NDArray> parts = new LinkedHashMap<>();
    List<Predicted> levels = new ArrayList<>();
    double entropyWeight =
        config.entropyWeight() / (config.levels() == PrototypeConfig.Levels.BOTH ? 2 : 1);
    if (config.levels() != PrototypeConfig.Levels.TOKEN) {
      List<NDArray> pooled = views.stream().map(ViewFeatures::embedding).toList(); // (B, E)
      Level level =
          level(
              pooled,
              swaps,
              PrototypeLoss::samePair,
              prototypes,
              new Weights(config.viewWeight(), entropyWeight));
      parts.put(VIEW, level.predicted().crossEntropy());
      parts.put(VIEW_PROTOTYPE_USAGE, level.usage());
      levels.add(level.predicted());
    }
    if (config.levels() != PrototypeConfig.Levels.VIEW) {
      List<NDArray> tokens = views.stream().map(ViewFeatures::tokens).toList(); // (B, N, E)
      List<TokenGrid> grids = views.stream().map(ViewFeatures::grid).toList();
      Level level =
          level(
              tokens,
              swaps,
              (rows, swap) ->
                  samePlace(rows, grids.get(swap.predicting), grids.get(swap.assigning)),
              prototypes,
              new Weights(config.tokenWeight(), entropyWeight));
      parts.put(TOKEN, level.predicted().crossEntropy());
      parts.put(TOKEN_PROTOTYPE_USAGE, level.usage());
      parts.put(MATCHED_TOKENS, level.predicted().matched());
      levels.add(level.predicted());
    }
    parts.put(ENTROPY, BatchArrays.mean(levels.stream().map(Predicted::divergence).toList()));
    parts.replaceAll((name, part) -> part.stopGradient());
    return new LossTerms(BatchArrays.sum(levels.stream().map(Predicted::loss).toList()), parts);
  }

  /** View {@code predicting} predicts the assignments of view {@code assigning}; slot numbers. */
  private record Swap(int predicting, int assigning) {}

  /** Global views assign, all other views predict. */
  private static List<Swap> swaps(List<ViewFeatures> views) {
    List<Swap> swaps = new ArrayList<>();
    for (int a = 0; a < views.size(); a++) {
      for (int b = 0; b < views.size(); b++) {
        if (a != b && views.get(a).kind() == View.Kind.GLOBAL) {
          swaps.add(new Swap(b, a));
        }
      }
    }
    if (swaps.isEmpty()) {
      long global = views.stream().filter(v -> v.kind() == View.Kind.GLOBAL).count();
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Swapped prediction needs two views of each volume, one of them global, got "
              + global
              + " global and "
              + (views.size() - global)
              + " local; raise data.views.globalViews");
    }
    return swaps;
  }

  /** What a level's views predict, and the effective number of nearest prototypes. */
  private record Level(Predicted predicted, NDArray usage) {}

  /**
   * Where a predicting view's rows are among those of the assigning view.
   *
   * @param index {@code (B·N)}, int64: row of the assigning view's {@code (B·M, K)}
   * @param mask {@code (B·N)}, float32: 1 where there is such a row, else 0
   */
  private record Aligned(NDArray index, NDArray mask) {}

  /**
   * One level: global views are assigned to prototypes together, then each view predicts the
   * assignments of the others.
   *
   * @param features {@code (B, N, E)} of each view, or {@code (B, E)}: one token a view
   * @param alignment finds the rows that a swap compares, given those that predict
   */
  private Level level(
      List<NDArray> features,
      List<Swap> swaps,
      BiFunction<NDArray, Swap, Aligned> alignment,
      NDArray prototypes,
      Weights weights) {
    NDManager owner = prototypes.getManager();
    try (NDManager scope = owner.newSubManager()) {
      long e = prototypes.getShape().get(1);
      List<NDArray> rows = features.stream().map(x -> rows(scope, x, e)).toList(); // (B·N, E)
      List<Integer> assigning = swaps.stream().map(Swap::assigning).distinct().toList();
      ClusterAssignment.Assigned assigned =
          assignment.assign(assigning.stream().map(rows::get).toList(), prototypes); // (B·N, K)

      List<Rows> predicting = new ArrayList<>();
      for (int view : swaps.stream().map(Swap::predicting).distinct().toList()) {
        List<Target> targets = new ArrayList<>();
        for (Swap swap : swaps) {
          if (swap.predicting() == view) {
            Aligned aligned = alignment.apply(rows.get(view), swap);
            NDArray q = assigned.assignments().get(assigning.indexOf(swap.assigning()));
            targets.add(new Target(q, aligned.index(), aligned.mask()));
          }
        }
        predicting.add(new Rows(rows.get(view), targets));
      }
      NDArray c = Scopes.handle(prototypes, scope); // (K, E)
      Level level = new Level(prediction.predict(predicting, c, weights), assigned.usage());
      level.predicted().attach(owner);
      level.usage().attach(owner);
      return level;
    }
  }

  private static NDArray rows(NDManager owner, NDArray features, long e) {
    NDArray rows = features.reshape(-1, e); // (B·N, E)
    rows.attach(owner);
    return rows;
  }

  /** Each pooled view beside that of the same pair. */
  private static Aligned samePair(NDArray rows, Swap swap) {
    long b = rows.getShape().get(0);
    NDArray index = rows.getManager().arange(0, (float) b, 1, DataType.INT64); // (B)
    return new Aligned(
        index.toDevice(rows.getDevice(), false), BatchArrays.ones(rows, new Shape(b)));
  }

  /** Each token beside that of the same place in the patient. */
  private Aligned samePlace(NDArray rows, TokenGrid predicting, TokenGrid assigning) {
    TokenMatcher.Match match = matcher.match(rows, predicting, assigning); // (B, N)
    return new Aligned(match.rows(assigning.size()), match.mask().reshape(-1)); // (B·N)
  }
}
