package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.task.retrieve.Retrieval;
import io.t3d.examples.run.TrainedModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Volumes find their reports among the test set's, and the other way round. */
final class RetrievalTask implements BenchmarkTask {
  @Override
  public String name() {
    return "retrieval";
  }

  @Override
  public boolean applies(Method method) {
    return method.alignsText();
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part test = context.data().test();
    try (TrainedModel trained = context.open();
        NDManager scope = trained.model().manager().newSubManager()) {
      NDArray volumes = Encoded.embeddings(scope, trained.model(), test);
      NDArray reports = trained.model().encodeReports(scope, test.reports());
      Retrieval found = Retrieval.evaluate(volumes, reports, test.reports());
      Map<String, Double> scores = new LinkedHashMap<>();
      put(scores, "image→report ", found.imageToText());
      put(scores, "report→image ", found.textToImage());
      return TaskResult.of(scores);
    }
  }

  private static void put(Map<String, Double> scores, String prefix, RetrievalScores s) {
    scores.put(prefix + "R@1", s.r1());
    scores.put(prefix + "R@5", s.r5());
    scores.put(prefix + "R@10", s.r10());
    scores.put(prefix + "median rank", s.medianRank());
  }
}
