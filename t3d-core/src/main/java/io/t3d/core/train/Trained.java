package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.internal.WeightAverage;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.LayerDecay;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a run changes and a checkpoint holds.
 *
 * @param model trained in place; the caller's to close
 * @param objective may have parameters of its own
 * @param optimizer of both
 * @param average of the model's weights; empty when {@link TrainingConfig#emaDecay()} is 0
 */
record Trained(
    T3DModel model, BatchObjective objective, AdamW optimizer, Optional<WeightAverage> average)
    implements AutoCloseable {
  /** Before the objective's parameters' names. */
  static final String OBJECTIVE = "objective.";

  /** A run's optimizer and average at its start. */
  Trained(T3DModel model, BatchObjective objective, TrainingConfig config) {
    this(
        model,
        objective,
        new AdamW(
            model.manager(),
            parameters(model, objective),
            config.optimizer(),
            LayerDecay.of(
                model.vision(), model.text(), config.visionLayerDecay(), config.textLayerDecay())),
        config.emaDecay() == 0
            ? Optional.empty()
            : Optional.of(
                new WeightAverage(model.manager(), model.parameters(), config.emaDecay())));
  }

  /** The model's parameters, and the objective's under a prefix. */
  private static Map<String, Parameter> parameters(T3DModel model, BatchObjective objective) {
    Map<String, Parameter> all = new LinkedHashMap<>(model.parameters());
    objective.parameters().forEach((name, parameter) -> all.put(OBJECTIVE + name, parameter));
    return all;
  }

  /** All of it, in one order: weights, the objective's, moments and averages. */
  List<NDArray> arrays() {
    List<NDArray> all = new ArrayList<>();
    new TreeMap<>(parameters(model, objective)).values().forEach(p -> all.add(p.getArray()));
    all.addAll(new TreeMap<>(optimizer.state()).values());
    average.ifPresent(a -> all.addAll(new TreeMap<>(a.arrays()).values()));
    return all;
  }

  @Override
  public void close() {
    average.ifPresent(WeightAverage::close);
    optimizer.close();
  }
}
