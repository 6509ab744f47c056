package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDManager;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.data.dataset.phantom.PhantomPrompts;
import io.t3d.examples.run.TrainedModel;
import java.io.IOException;
import java.util.List;

/** Classification by prompts alone. */
final class ZeroShotTask implements BenchmarkTask {
  @Override
  public String name() {
    return "zero-shot";
  }

  @Override
  public boolean applies(Method method) {
    return method.alignsText();
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part test = context.data().test();
    List<String> labels = test.labels().names();
    List<FindingPrompts> prompts =
        labels.stream()
            .map(
                label ->
                    PhantomPrompts.all().stream()
                        .filter(p -> p.finding().equals(label))
                        .findFirst()
                        .orElseThrow())
            .toList();
    try (TrainedModel trained = context.open();
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      ZeroShotClassifier classifier =
          ZeroShotClassifier.create(
              texts -> model.encodeReports(scope, texts), prompts, model.logitScale());
      double[][] scores = classifier.classify(Encoded.embeddings(scope, model, test));
      return new TaskResult(
          Classified.scores("", test.labels(), scores), RocCurve.macro(test.labels(), scores));
    }
  }
}
