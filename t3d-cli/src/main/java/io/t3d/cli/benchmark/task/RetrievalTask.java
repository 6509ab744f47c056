package io.t3d.cli.benchmark.task;

import io.t3d.cli.benchmark.measure.GalleryRetrieval;
import io.t3d.cli.benchmark.measure.GalleryRetrieval.Both;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.retrieve.PairScores;
import io.t3d.core.task.retrieve.RetrievalMix;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Volumes find their reports among the test set's, and the other way round, in galleries of a size:
 * by the whole report's embedding (global), by its sentences' text-pooled scores (pooled), and by
 * both (sum), with the sentences' weight that does best on the validation volumes; without a suffix
 * by the score that does best there. Sentences' means and the scales of both are those of the
 * validation volumes too: nothing is fitted on the test set.
 */
final class RetrievalTask implements BenchmarkTask {
  @Override
  public String name() {
    return "retrieval";
  }

  @Override
  public boolean needsText() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    SuiteData.Part held = context.data().validation();
    SuiteData.Part test = context.data().test();
    RetrievalMix.Choice choice = RetrievalMix.choose(pairs(context, held), held.reports());
    PairScores pairs = pairs(context, test);
    int gallery = context.settings().gallery();
    Map<String, Double> out = new LinkedHashMap<>();
    float[][] best = choice.mix().scores(pairs);
    put(out, "", GalleryRetrieval.evaluate(best, test.reports(), gallery));
    choice
        .mixes()
        .forEach(
            (score, mix) ->
                put(
                    out,
                    " " + score.key(),
                    GalleryRetrieval.evaluate(mix.scores(pairs), test.reports(), gallery)));
    Both all = GalleryRetrieval.evaluate(best, test.reports(), test.size());
    out.put("image→report R@5 of all", all.imageToText().r5());
    out.put("report→image R@5 of all", all.textToImage().r5());
    out.put("sentences' weight", choice.mixes().get(TextScore.SUM).weight());
    return TaskResult.of(out);
  }

  private static PairScores pairs(TaskContext context, SuiteData.Part part) throws IOException {
    Frozen frozen = context.frozen();
    TextScores reference = frozen.scores(context.data().validation());
    return PairScores.of(frozen.scores(part), reference, frozen.reports(part), part.reports());
  }

  private static void put(Map<String, Double> out, String suffix, Both both) {
    put(out, "image→report ", suffix, both.imageToText());
    put(out, "report→image ", suffix, both.textToImage());
  }

  private static void put(
      Map<String, Double> out, String prefix, String suffix, RetrievalScores s) {
    out.put(prefix + "R@1" + suffix, s.r1());
    out.put(prefix + "R@5" + suffix, s.r5());
    out.put(prefix + "R@10" + suffix, s.r10());
    out.put(prefix + "median rank" + suffix, s.medianRank());
  }
}
