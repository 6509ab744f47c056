package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.View;
import io.t3d.losses.NtXentLoss;
import io.t3d.losses.PrototypeConfig;
import io.t3d.losses.PrototypeLoss;
import io.t3d.losses.VicRegLoss;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.GlobalViews;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** How SimCLR, VICReg and SwAV compare the views of a volume. */
final class ViewComparisons {
  private ViewComparisons() {}

  /** {@link NtXentLoss}, averaged over the pairs of global views. Part: {@code nt_xent}. */
  static VisualObjective.Comparison simclr(ObjectiveConfig.SimClr config) {
    NtXentLoss loss = new NtXentLoss(config.temperature());
    return (output, projected, ids) ->
        overPairs(
            "SimCLR",
            output,
            projected,
            (a, b) -> {
              NDArray value = loss.compute(a, b, ids);
              return new LossTerms(value, Map.of("nt_xent", value.stopGradient()));
            });
  }

  /** {@link VicRegLoss}, averaged over the pairs of global views; its parts. */
  static VisualObjective.Comparison vicreg(ObjectiveConfig.VicReg config) {
    VicRegLoss loss = new VicRegLoss(config.invariance(), config.variance(), config.covariance());
    return (output, projected, ids) -> overPairs("VICReg", output, projected, loss::compute);
  }

  /**
   * The view level of {@link PrototypeLoss} is SwAV; here behind a projector, as there. Parts:
   * {@code swav_view}, {@code swav_view_prototype_usage}, {@code swav_entropy}, the last without
   * weight.
   *
   * <p>Differs from the paper: prototypes are not frozen at first, and there is no queue of earlier
   * features.
   */
  static VisualObjective.Comparison swav(ObjectiveConfig.Swav config, TmaParameters learned) {
    PrototypeLoss loss =
        new PrototypeLoss(
            PrototypeConfig.builder()
                .count(config.prototypes())
                .epsilon(config.epsilon())
                .iterations(config.iterations())
                .temperature(config.temperature())
                .levels(PrototypeConfig.Levels.VIEW)
                .entropyWeight(0)
                .build());
    return (output, projected, ids) -> {
      List<ViewFeatures> views = withEmbeddings(output, projected);
      LossTerms terms = loss.compute(views, learned.prototypes(projected.get(0)));
      Map<String, NDArray> parts = new LinkedHashMap<>();
      terms.parts().forEach((name, part) -> parts.put("swav_" + name, part));
      return new LossTerms(terms.total(), parts);
    };
  }

  private static List<ViewFeatures> withEmbeddings(T3DOutput output, List<NDArray> projected) {
    List<ViewFeatures> views = new ArrayList<>();
    for (int i = 0; i < projected.size(); i++) {
      ViewFeatures v = output.views().get(i);
      views.add(new ViewFeatures(v.kind(), projected.get(i).normalize(2, 1), v.tokens(), v.grid()));
    }
    return views;
  }

  /** The mean of a loss and its parts over all pairs of two global views. */
  private static LossTerms overPairs(
      String method,
      T3DOutput output,
      List<NDArray> projected,
      BiFunction<NDArray, NDArray, LossTerms> loss) {
    GlobalViews.of(output, 2, method);
    List<NDArray> global = new ArrayList<>();
    for (int i = 0; i < projected.size(); i++) {
      if (output.views().get(i).kind() == View.Kind.GLOBAL) {
        global.add(projected.get(i));
      }
    }
    List<LossTerms> terms = new ArrayList<>();
    for (int a = 0; a < global.size(); a++) {
      for (int b = a + 1; b < global.size(); b++) {
        terms.add(loss.apply(global.get(a), global.get(b)));
      }
    }
    Map<String, NDArray> parts = new LinkedHashMap<>();
    for (String name : terms.get(0).parts().keySet()) {
      parts.put(name, BatchArrays.mean(terms.stream().map(t -> t.parts().get(name)).toList()));
    }
    return new LossTerms(BatchArrays.mean(terms.stream().map(LossTerms::total).toList()), parts);
  }
}
