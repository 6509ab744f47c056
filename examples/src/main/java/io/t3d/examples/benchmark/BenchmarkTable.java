package io.t3d.examples.benchmark;

import io.t3d.core.config.Configs;
import io.t3d.core.tensor.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Means over seeds with 95 % confidence intervals (Student's t), and T3D's difference from each
 * other method paired by seed.
 */
public final class BenchmarkTable {
  // Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom.
  private static final double[] T95 = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228
  };

  /** What the text table shows, and whether less is better; the JSON has all. */
  private static final List<String> SHOWN =
      List.of(
          "zero-shot/AUROC",
          "retrieval/image→report R@5",
          "retrieval/report→image R@5",
          "linear-probe/AUROC @1%",
          "linear-probe/AUROC @10%",
          "linear-probe/AUROC @100%",
          "fine-tuning/AUROC @1%",
          "fine-tuning/AUROC @10%",
          "fine-tuning/AUROC @100%",
          "reports/clinical F1",
          "reports/BLEU-4",
          "segmentation/Dice");

  private final BenchmarkConfig config;
  private final List<Cell> cells;

  BenchmarkTable(BenchmarkConfig config, List<Cell> cells) {
    this.config = config;
    this.cells = List.copyOf(cells);
  }

  /**
   * A mean over seeds.
   *
   * @param mean of the seeds' values
   * @param halfWidth of the 95 % interval; NaN with one seed
   * @param seeds how many there are
   */
  public record Estimate(double mean, double halfWidth, int seeds) {
    static Estimate of(List<Double> values) {
      int n = values.size();
      double mean = values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
      if (n < 2) {
        return new Estimate(mean, Double.NaN, n);
      }
      double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
      double t = n - 2 < T95.length ? T95[n - 2] : 1.96;
      return new Estimate(mean, t * Math.sqrt(squares / (n - 1) / n), n);
    }

    /** E.g. {@code 0.713 ± 0.021}. */
    public String text() {
      return Double.isNaN(halfWidth)
          ? String.format(Locale.ROOT, "%.3f", mean)
          : String.format(Locale.ROOT, "%.3f ± %.3f", mean, halfWidth);
    }
  }

  /** All cells that are done. */
  public List<Cell> cells() {
    return cells;
  }

  /** {@code task/metric} → value of each seed, for a method. */
  private Map<String, Map<Long, Double>> values(Method method) {
    Map<String, Map<Long, Double>> out = new LinkedHashMap<>();
    for (Cell cell : cells) {
      if (cell.method() == method && !cell.task().equals(UnitRunner.PRETRAINING)) {
        cell.scores()
            .forEach(
                (metric, value) ->
                    out.computeIfAbsent(cell.task() + "/" + metric, k -> new TreeMap<>())
                        .put(cell.seed(), value));
      }
    }
    return out;
  }

  /** {@code task/metric} → estimate, for a method. */
  public Map<String, Estimate> of(Method method) {
    Map<String, Estimate> out = new LinkedHashMap<>();
    values(method).forEach((k, v) -> out.put(k, Estimate.of(List.copyOf(v.values()))));
    return out;
  }

  /** {@code task/metric} → T3D minus another method, over the seeds that both have. */
  public Map<String, Estimate> gainOver(Method other) {
    Map<String, Estimate> out = new LinkedHashMap<>();
    Map<String, Map<Long, Double>> theirs = values(other);
    values(Method.T3D)
        .forEach(
            (metric, own) -> {
              List<Double> differences = new ArrayList<>();
              Map<Long, Double> bySeed = theirs.getOrDefault(metric, Map.of());
              own.forEach(
                  (seed, value) -> {
                    if (bySeed.containsKey(seed)) {
                      differences.add(value - bySeed.get(seed));
                    }
                  });
              if (!differences.isEmpty()) {
                out.put(metric, Estimate.of(differences));
              }
            });
    return out;
  }

  /** The metrics that the table shows, those that some method has. */
  List<String> columns() {
    Set<String> known = new LinkedHashSet<>();
    config.methods().forEach(m -> known.addAll(values(m).keySet()));
    return SHOWN.stream().filter(known::contains).toList();
  }

  /** One row per method, for pages. */
  List<List<String>> rows() {
    List<List<String>> rows = new ArrayList<>();
    for (Method method : config.methods()) {
      rows.add(row(method.title(), of(method)));
    }
    return rows;
  }

  /** T3D minus each other method. */
  List<List<String>> gains() {
    List<List<String>> rows = new ArrayList<>();
    for (Method method : config.methods()) {
      if (method != Method.T3D) {
        rows.add(row("T3D − " + method.title(), gainOver(method)));
      }
    }
    return rows;
  }

  private List<String> row(String name, Map<String, Estimate> estimates) {
    List<String> row = new ArrayList<>(List.of(name));
    for (String column : columns()) {
      Estimate estimate = estimates.get(column);
      row.add(estimate == null ? "–" : estimate.text() + missing(estimate));
    }
    return row;
  }

  /** Says so when seeds are not done yet. */
  private String missing(Estimate estimate) {
    return estimate.seeds() == config.seeds().size() ? "" : " (n=" + estimate.seeds() + ")";
  }

  List<String> header() {
    List<String> header = new ArrayList<>(List.of("method"));
    columns().forEach(c -> header.add(c.replace("/", ": ")));
    return header;
  }

  /** Both tables as Markdown. */
  public String markdown() {
    return table(rows()) + "\n" + table(gains());
  }

  private String table(List<List<String>> rows) {
    StringBuilder out = new StringBuilder();
    out.append("| ").append(String.join(" | ", header())).append(" |\n");
    out.append("| ").append("--- | ".repeat(header().size()).trim()).append('\n');
    rows.forEach(r -> out.append("| ").append(String.join(" | ", r)).append(" |\n"));
    return out.toString();
  }

  /**
   * What {@code results.json} holds.
   *
   * @param methods folder name → task/metric → estimate
   * @param gains folder name → task/metric → T3D minus that method, paired by seed
   * @param cells every value
   */
  record Results(
      Map<String, Map<String, Estimate>> methods,
      Map<String, Map<String, Estimate>> gains,
      List<Cell> cells) {}

  /** Writes {@code results.json} and {@code results.md}. */
  void write(Path out) throws IOException {
    Map<String, Map<String, Estimate>> methods = new LinkedHashMap<>();
    Map<String, Map<String, Estimate>> gains = new LinkedHashMap<>();
    for (Method method : config.methods()) {
      methods.put(method.folder(), of(method));
      if (method != Method.T3D) {
        gains.put(method.folder(), gainOver(method));
      }
    }
    Results results = new Results(methods, gains, cells);
    AtomicFiles.writeText(out.resolve("results.json"), Configs.toJson(results) + "\n");
    AtomicFiles.writeText(out.resolve("results.md"), markdown());
  }
}
