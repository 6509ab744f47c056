package io.t3d.bench.step;

import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** Random batches of the sizes of a whole step, for time and memory: nothing is learned. */
final class StepData {
  static final int PAIRS = 2;
  static final int VIEW_SIZE = 96;
  private static final int NARROW_VIEW_SIZE = 32;

  /** L, the length to which reports are cut. */
  static final int REPORT_TOKENS = 256;

  private static final String SENTENCE =
      "there is a small left pleural effusion and no focal nodule in the right upper lobe . ";

  private StepData() {}

  /** The named model with random weights' settings and reports of {@link #REPORT_TOKENS}. */
  static T3DConfig model(String name) {
    T3DConfig config =
        switch (name) {
          case "resnet50" -> T3DConfig.resnet50();
          case "vit-base" -> T3DConfig.vitBase();
          case "resnet50-narrow" -> narrow(T3DConfig.resnet50());
          case "vit-base-narrow" -> narrow(T3DConfig.vitBase());
          case "tiny" -> T3DConfig.tiny();
          default ->
              throw new IllegalArgumentException(
                  "The model must be resnet50, vit-base, either with -narrow behind it, or tiny,"
                      + " got "
                      + name);
        };
    TextConfig text = config.text().bert("The step benchmark");
    int length = Math.min(REPORT_TOKENS, text.maxLength());
    return config.withText(text.toBuilder().maxLength(length).build());
  }

  /**
   * The same layers, an eighth as wide: a step of as many operations, fast enough to count them in
   * a test.
   */
  private static T3DConfig narrow(T3DConfig config) {
    VisionConfig vision = config.vision();
    if (vision instanceof Vit3dConfig vit) {
      vision = vit.toBuilder().hiddenSize(96).mlpSize(384).build();
    } else if (vision instanceof ResNet3dConfig r) {
      List<Integer> widths = r.widths().stream().map(w -> w / 8).toList();
      vision =
          new ResNet3dConfig(
              r.block(), r.layers(), widths, r.stemKernel(), r.stemStride(), r.maxPool());
    }
    TextConfig text = config.text().bert("The step benchmark");
    return config.toBuilder()
        .vision(vision)
        .text(text.toBuilder().vocabSize(4096).hiddenSize(96).mlpSize(384).build())
        .embedDim(64)
        .build();
  }

  /** The edge of a cubic view for the model of that name. */
  static int viewSize(String model) {
    return model.endsWith("-narrow") ? NARROW_VIEW_SIZE : VIEW_SIZE;
  }

  /** Pairs of two global views that overlap; every second report is a quarter shorter. */
  static PairBatch batch(int pairs, int viewSize) {
    List<List<View>> views = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      SplittableRandom random = new SplittableRandom(i);
      views.add(List.of(view(random, viewSize, 0), view(random, viewSize, viewSize / 8)));
      // The sentence has more than 12 tokens, so that 22 of them fill 256.
      reports.add(String.join("", Collections.nCopies(i % 2 == 0 ? 22 : 11, SENTENCE)));
      patients.add("p" + i);
    }
    return new PairBatch(views, reports, patients);
  }

  private static View view(SplittableRandom random, int size, int offset) {
    float[] voxels = new float[size * size * size];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble(-1, 1);
    }
    Affine affine = Affine.scaleTranslate(1, 1, 1, offset, offset, offset);
    Volume volume = new Volume(voxels, size, size, size, affine);
    return new View(View.Kind.GLOBAL, volume, volume.bounds());
  }

  /** The same batch again and again. */
  static PairSource.Batches repeat(PairBatch batch) {
    return new PairSource.Batches() {
      @Override
      public boolean hasNext() {
        return true;
      }

      @Override
      public PairBatch next() {
        return batch;
      }

      @Override
      public void close() {}
    };
  }
}
