package io.t3d.examples;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.PhantomStudy;
import io.t3d.data.phantom.generate.PhantomGenerator;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.T3DObjective;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * A training loop written by hand, for those who need more than {@code Pretrainer} lets them do.
 */
public final class TrainingLoop {
  private TrainingLoop() {}

  /** Runs; the argument is the number of steps. */
  public static void main(String[] args) {
    PhantomGenerator phantoms = new PhantomGenerator(PhantomConfig.standard());
    List<PhantomStudy> studies = LongStream.range(0, 4).mapToObj(phantoms::generate).toList();
    Preprocessing window = Preprocessing.windowOnly();
    List<Volume> volumes = studies.stream().map(s -> window.apply(s.volume())).toList();
    List<String> reports = studies.stream().map(PhantomStudy::report).toList();
    MultiViewSampler sampler = new MultiViewSampler(ViewConfig.tiny());
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42)) {
      T3DObjective objective = T3DObjective.create(ObjectiveConfig.t3d(), model, 42);
      Map<String, Parameter> trained = new LinkedHashMap<>(model.parameters());
      trained.putAll(objective.parameters()); // what the loss learns beside the model
      var settings = TrainingConfig.defaults().optimizer();
      try (AdamW optimizer = new AdamW(model.manager(), trained, settings)) {
        for (int n = 0; n < Integer.parseInt(args[0]); n++) {
          long seed = n; // each step sees other crops and sentences, and a run can be repeated
          try (NDManager step = model.manager().newSubManager()) { // owns what the step makes
            List<List<View>> crops = volumes.stream().map(v -> sampler.sample(v, seed)).toList();
            ViewBatch views = ViewBatch.collate(step, crops);
            var texts = objective.sentences().draw(reports, reports, seed);
            var queries = texts.map(s -> model.tokenize(step, s)); // TMA's cluster centres
            try (GradientCollector gradients = Engine.getInstance().newGradientCollector()) {
              T3DOutput output = model.forward(views, model.tokenize(step, reports), queries, true);
              var loss = objective.compute(output, List.of("a", "b", "c", "d"));
              // In here loss.total().mul(0.5) would be a trap, see the README; this is safe:
              gradients.backward(Scalars.multiply(loss.total(), 0.5));
              System.out.printf("step %d: loss %.3f%n", n, loss.total().getFloat());
            }
            optimizer.clippedStep(step, 1e-3, 1.0);
          }
        }
      }
    }
  }
}
