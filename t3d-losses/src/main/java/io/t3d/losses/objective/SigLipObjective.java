package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.nn.StateDict;
import io.t3d.core.train.LossTerms;
import io.t3d.core.train.Objective;
import io.t3d.losses.SigLipLoss;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.GlobalViews;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@link SigLipLoss} of each global view with the report, averaged over the views. The scale is the
 * model's, the bias its own.
 *
 * <p>Parts: {@code siglip}, {@code logit_scale} and {@code bias}.
 */
final class SigLipObjective implements Objective {
  private final SigLipLoss loss = new SigLipLoss();
  private final LearnedBias bias;

  SigLipObjective(LearnedBias bias) {
    this.bias = bias;
  }

  @Override
  public LossTerms compute(T3DOutput output, List<String> patientIds) {
    List<NDArray> losses =
        GlobalViews.of(output, 1, "SigLIP").stream()
            .map(ViewFeatures::embedding)
            .map(
                v ->
                    loss.compute(
                        v, output.textEmbeddings(), output.logitScale(), bias.value(), patientIds))
            .toList();
    NDArray total = BatchArrays.mean(losses);
    Map<String, NDArray> parts = new LinkedHashMap<>();
    parts.put("siglip", total.stopGradient());
    parts.put("logit_scale", BatchArrays.borrow(total, output.logitScale()).stopGradient().sum());
    parts.put("bias", BatchArrays.borrow(total, bias.value()).stopGradient().sum());
    return new LossTerms(total, parts);
  }

  @Override
  public Map<String, Parameter> parameters() {
    return StateDict.of(bias);
  }
}
