package io.t3d.pipeline.segment;

import ai.djl.Device;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.segment.Segmenter;
import io.t3d.data.load.internal.MaskedVolumes;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Masks;
import io.t3d.losses.DiceCrossEntropyLoss;
import io.t3d.pipeline.TrainedSegmenter;
import java.io.IOException;
import java.util.List;
import java.util.function.ObjDoubleConsumer;

/** Trains a segmenter on the masks of a manifest. */
public final class SegmentationRun {
  private SegmentationRun() {}

  /**
   * What came out.
   *
   * @param trained the segmenter; the caller closes it
   * @param firstLoss mean of the first tenth of steps
   * @param lastLoss mean of the last tenth
   */
  public record Result(TrainedSegmenter trained, double firstLoss, double lastLoss) {}

  /** Trains from random weights. */
  public static Result fromScratch(
      SegmentationConfig config,
      List<ManifestRow> rows,
      Device device,
      ObjDoubleConsumer<Integer> listener)
      throws IOException {
    long seed = config.training().optimizer().seed();
    return train(Segmenter.create(config.segmenter(), device, seed), config, rows, listener);
  }

  /**
   * Trains with a copy of a model's encoder as the start; the model's vision settings are taken.
   */
  public static Result from(
      T3DModel model,
      SegmentationConfig config,
      List<ManifestRow> rows,
      ObjDoubleConsumer<Integer> listener)
      throws IOException {
    SegmentationConfig own = config.withVision(model.config().vision());
    long seed = config.training().optimizer().seed();
    return train(Segmenter.from(model, own.segmenter(), seed), own, rows, listener);
  }

  private static Result train(
      Segmenter segmenter,
      SegmentationConfig config,
      List<ManifestRow> rows,
      ObjDoubleConsumer<Integer> listener)
      throws IOException {
    try {
      MaskedVolumes masked =
          new MaskedVolumes(
              rows,
              config.preprocessing(),
              config.cacheMegabytes(),
              config.masksOnOtherGrid().orElse(Masks.OtherGrid.REFUSE));
      masked.requireFit();
      double[] losses =
          segmenter.train(
              masked,
              new DiceCrossEntropyLoss(config.loss())::compute,
              config.training(),
              listener);
      int tenth = Math.max(1, losses.length / 10);
      return new Result(
          new TrainedSegmenter(segmenter, config.preprocessing()),
          mean(losses, 0, tenth),
          mean(losses, losses.length - tenth, losses.length));
    } catch (IOException | RuntimeException e) {
      segmenter.close();
      throw e;
    }
  }

  private static double mean(double[] values, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += values[i];
    }
    return sum / (to - from);
  }
}
