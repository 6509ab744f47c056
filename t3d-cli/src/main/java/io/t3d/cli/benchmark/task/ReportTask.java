package io.t3d.cli.benchmark.task;

import ai.djl.ndarray.NDManager;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.eval.LabelAgreement;
import io.t3d.core.eval.text.WordScores;
import io.t3d.core.generate.Decoding;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.task.report.ReportGenerator;
import io.t3d.core.task.report.ReportTrainer;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomLabels;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder learns to write reports from the frozen encoder's tokens; greedy decoding. The clinical
 * F1 compares the findings that a rule-based labeler reads in them with the volume's labels, over
 * all findings of all volumes.
 */
final class ReportTask implements BenchmarkTask {
  private static final int BATCH = 16;
  private static final double LEARNING_RATE = 1e-3;

  @Override
  public String name() {
    return "reports";
  }

  @Override
  public boolean slow() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    TaskSettings settings = context.settings();
    SuiteData.Part train = context.data().train();
    SuiteData.Part test = context.data().test().first(settings.reportVolumes());
    TaskTraining training =
        TaskTraining.builder().learningRate(LEARNING_RATE).seed(context.seed()).build();
    try (TrainedModel trained = context.open();
        ReportGenerator generator =
            ReportGenerator.create(trained.model(), decoder(trained.model()), context.seed());
        NDManager scope = trained.model().manager().newSubManager()) {
      VisualTokens seen = generator.encode(scope, train, n -> {});
      ReportTrainer.fit(
          generator, seen, train.reports(), settings.reportEpochs(), BATCH, training, loss -> {});
      VisualTokens unseen = generator.encode(scope, test, n -> {});
      int length = Math.min(generator.longest(), settings.reportLength());
      List<GeneratedReport> written = generator.generate(unseen, new Decoding.Greedy(length));
      Map<String, Double> scores = new LinkedHashMap<>();
      scores.put("clinical F1", clinicalF1(written, test));
      WordScores words =
          WordScores.of(written.stream().map(GeneratedReport::text).toList(), test.reports());
      scores.put("BLEU-4", words.bleu4());
      scores.put("ROUGE-L", words.rougeL());
      scores.put("CIDEr-D", words.cider());
      scores.put("perplexity", Math.exp(ReportTrainer.loss(generator, unseen, test.reports())));
      return TaskResult.of(scores);
    }
  }

  /** As wide as the model's embeddings, so that the suite's sizes rule it. */
  private static ReportDecoderConfig decoder(T3DModel model) {
    int width = model.config().embedDim();
    return new ReportDecoderConfig(width, 2, 4, 2 * width, 0.1, 1e-5);
  }

  private static double clinicalF1(List<GeneratedReport> written, SuiteData.Part test) {
    return LabelAgreement.of(
            written.stream().map(r -> PhantomLabels.extract(r.text())).toList(),
            test.rows().stream().map(ManifestRow::labels).toList())
        .micro()
        .f1();
  }
}
