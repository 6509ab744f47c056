package io.t3d.losses.objective;

import ai.djl.Device;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A worker that trains small models, one method after the other: {@code WorkerProgram OUT RANK
 * WORKERS HOST:PORT METHOD…}. Method {@code NAME@STEP} ends after that step and {@code NAME+} goes
 * on from there.
 */
public final class WorkerProgram {
  static final int STEPS = 20;
  private static final int PAIRS = 32;
  private static final int BATCH = 16;
  private static final Size3 VIEW = Size3.cube(16);
  private static final List<String> FINDINGS =
      List.of(
          "No nodule.",
          "Large effusion on the left.",
          "Mass in the right upper lobe.",
          "The heart is enlarged.",
          "Emphysema in both lungs.",
          "Liver without a finding.");

  private WorkerProgram() {}

  public static void main(String[] args) throws IOException {
    int rank = Integer.parseInt(args[1]);
    int workers = Integer.parseInt(args[2]);
    Rendezvous rendezvous = Rendezvous.at(args[3], rank, workers).secret("test").build();
    try (ProcessGroup group = ProcessGroup.join(rendezvous)) {
      for (String method : List.of(args).subList(4, args.length)) {
        train(group, Path.of(args[0]), method);
      }
    }
  }

  /** Trains; rank 0 leaves checkpoint and log in {@code out/NAME}. */
  static void train(ProcessGroup group, Path out, String method) throws IOException {
    String name = method.replaceAll("[@+].*", "");
    int last = method.contains("@") ? Integer.parseInt(method.split("@", 2)[1]) : STEPS;
    try (T3DModel model = T3DModel.create(network(name), Device.cpu(), 7 + group.rank())) {
      if (name.contains("frozen")) {
        setVariances(model);
      }
      int batch = name.contains("thirds") ? 15 : BATCH;
      BatchObjective objective =
          Objectives.create(objective(name), model, VIEW, 3 + group.rank()); // rank 0's counts
      Pretrainer.builder(model, objective, PairSource.of(pairs(), batch, 5))
          .config(settings(name))
          .out(out.resolve(name))
          .workers(group)
          .resume(method.endsWith("+"))
          .listener(
              new TrainingListener() {
                private int step;

                @Override
                public void onStep(StepRecord record) {
                  step = record.step();
                }

                @Override
                public boolean wantsToStop() {
                  return step == last && last < STEPS;
                }
              })
          .build()
          .run();
    }
  }

  /** To values whose third thrice added need not be they themselves. */
  private static void setVariances(T3DModel model) {
    SplittableRandom random = new SplittableRandom(2);
    new TreeMap<>(model.parameters())
        .forEach(
            (name, parameter) -> {
              if (name.endsWith("running_var")) {
                float[] values = new float[(int) parameter.getArray().size()];
                for (int i = 0; i < values.length; i++) {
                  values[i] = (float) random.nextDouble(0.5, 2);
                }
                parameter.getArray().set(FloatBuffer.wrap(values));
              }
            });
  }

  /** Few hidden units: a ReLU at 0 turns rounding into a difference. */
  private static ObjectiveConfig objective(String name) {
    ObjectiveConfig.Projector small = new ObjectiveConfig.Projector(32, 16);
    return switch (name.replaceAll("-.*", "")) {
      case "t3d" -> ObjectiveConfig.t3d();
      case "prototypes" -> ObjectiveConfig.swavTma();
      case "clip" -> ObjectiveConfig.clip();
      case "siglip" -> ObjectiveConfig.siglip();
      case "simclr" -> new ObjectiveConfig.SimClr(0.1, small);
      case "vicreg" -> new ObjectiveConfig.VicReg(25, 25, 1, small);
      case "swav" -> new ObjectiveConfig.Swav(64, 0.05, 3, 0.1, 32);
      case "masked" -> ObjectiveConfig.masked();
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static TrainingConfig settings(String name) {
    int accumulation = name.contains("accumulation") ? 2 : 1;
    return TrainingConfig.builder()
        .epochs(STEPS * BATCH / PAIRS * accumulation)
        .accumulation(accumulation)
        .learningRate(1e-4)
        .epsilon(1e-3) // else AdamW makes steps of the rounding of gradients that are nearly 0
        .checkpointEverySteps(TrainingConfig.AT_END_ONLY)
        .syncBatchNorm(!name.contains("own-norms"))
        .microBatch(name.contains("micro") ? 4 : 0)
        .checkpointActivations(name.contains("checkpoints"))
        .emaDecay(name.contains("average") ? 0.9 : 0)
        .frozen(
            name.contains("frozen")
                ? new TrainingConfig.Part[] {TrainingConfig.Part.VISION}
                : new TrainingConfig.Part[0])
        .precision(
            name.contains("bfloat16")
                ? TrainingConfig.Precision.BFLOAT16
                : TrainingConfig.Precision.FLOAT32)
        .build();
  }

  private static T3DConfig network(String name) {
    VisionConfig vision =
        name.contains("vit")
            ? Vit3dConfig.builder()
                .patch(Size3.cube(8))
                .hiddenSize(16)
                .layers(1)
                .heads(2)
                .mlpSize(32)
                .gridSize(Size3.cube(2))
                .dropout(0)
                .build()
            : new ResNet3dConfig(
                ResNet3dConfig.Block.BASIC, List.of(1, 1, 1, 1), List.of(4, 4, 8, 8), 3, 1, false);
    TextConfig text =
        TextConfig.builder()
            .vocabSize(4096)
            .hiddenSize(16)
            .layers(1)
            .heads(2)
            .mlpSize(32)
            .maxLength(32)
            .positions(32)
            .dropout(0)
            .pooling(TextConfig.Pooling.MEAN)
            .build();
    T3DConfig.Projection projection =
        name.contains("norm") ? T3DConfig.Projection.BATCH_NORM : T3DConfig.Projection.LINEAR;
    return new T3DConfig(vision, text, 16, projection, 0.07);
  }

  /** Some of one patient, some with the same sentences, of one to three sentences. */
  static PairBatch pairs() {
    SplittableRandom random = new SplittableRandom(11);
    List<List<View>> views = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < PAIRS; i++) {
      int kind = random.nextInt(FINDINGS.size());
      views.add(
          List.of(
              view(random, View.Kind.GLOBAL, kind),
              view(random, View.Kind.GLOBAL, kind),
              view(random, View.Kind.LOCAL, kind)));
      StringBuilder report = new StringBuilder(FINDINGS.get(kind));
      for (int more = random.nextInt(3); more > 0; more--) {
        report.append(' ').append(FINDINGS.get(random.nextInt(FINDINGS.size())));
      }
      reports.add(report.toString());
      patients.add("p" + random.nextInt(PAIRS));
    }
    return new PairBatch(views, reports, patients);
  }

  private static View view(SplittableRandom random, View.Kind kind, int finding) {
    float[] voxels = new float[16 * 16 * 16];
    for (int k = 0; k < voxels.length; k++) {
      int stripe = (k % 16 + finding * (k / 16 % 16)) % 16;
      voxels[k] = (float) random.nextDouble(-0.2, 0.2) + (stripe < 8 ? 1 : -1);
    }
    double shift = random.nextInt(5);
    Affine place = Affine.of(1, 0, 0, shift, 0, 1, 0, -shift, 0, 0, 1, shift);
    Volume volume = new Volume(voxels, 16, 16, 16, place);
    return new View(kind, volume, volume.bounds());
  }
}
