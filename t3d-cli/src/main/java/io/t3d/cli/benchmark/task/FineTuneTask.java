package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.Classified;
import io.t3d.core.task.classify.FineTuneConfig;
import io.t3d.core.task.classify.FineTunedClassifier;
import io.t3d.core.task.classify.FineTuner;
import io.t3d.core.task.classify.LabelSubset;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The whole encoder learns a share of the labels. The recipe is the same for all methods, from
 * scratch too: the encoder learns as fast as the head.
 */
final class FineTuneTask implements BenchmarkTask {
  @Override
  public String name() {
    return "fine-tuning";
  }

  @Override
  public boolean slow() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    TaskSettings settings = context.settings();
    FineTuneConfig config =
        FineTuneConfig.fromScratch().with(settings.fineTuneEpochs(), context.seed()).toBuilder()
            .batchSize(settings.fineTuneBatch())
            .build();
    SuiteData.Part train = context.data().train();
    SuiteData.Part held = context.data().validation();
    SuiteData.Part test = context.data().test();
    Map<String, Double> scores = new LinkedHashMap<>();
    for (double fraction : settings.fineTuneFractions()) {
      SuiteData.Part some =
          train.select(
              LabelSubset.choose(train.labels(), train.patients(), fraction, context.seed()));
      try (TrainedModel trained = context.open();
          FineTunedClassifier classifier =
              new FineTuner(config)
                  .train(trained.model(), some, some.labels(), held, held.labels())) {
        scores.putAll(
            Classified.scores(Classified.at(fraction), test.labels(), classifier.scores(test)));
      }
    }
    return TaskResult.of(scores);
  }
}
