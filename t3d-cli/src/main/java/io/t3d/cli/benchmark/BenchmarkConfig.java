package io.t3d.cli.benchmark;

import io.t3d.cli.benchmark.task.TaskSettings;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.Checks;
import io.t3d.core.train.TrainingConfig;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.SplitCounts;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.view.ScaleRange;
import io.t3d.data.view.ViewConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.PretrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;

/**
 * All settings of a benchmark.
 *
 * @param counts phantom volume–report pairs of each split, in each replicate
 * @param dataSeed replicate r has the phantoms of this seed + r
 * @param modelSeed replicate r has weights, orders and heads of this seed + r
 * @param replicates how often everything is drawn anew, data and weights
 * @param slowReplicates how many of them the slow tasks are done on
 * @param findings what the phantoms may show, each at its default prevalence; labels of others are
 *     negative throughout, and no metric counts them
 * @param methods what is compared
 * @param longMethods those of them that are trained for every number of steps
 * @param steps of the optimizer, ascending: the first for all methods, the last for the claims
 * @param pretrain encoder and data, and T3D's objective; epochs and seed are replaced
 * @param tasks budgets of the tasks
 */
public record BenchmarkConfig(
    SplitCounts counts,
    long dataSeed,
    long modelSeed,
    int replicates,
    int slowReplicates,
    List<FindingKind> findings,
    List<Method> methods,
    List<Method> longMethods,
    List<Integer> steps,
    PretrainConfig pretrain,
    TaskSettings tasks) {
  private static final int VOCABULARY = 1024;
  private static final double LEARNING_RATE = 1e-3;

  // Not those of the quickstart, nor any that settings were chosen on: 1234, 77001, 88001–88003.
  private static final long DATA_SEED = 310_000;
  private static final long MODEL_SEED = 7_000;

  private static final SplitCounts PAIRS = new SplitCounts(455, 145, 1000);

  // Nodules, plaques and emphysema's holes are smaller than a voxel of these views.
  private static final List<FindingKind> LARGE =
      List.of(
          FindingKind.PLEURAL_EFFUSION,
          FindingKind.CONSOLIDATION,
          FindingKind.CARDIOMEGALY,
          FindingKind.PNEUMOTHORAX,
          FindingKind.ATELECTASIS);

  /** The methods of the claims: what T3D adds to CLIP, and what text adds to T3D. */
  private static final List<Method> CLAIMED =
      List.of(Method.T3D, Method.CLIP, Method.T3D_WITHOUT_TEXT);

  private static final TaskSettings TASKS =
      new TaskSettings(
          List.of(0.01, 0.1, 1.0), List.of(0.1), 10, 8, 25, 32, 96, 0.1, 200, 24, 8, 100, 24);

  /** Checks counts, that lists have no element twice, and that steps fill whole epochs. */
  public BenchmarkConfig {
    Objects.requireNonNull(counts, "BenchmarkConfig.counts");
    Checks.positive("BenchmarkConfig.replicates", replicates);
    Checks.inRange("BenchmarkConfig.slowReplicates", slowReplicates, 0, replicates);
    findings = different("findings", findings);
    methods = different("methods", methods);
    longMethods = List.copyOf(longMethods);
    steps = different("steps", steps);
    Objects.requireNonNull(pretrain, "BenchmarkConfig.pretrain");
    Objects.requireNonNull(tasks, "BenchmarkConfig.tasks");
    if (!(pretrain.objective() instanceof ObjectiveConfig.T3d)) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.pretrain.objective must be of method t3d, of which every other method"
              + " takes its settings, got "
              + pretrain.objective()
              + "; choose methods by BenchmarkConfig.methods");
    }
    double gather = pretrain.objective().gatherTemperature();
    if (tasks.gatherTemperature() != gather) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.tasks.gatherTemperature must be that of pre-training,"
              + " pretrain.objective.tma.gatherTemperature = "
              + gather
              + ", got "
              + tasks.gatherTemperature()
              + "; set both alike");
    }
    if (!methods.containsAll(longMethods)) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.longMethods must be among methods "
              + methods
              + ", got "
              + longMethods
              + "; add them there or leave them out here");
    }
    int batches = batchesPerEpoch(counts, pretrain);
    if (batches == 0) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.counts.train must fill a batch of "
              + pretrain.data().batchSize()
              + ", got "
              + counts.train()
              + "; raise it or lower pretrain.data.batchSize");
    }
    for (int i = 0; i < steps.size(); i++) {
      int s = steps.get(i);
      if (s <= 0 || s % batches != 0 || (i > 0 && s <= steps.get(i - 1))) {
        throw new IllegalArgumentException(
            "BenchmarkConfig.steps must ascend and be multiples of the steps of an epoch ("
                + batches
                + "), got "
                + steps);
      }
    }
  }

  /**
   * Whether a cell of the other settings' is the same cell here: what is compared and how often may
   * differ.
   */
  boolean hasCellsOf(BenchmarkConfig other) {
    return counts.equals(other.counts)
        && dataSeed == other.dataSeed
        && modelSeed == other.modelSeed
        && findings.equals(other.findings)
        && pretrain.equals(other.pretrain)
        && tasks.equals(other.tasks);
  }

  /** T3D's own settings, of which the other methods take theirs. */
  ObjectiveConfig.T3d t3d() {
    return (ObjectiveConfig.T3d) pretrain.objective();
  }

  private static <T> List<T> different(String name, List<T> values) {
    if (values.isEmpty() || new HashSet<>(values).size() < values.size()) {
      throw new IllegalArgumentException(
          "BenchmarkConfig." + name + " must be different values, at least one, got " + values);
    }
    return List.copyOf(values);
  }

  private static int batchesPerEpoch(SplitCounts counts, PretrainConfig pretrain) {
    return counts.train() / pretrain.data().batchSize();
  }

  /** Three replicates, two numbers of steps: two cores, an hour at most. */
  public static BenchmarkConfig small() {
    return new BenchmarkConfig(
        PAIRS,
        DATA_SEED,
        MODEL_SEED,
        3,
        1,
        LARGE,
        List.of(Method.values()),
        CLAIMED,
        List.of(280, 1120),
        pretrain(List.of(8, 16, 32, 64), Size3.cube(24), 96),
        TASKS);
  }

  /** Ten replicates, three numbers of steps: what the claims are about; two cores, four hours. */
  public static BenchmarkConfig full() {
    return new BenchmarkConfig(
        PAIRS,
        DATA_SEED,
        MODEL_SEED,
        10,
        3,
        LARGE,
        List.of(Method.values()),
        CLAIMED,
        List.of(280, 560, 1120),
        pretrain(List.of(8, 16, 32, 64), Size3.cube(24), 96),
        TASKS);
  }

  /** Everything once, in a minute; says nothing about methods. For tests. */
  public static BenchmarkConfig smoke() {
    return new BenchmarkConfig(
        new SplitCounts(24, 16, 32),
        4,
        40,
        2,
        1,
        LARGE,
        List.of(Method.values()),
        CLAIMED,
        List.of(1, 2),
        pretrain(List.of(4, 4, 8, 8), Size3.cube(16), 32),
        new TaskSettings(List.of(0.5), List.of(1.0), 1, 8, 1, 4, 12, 0.1, 16, 4, 2, 2, 3));
  }

  /** The same with other methods. */
  BenchmarkConfig withMethods(List<Method> all, List<Method> longer) {
    return new BenchmarkConfig(
        counts,
        dataSeed,
        modelSeed,
        replicates,
        slowReplicates,
        findings,
        all,
        longer,
        steps,
        pretrain,
        tasks);
  }

  /** The same with other numbers of replicates. */
  BenchmarkConfig withReplicates(int all, int slow) {
    return new BenchmarkConfig(
        counts,
        dataSeed,
        modelSeed,
        all,
        slow,
        findings,
        methods,
        longMethods,
        steps,
        pretrain,
        tasks);
  }

  /** Seed of weights, orders and heads of a replicate, from 1. */
  long modelSeed(int replicate) {
    return modelSeed + replicate;
  }

  /** Passes over the training pairs that make so many steps. */
  int epochs(int wanted) {
    return wanted / batchesPerEpoch(counts, pretrain);
  }

  /** The steps that the claims are about. */
  int longest() {
    return steps.get(steps.size() - 1);
  }

  /**
   * All pre-trainings, in the order in which they should be done: what the claims need first, the
   * methods of a replicate side by side.
   */
  List<Arm> arms() {
    List<Arm> arms = new ArrayList<>();
    add(arms, longMethods, longest());
    for (int s : steps.subList(0, steps.size() - 1)) {
      add(arms, longMethods, s);
    }
    add(arms, methods.stream().filter(m -> !longMethods.contains(m)).toList(), steps.get(0));
    return arms;
  }

  private void add(List<Arm> arms, List<Method> some, int wanted) {
    for (int replicate = 1; replicate <= replicates; replicate++) {
      for (Method method : some) {
        arms.add(new Arm(method, wanted, replicate));
      }
    }
  }

  /** The phantoms that the findings make. */
  PhantomConfig phantoms() {
    EnumMap<FindingKind, Double> prevalence = new EnumMap<>(FindingKind.class);
    findings.forEach(kind -> prevalence.put(kind, kind.prevalence()));
    return PhantomConfig.standard().withPrevalence(prevalence);
  }

  /**
   * Where a replicate's phantoms are: names tell what they are, e.g. {@code
   * phantoms/455-145-1000-seed310001-d6}.
   */
  Path phantomFolder(Path out, int replicate) {
    int kinds = findings.stream().mapToInt(kind -> 1 << kind.ordinal()).sum();
    return out.resolve("phantoms")
        .resolve(
            String.format(
                "%d-%d-%d-seed%d-%x",
                counts.train(), counts.validation(), counts.test(), dataSeed + replicate, kinds));
  }

  /** Writes a replicate's phantoms where they are not there yet. */
  void writePhantoms(Path out, int replicate, int threads) throws IOException {
    Path folder = phantomFolder(out, replicate);
    if (!Files.exists(folder)) {
      PhantomDataset.write(folder, counts, dataSeed + replicate, phantoms(), threads);
    }
  }

  private static PretrainConfig pretrain(List<Integer> widths, Size3 view, int width) {
    PretrainConfig tiny = PretrainConfig.tiny();
    ResNet3dConfig vision =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC,
            List.of(1, 1, 1, 1),
            widths,
            3,
            view.depth() >= 24 ? 2 : 1,
            false);
    // A vocabulary of the training reports: the phantoms' words are few.
    TextConfig text =
        TextConfig.tiny().toBuilder()
            .tokenizer("corpus")
            .vocabSize(VOCABULARY)
            .hiddenSize(width)
            .layers(1)
            .heads(4)
            .mlpSize(2 * width)
            .build();
    T3DConfig model = new T3DConfig(vision, text, width, T3DConfig.Projection.BATCH_NORM, 0.07);
    ViewConfig views = ViewConfig.global(view).withGlobalViews(2, view, new ScaleRange(0.85, 1.0));
    DataConfig d = tiny.data();
    DataConfig data =
        new DataConfig(
            d.preprocessing(), views, d.reports(), d.batchSize(), d.threads(), d.cacheMegabytes());
    TrainingConfig training = TrainingConfig.builder().learningRate(LEARNING_RATE).build();
    return new PretrainConfig(model, data, ObjectiveConfig.t3d(), training);
  }
}
