package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import io.t3d.core.TestDevice;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A model, an objective and batches so small that a step takes milliseconds. */
public final class SmallTraining {
  public static final int PAIRS = 4;

  private SmallTraining() {}

  public static T3DConfig resnet(double dropout) {
    ResNet3dConfig vision =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(4, 4, 8, 8), 3, 2, false);
    return config(vision, dropout);
  }

  /** Without batch norm, so that pairs do not see each other. */
  public static T3DConfig vit() {
    return config(
        Vit3dConfig.builder()
            .patch(Size3.cube(4))
            .hiddenSize(16)
            .layers(1)
            .heads(2)
            .mlpSize(32)
            .gridSize(Size3.cube(4))
            .dropout(0)
            .build(),
        0);
  }

  private static T3DConfig config(VisionConfig vision, double dropout) {
    TextConfig text =
        TextConfig.builder()
            .vocabSize(4096)
            .hiddenSize(16)
            .layers(1)
            .heads(2)
            .mlpSize(32)
            .maxLength(32)
            .positions(32)
            .dropout(dropout)
            .pooling(TextConfig.Pooling.MEAN)
            .build();
    return new T3DConfig(vision, text, 16, T3DConfig.Projection.LINEAR, 0.07);
  }

  public static T3DModel model(T3DConfig config) {
    return T3DModel.create(config, TestDevice.get(), 7);
  }

  /** Image–text InfoNCE, one direction. */
  public static LossTerms contrast(T3DOutput output) {
    NDArray image = output.views().get(0).embedding(); // (B, E)
    NDArray logits = image.matMul(output.textEmbeddings().transpose()); // (B, B)
    NDArray scaled = logits.mul(output.logitScale().exp());
    NDArray diagonal = logits.getManager().eye((int) logits.getShape().get(0));
    NDArray loss =
        Scalars.divide(scaled.logSoftmax(1).mul(diagonal).sum(), -logits.getShape().get(0));
    return new LossTerms(loss, Map.of("global", loss));
  }

  /** A mean over pairs that do not see each other. */
  static LossTerms distance(T3DOutput output) {
    NDArray image = output.views().get(0).embedding(); // (B, E)
    NDArray loss = image.sub(output.textEmbeddings()).square().sum(new int[] {1}).mean();
    return new LossTerms(loss, Map.of("distance", loss));
  }

  /** Random pairs, {@code pairs} per batch; the whole epoch holds the same pairs for any size. */
  public static PairSource source(int batches, int pairs) {
    return new PairSource() {
      @Override
      public int batchesPerEpoch() {
        return batches;
      }

      @Override
      public Batches epoch(int epoch, int firstBatch) {
        return new Batches() {
          private int next = firstBatch;

          @Override
          public boolean hasNext() {
            return next < batches;
          }

          @Override
          public PairBatch next() {
            return batch(epoch, next++ * pairs, pairs);
          }

          @Override
          public void close() {}
        };
      }
    };
  }

  static PairBatch batch(int epoch, int first, int pairs) {
    List<List<View>> views = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    List<String> patients = new ArrayList<>();
    for (int i = first; i < first + pairs; i++) {
      SplittableRandom random = new SplittableRandom(1000L * epoch + i);
      float[] voxels = new float[16 * 16 * 16];
      for (int k = 0; k < voxels.length; k++) {
        voxels[k] = (float) random.nextDouble(-1, 1) + i % 3;
      }
      Volume volume = new Volume(voxels, 16, 16, 16, Affine.identity());
      views.add(List.of(new View(View.Kind.GLOBAL, volume, volume.bounds())));
      reports.add(List.of("no nodule", "large effusion left", "right lung mass").get(i % 3));
      patients.add("p" + i);
    }
    return new PairBatch(views, reports, patients);
  }

  static TrainingConfig.Builder settings() {
    return TrainingConfig.builder().epochs(2).learningRate(1e-3).checkpointEverySteps(1);
  }

  /** With all that a checkpoint has to carry beside the weights. */
  static TrainingConfig.Builder averaged() {
    return settings().emaDecay(0.9).textLayerDecay(0.8).visionLayerDecay(0.9);
  }

  /** Trains until it is killed: {@code SmallTraining OUT MILLISECONDS_PER_STEP}. */
  public static void main(String[] args) throws IOException {
    long pause = Long.parseLong(args[1]);
    try (T3DModel model = model(resnet(0.1))) {
      Pretrainer.builder(model, (Objective) (o, ids) -> contrast(o), source(5, PAIRS))
          .config(averaged().build())
          .out(Path.of(args[0]))
          .resume(true)
          .listener(
              new TrainingListener() {
                @Override
                public void onStep(StepRecord step) {
                  try {
                    Thread.sleep(pause);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }
              })
          .build()
          .run();
    }
  }
}
