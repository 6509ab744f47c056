package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.nn.StateDict;
import io.t3d.core.train.LossTerms;
import io.t3d.core.train.Objective;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A method without text: the mean projected tokens of each view go through a projector, behind
 * which views are compared.
 */
final class VisualObjective implements Objective {
  private final MlpProjector projector;
  private final Comparison comparison;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  /** Compares the views of a batch. */
  @FunctionalInterface
  interface Comparison {
    /**
     * Computes the loss.
     *
     * @param output the forward pass
     * @param projected {@code (B, F)} for each view of the output, in order
     * @param patientIds B ids
     */
    LossTerms compare(T3DOutput output, List<NDArray> projected, List<String> patientIds);
  }

  VisualObjective(MlpProjector projector, Comparison comparison) {
    this(projector, null, comparison);
  }

  /** With parameters that the comparison learns. */
  VisualObjective(MlpProjector projector, @Nullable TmaParameters compared, Comparison comparison) {
    this.projector = projector;
    this.comparison = comparison;
    parameters.putAll(StateDict.of(projector));
    if (compared != null) {
      parameters.putAll(StateDict.of(compared));
    }
  }

  @Override
  public LossTerms compute(T3DOutput output, List<String> patientIds) {
    NDList pooled = new NDList();
    for (ViewFeatures view : output.views()) {
      pooled.add(view.tokens().mean(new int[] {1})); // (B, E)
    }
    // One pass for all views, so that the projector's norm sees as many rows as there are.
    NDArray rows = NDArrays.concat(pooled, 0); // (V·B, E)
    NDManager scope = rows.getManager();
    NDArray z = projector.project(new ParameterStore(scope, false), rows, true); // (V·B, F)
    int b = patientIds.size();
    List<NDArray> projected = new ArrayList<>();
    for (int from = 0; from < rows.getShape().get(0); from += b) {
      projected.add(z.get(from + ":" + (from + b))); // (B, F)
    }
    return comparison.compare(output, projected, patientIds);
  }

  @Override
  public Map<String, Parameter> parameters() {
    return parameters;
  }
}
