package io.t3d.serve.view;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.Relevance;
import io.t3d.core.model.VolumeFeatures;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.volume.Volume;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a model says of texts on one scan. The scan is prepared and encoded once, when first asked;
 * each sentence then takes a pass of the text encoder alone. Results are those of {@link
 * TrainedModel#relevance} and {@link TrainedModel#zeroShot}.
 */
final class Sentences implements AutoCloseable {
  private final TrainedModel model;
  private final Path scan;
  private final NDManager manager;
  private Optional<Seen> seen = Optional.empty();
  private List<Finding> findings = List.of();

  /** The scan as the model sees it. */
  private record Seen(Volume prepared, VolumeFeatures features, float[] embedding) {}

  /**
   * A finding of the model's prompts.
   *
   * @param name of the finding
   * @param sentence the first prompt that states it
   * @param probability not calibrated
   */
  record Finding(String name, String sentence, double probability) {}

  Sentences(TrainedModel model, Path scan) {
    this.model = model;
    this.scan = scan;
    this.manager = model.model().manager().newSubManager();
  }

  /** Where in the scan tokens gather around a text. */
  synchronized Relevance relevance(String text) throws IOException {
    Seen s = seen();
    return model
        .model()
        .relevance(s.features(), s.prepared(), List.of(text), model.gatherTemperature())
        .get(0);
  }

  /** The probabilities of the model's prompts, in their order; empty when it has none. */
  synchronized List<Finding> findings() throws IOException {
    List<FindingPrompts> prompts = model.prompts();
    if (findings.isEmpty() && !prompts.isEmpty()) {
      float[][] embedding = {seen().embedding()};
      try (NDManager scope = manager.newSubManager()) {
        ZeroShotClassifier classifier =
            ZeroShotClassifier.create(
                texts -> model.model().encodeReports(scope, texts),
                prompts,
                model.model().logitScale());
        double[] found = classifier.classify(embedding)[0];
        List<Finding> all = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
          FindingPrompts prompt = prompts.get(i);
          all.add(new Finding(prompt.finding(), prompt.positive().get(0), found[i]));
        }
        findings = List.copyOf(all);
      }
    }
    return findings;
  }

  private Seen seen() throws IOException {
    if (seen.isEmpty()) {
      PreparedVolumes volumes = new PreparedVolumes(model.data().preprocessing());
      Volume view =
          new MultiViewSampler(model.data().views()).center(volumes.load(scan).readAll()).crop();
      Shape shape = new Shape(1, 1, view.depth(), view.height(), view.width());
      try (NDManager scope = manager.newSubManager()) {
        VolumeFeatures features =
            model.model().encodeVolumeTokens(scope.create(view.voxels(), shape));
        features.embeddings().attach(manager);
        features.tokens().attach(manager);
        float[] embedding = features.embeddings().toFloatArray(); // (1, E)
        seen = Optional.of(new Seen(view, features, embedding));
      }
    }
    return seen.get();
  }

  @Override
  public synchronized void close() {
    manager.close();
  }
}
