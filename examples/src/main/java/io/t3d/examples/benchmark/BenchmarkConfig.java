package io.t3d.examples.benchmark;

import io.t3d.core.config.Checks;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.train.TrainingConfig;
import io.t3d.data.dataset.phantom.FindingKind;
import io.t3d.data.dataset.phantom.PhantomConfig;
import io.t3d.data.view.ScaleRange;
import io.t3d.data.view.ViewConfig;
import io.t3d.examples.run.DataConfig;
import io.t3d.examples.run.PretrainConfig;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;

/**
 * All settings of a benchmark.
 *
 * @param pairs phantom volume–report pairs over all splits
 * @param dataSeed of the phantoms; not one of the quickstart, whose settings were tuned on others
 * @param findings what the phantoms may show, each at its default prevalence; labels of others are
 *     negative throughout, and no metric counts them
 * @param seeds of weights, order and task heads; one run of every method for each
 * @param methods what is compared
 * @param pretrain encoder, data and budget, and T3D's objective; the seed is replaced
 * @param tasks budgets of the tasks
 */
public record BenchmarkConfig(
    int pairs,
    long dataSeed,
    List<FindingKind> findings,
    List<Long> seeds,
    List<Method> methods,
    PretrainConfig pretrain,
    TaskSettings tasks) {
  private static final int VOCABULARY = 1024;
  private static final double LEARNING_RATE = 1e-3;

  // Nodules, plaques and emphysema's holes are smaller than a voxel of the small setting.
  private static final List<FindingKind> LARGE =
      List.of(
          FindingKind.PLEURAL_EFFUSION,
          FindingKind.CONSOLIDATION,
          FindingKind.CARDIOMEGALY,
          FindingKind.PNEUMOTHORAX,
          FindingKind.ATELECTASIS);

  /** Checks that seeds and methods differ. */
  public BenchmarkConfig {
    Checks.positive("BenchmarkConfig.pairs", pairs);
    findings = List.copyOf(findings);
    seeds = List.copyOf(seeds);
    methods = List.copyOf(methods);
    Objects.requireNonNull(pretrain, "BenchmarkConfig.pretrain");
    Objects.requireNonNull(tasks, "BenchmarkConfig.tasks");
    if (findings.isEmpty() || new HashSet<>(findings).size() < findings.size()) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.findings must be different findings, got " + findings);
    }
    if (seeds.isEmpty() || new HashSet<>(seeds).size() < seeds.size()) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.seeds must be different numbers, got " + seeds);
    }
    if (methods.isEmpty() || new HashSet<>(methods).size() < methods.size()) {
      throw new IllegalArgumentException(
          "BenchmarkConfig.methods must be different methods, got " + methods);
    }
  }

  /** Three seeds of all methods with a narrow ResNet on small volumes: two cores, an hour. */
  public static BenchmarkConfig small() {
    return new BenchmarkConfig(
        700,
        1234,
        LARGE,
        List.of(1L, 2L, 3L),
        List.of(Method.values()),
        pretrain(List.of(8, 16, 32, 64), Size3.cube(24), 96, 10),
        new TaskSettings(List.of(0.01, 0.1, 1.0), List.of(0.1), 10, 8, 25, 32, 96, 24, 100, 24));
  }

  /** Five seeds at the quickstart's size and length: two cores, more than a day. */
  public static BenchmarkConfig full() {
    return new BenchmarkConfig(
        3000,
        1234,
        List.of(FindingKind.values()),
        List.of(1L, 2L, 3L, 4L, 5L),
        List.of(Method.values()),
        PretrainConfig.tiny().with(20, 0),
        new TaskSettings(
            List.of(0.01, 0.1, 1.0), List.of(0.01, 0.1, 1.0), 20, 8, 15, 200, 120, 100, 400, 100));
  }

  /** Everything once, in seconds; says nothing about methods. For tests. */
  public static BenchmarkConfig smoke() {
    return new BenchmarkConfig(
        40,
        5,
        LARGE,
        List.of(1L, 2L),
        List.of(Method.values()),
        pretrain(List.of(4, 4, 8, 8), Size3.cube(16), 32, 1),
        new TaskSettings(List.of(0.5), List.of(1.0), 1, 8, 1, 4, 12, 4, 2, 3));
  }

  /** The phantoms that the findings make. */
  PhantomConfig phantoms() {
    EnumMap<FindingKind, Double> prevalence = new EnumMap<>(FindingKind.class);
    findings.forEach(kind -> prevalence.put(kind, kind.prevalence()));
    return PhantomConfig.standard().withPrevalence(prevalence);
  }

  /** A folder's name that tells what the phantoms are, e.g. {@code phantoms-700-seed1234-2e}. */
  String phantomFolder() {
    int kinds = findings.stream().mapToInt(kind -> 1 << kind.ordinal()).sum();
    return "phantoms-" + pairs + "-seed" + dataSeed + "-" + Integer.toHexString(kinds);
  }

  private static PretrainConfig pretrain(List<Integer> widths, Size3 view, int width, int epochs) {
    PretrainConfig tiny = PretrainConfig.tiny();
    ResNet3dConfig vision =
        new ResNet3dConfig(
            ResNet3dConfig.Block.BASIC,
            List.of(1, 1, 1, 1),
            widths,
            3,
            view.depth() >= 24 ? 2 : 1,
            false);
    TextConfig t = TextConfig.tiny();
    // A vocabulary of the training reports: the phantoms' words are few.
    TextConfig text =
        new TextConfig(
            "corpus",
            VOCABULARY,
            width,
            1,
            4,
            2 * width,
            t.maxLength(),
            t.positions(),
            t.positionOffset(),
            t.tokenTypes(),
            t.dropout(),
            t.layerNormEps(),
            t.pooling());
    T3DConfig model = new T3DConfig(vision, text, width, T3DConfig.Projection.BATCH_NORM, 0.07);
    ViewConfig views = ViewConfig.global(view).withGlobalViews(2, view, new ScaleRange(0.85, 1.0));
    DataConfig d = tiny.data();
    DataConfig data =
        new DataConfig(
            d.preprocessing(), views, d.reports(), d.batchSize(), d.threads(), d.cacheMegabytes());
    TrainingConfig training = TrainingConfig.builder().learningRate(LEARNING_RATE).build();
    return new PretrainConfig(model, data, tiny.objective(), training).with(epochs, 0);
  }
}
