package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.internal.SeededWeights;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.SentenceSampling;
import io.t3d.core.train.LossTerms;
import io.t3d.core.train.Objective;
import io.t3d.core.volume.View;
import io.t3d.losses.ContrastiveConfig;
import io.t3d.losses.ContrastiveLoss;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.TmaLoss;
import io.t3d.losses.internal.BatchArrays;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * T3D's objective: {@code L = L_global + lambda · L_TMA}. L_global is the {@link ContrastiveLoss}
 * of each global view with the report, averaged over the views; L_TMA is the {@link TmaLoss}.
 *
 * <p>Parts, all without gradient and before weighting: {@code global}, {@code tma}, {@code tma_…}
 * for each part of TMA, {@code logit_scale} and {@code temperature = exp(-logit_scale)}.
 */
public final class T3DObjective implements Objective {
  private final Optional<GlobalTerm> global;
  private final Optional<TmaTerm> tma;

  private T3DObjective(Optional<GlobalTerm> global, Optional<TmaTerm> tma) {
    this.global = global;
    this.tma = tma;
  }

  /** L_global of the views that take part. */
  private record GlobalTerm(ContrastiveLoss loss, boolean localViews) {
    static GlobalTerm of(ContrastiveConfig config) {
      return new GlobalTerm(new ContrastiveLoss(config.labelSmoothing()), config.localViews());
    }

    NDArray compute(T3DOutput output, List<String> patientIds) {
      List<NDArray> losses = new ArrayList<>();
      for (ViewFeatures view : output.views()) {
        if (view.kind() == View.Kind.GLOBAL || localViews) {
          losses.add(
              loss.compute(
                  view.embedding(), output.textEmbeddings(), output.logitScale(), patientIds));
        }
      }
      if (losses.isEmpty()) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            "The global alignment needs a global view, got "
                + output.views().size()
                + " local views; raise the number of global views or set"
                + " ContrastiveConfig.localViews to true");
      }
      return BatchArrays.mean(losses);
    }
  }

  /** lambda · L_TMA and what it learns. */
  private record TmaTerm(
      double lambda, TmaLoss loss, TmaParameters learned, SentenceSampling sentences) {
    LossTerms compute(T3DOutput output, List<String> patientIds) {
      NDArray like = output.views().get(0).embedding();
      return loss.compute(output, learned.arrays(like), patientIds);
    }
  }

  /**
   * The objective of a model. What it learns beside the model lives as long as the model, but is no
   * part of it.
   *
   * @param config weights of the terms
   * @param model what is trained
   * @param seed same seed, same prototypes; sets the engine's random seed
   */
  public static T3DObjective create(ObjectiveConfig.T3d config, T3DModel model, long seed) {
    return create(config, model.config().embedDim(), model.manager(), seed);
  }

  /**
   * The objective of outputs that come from elsewhere than a {@link T3DModel}.
   *
   * @param config weights of the terms
   * @param embedDim E of the outputs
   * @param owner owns what the objective learns
   * @param seed same seed, same prototypes; sets the engine's random seed
   */
  public static T3DObjective create(
      ObjectiveConfig.T3d config, int embedDim, NDManager owner, long seed) {
    TmaConfig tma = config.tma();
    TmaParameters learned = TmaParameters.of(tma, embedDim);
    SeededWeights.of(seed, () -> learned.initialize(owner, DataType.FLOAT32, new Shape(1)));
    SentenceSampling sentences = tma.usesText() ? tma.sentences() : SentenceSampling.none();
    return new T3DObjective(
        config.contrastive() ? Optional.of(GlobalTerm.of(config.global())) : Optional.empty(),
        Optional.of(new TmaTerm(config.lambda(), new TmaLoss(tma), learned, sentences)));
  }

  /** CLIP: L_global alone, which learns nothing beside the model. */
  public static T3DObjective clip(ObjectiveConfig.Clip config) {
    return new T3DObjective(Optional.of(GlobalTerm.of(config.global())), Optional.empty());
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException when ids are missing, or a shape or dtype differs
   * @throws T3dException when there are too few global views
   */
  @Override
  public LossTerms compute(T3DOutput output, List<String> patientIds) {
    Map<String, NDArray> parts = new LinkedHashMap<>();
    List<NDArray> weighted = new ArrayList<>();
    if (global.isPresent()) {
      NDArray loss = global.get().compute(output, patientIds);
      parts.put("global", loss.stopGradient());
      weighted.add(loss);
    }
    if (tma.isPresent()) {
      LossTerms terms = tma.get().compute(output, patientIds);
      parts.put("tma", terms.total().stopGradient());
      terms.parts().forEach((name, part) -> parts.put("tma_" + name, part));
      weighted.add(Scalars.multiply(terms.total(), tma.get().lambda()));
    }
    NDArray batchArray = output.views().get(0).embedding();
    NDArray logitScale = BatchArrays.borrow(batchArray, output.logitScale()).stopGradient().sum();
    parts.put("logit_scale", logitScale);
    parts.put("temperature", logitScale.neg().exp());
    return new LossTerms(BatchArrays.sum(weighted), parts);
  }

  @Override
  public SentenceSampling sentences() {
    return tma.map(TmaTerm::sentences).orElse(SentenceSampling.none());
  }

  @Override
  public Map<String, Parameter> parameters() {
    return tma.map(term -> StateDict.of(term.learned())).orElse(Map.of());
  }
}
