package io.t3d.cli.benchmark.task;

import io.t3d.core.config.DecoderConfig;
import io.t3d.core.eval.SegmentationScores;
import io.t3d.core.task.segment.SegmentationCase;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.SegmentationSource;
import io.t3d.core.task.segment.SegmentationTraining;
import io.t3d.core.task.segment.Segmenter;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Structure;
import io.t3d.losses.DiceCrossEntropyLoss;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/** A U-Net over the pre-trained encoder learns organs from a few masks; all weights move. */
final class SegmentationTask implements BenchmarkTask {
  private static final double LEARNING_RATE = 2e-3;
  private static final List<SegmentationClass> CLASSES =
      List.of(
          new SegmentationClass(
              "lung",
              List.of(
                  Structure.RIGHT_UPPER_LOBE.value(),
                  Structure.RIGHT_MIDDLE_LOBE.value(),
                  Structure.RIGHT_LOWER_LOBE.value(),
                  Structure.LEFT_UPPER_LOBE.value(),
                  Structure.LEFT_LOWER_LOBE.value())),
          SegmentationClass.of("heart", Structure.HEART.value()),
          SegmentationClass.of("liver", Structure.LIVER.value()),
          SegmentationClass.of("bone", Structure.BONE.value()));

  private final String name;
  private final ToIntFunction<TaskSettings> masks;

  private SegmentationTask(String name, ToIntFunction<TaskSettings> masks) {
    this.name = name;
    this.masks = masks;
  }

  static SegmentationTask manyMasks() {
    return new SegmentationTask("segmentation", TaskSettings::segmentationCases);
  }

  static SegmentationTask fewMasks() {
    return new SegmentationTask("few-masks", TaskSettings::fewMasks);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean slow() {
    return true;
  }

  @Override
  public TaskResult run(TaskContext context) throws IOException {
    TaskSettings settings = context.settings();
    List<SegmentationCase> train =
        cases(context, context.data().train().first(masks.applyAsInt(settings)));
    List<SegmentationCase> test =
        cases(context, context.data().test().first(settings.segmentationVolumes()));
    try (TrainedModel trained = context.open();
        Segmenter segmenter =
            Segmenter.from(
                trained.model(),
                new SegmenterConfig(
                    trained.model().config().vision(),
                    new DecoderConfig(8, 64),
                    CLASSES,
                    trained.data().views().globalSize(),
                    0.5,
                    0.125),
                context.seed())) {
      segmenter.train(
          SegmentationSource.of(train),
          new DiceCrossEntropyLoss()::compute,
          SegmentationTraining.defaults()
              .withSteps(settings.segmentationSteps())
              .withOptimizer(SegmentationTraining.optimizer(LEARNING_RATE, context.seed())));
      return TaskResult.of(score(segmenter, test));
    }
  }

  private static List<SegmentationCase> cases(TaskContext context, SuiteData.Part part)
      throws IOException {
    List<SegmentationCase> cases = new ArrayList<>();
    for (int i = 0; i < part.size(); i++) {
      cases.add(
          new SegmentationCase(
              part.views().get(i).crop(), context.data().mask(part.rows().get(i))));
    }
    return cases;
  }

  /** Mean Dice per structure over the volumes that show it, and the mean of these. */
  private static Map<String, Double> score(Segmenter segmenter, List<SegmentationCase> test) {
    double[] sum = new double[CLASSES.size()];
    int[] count = new int[CLASSES.size()];
    for (SegmentationCase one : test) {
      Volume predicted = segmenter.segment(one.volume());
      for (int k = 0; k < CLASSES.size(); k++) {
        List<Integer> values = CLASSES.get(k).values();
        double dice =
            SegmentationScores.dice(marked(predicted, values), marked(one.mask(), values));
        if (!Double.isNaN(dice)) {
          sum[k] += dice;
          count[k]++;
        }
      }
    }
    Map<String, Double> scores = new LinkedHashMap<>();
    double mean = 0;
    for (int k = 0; k < CLASSES.size(); k++) {
      mean += sum[k] / Math.max(1, count[k]) / CLASSES.size();
    }
    scores.put("Dice", mean);
    for (int k = 0; k < CLASSES.size(); k++) {
      scores.put("Dice " + CLASSES.get(k).name(), sum[k] / Math.max(1, count[k]));
    }
    return scores;
  }

  private static boolean[] marked(Volume mask, List<Integer> values) {
    float[] voxels = mask.voxels();
    boolean[] out = new boolean[voxels.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = values.contains(Math.round(voxels[i]));
    }
    return out;
  }
}
