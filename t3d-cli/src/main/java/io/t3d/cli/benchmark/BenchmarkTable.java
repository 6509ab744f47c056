package io.t3d.cli.benchmark;

import io.t3d.cli.benchmark.stats.Claim;
import io.t3d.cli.benchmark.stats.Estimate;
import io.t3d.cli.benchmark.stats.ForestPlot;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Means over replicates, T3D's differences from the other methods, paired by replicate, and the
 * verdicts on the claims that were written before the run.
 */
public final class BenchmarkTable {
  /** R@5 may be this much lower than CLIP's. */
  static final double MARGIN = 0.02;

  private static final String ZERO_SHOT = "zero-shot/AUROC";
  private static final String LATERALITY = "laterality/AUROC";
  private static final String TOKEN_PROBE = "token-probe/AUROC";
  private static final String IMAGE_TO_TEXT = "retrieval/image→report R@5";
  private static final String TEXT_TO_IMAGE = "retrieval/report→image R@5";

  /** What the text table shows; the JSON has all. */
  private static final List<String> SHOWN =
      List.of(
          ZERO_SHOT,
          "zero-shot/AUROC small lesions",
          LATERALITY,
          TOKEN_PROBE,
          "pointing/share",
          "pointing/where AUROC",
          IMAGE_TO_TEXT,
          TEXT_TO_IMAGE,
          "linear-probe/AUROC @1%",
          "linear-probe/AUROC @10%",
          "linear-probe/AUROC @100%",
          "fine-tuning/AUROC @10%",
          "reports/clinical F1",
          "segmentation/Dice",
          "few-masks/Dice");

  /** What the picture shows: few enough to be seen at a glance. */
  private static final List<String> DRAWN =
      List.of(
          ZERO_SHOT,
          LATERALITY,
          TOKEN_PROBE,
          "zero-shot/AUROC small lesions",
          "pointing/share",
          IMAGE_TO_TEXT,
          TEXT_TO_IMAGE,
          "linear-probe/AUROC @10%",
          "linear-probe/AUROC @100%");

  private static final List<String> RETRIEVAL = List.of(IMAGE_TO_TEXT, TEXT_TO_IMAGE);
  private static final List<Method> COMPARED =
      List.of(Method.CLIP, Method.T3D_WITHOUT_TEXT, Method.T3D_WITHOUT_VIEWS);

  private final BenchmarkConfig config;
  private final List<Cell> cells;

  BenchmarkTable(BenchmarkConfig config, List<Cell> cells) {
    this.config = config;
    this.cells = List.copyOf(cells);
  }

  /** All cells that are done. */
  public List<Cell> cells() {
    return cells;
  }

  /** {@code task/metric} → value of each replicate. */
  private Map<String, Map<Integer, Double>> values(Method method, int steps) {
    Map<String, Map<Integer, Double>> out = new LinkedHashMap<>();
    for (Cell cell : cells) {
      if (cell.method() == method
          && cell.steps() == steps
          && !cell.task().equals(UnitRunner.PRETRAINING)) {
        cell.scores()
            .forEach(
                (metric, value) ->
                    out.computeIfAbsent(cell.task() + "/" + metric, k -> new TreeMap<>())
                        .put(cell.replicate(), value));
      }
    }
    return out;
  }

  /** {@code task/metric} → mean over replicates, for a method and a number of steps. */
  public Map<String, Estimate> of(Method method, int steps) {
    Map<String, Estimate> out = new LinkedHashMap<>();
    values(method, steps).forEach((k, v) -> out.put(k, Estimate.of(List.copyOf(v.values()))));
    return out;
  }

  /** {@code task/metric} → T3D minus another method, over the replicates that both have. */
  public Map<String, Estimate> gainOver(Method other, int steps) {
    return estimates(gains(other, steps));
  }

  private Map<String, Map<Integer, Double>> gains(Method other, int steps) {
    return minus(values(Method.T3D, steps), values(other, steps));
  }

  /** {@code task/metric} → how much larger T3D's gain is after the most steps than the fewest. */
  public Map<String, Estimate> gainOfSteps(Method other) {
    return estimates(minus(gains(other, config.longest()), gains(other, config.steps().get(0))));
  }

  private static Map<String, Map<Integer, Double>> minus(
      Map<String, Map<Integer, Double>> own, Map<String, Map<Integer, Double>> theirs) {
    Map<String, Map<Integer, Double>> out = new LinkedHashMap<>();
    own.forEach(
        (metric, values) -> {
          Map<Integer, Double> other = theirs.getOrDefault(metric, Map.of());
          values.forEach(
              (replicate, value) -> {
                if (other.containsKey(replicate)) {
                  out.computeIfAbsent(metric, k -> new TreeMap<>())
                      .put(replicate, value - other.get(replicate));
                }
              });
        });
    return out;
  }

  private static Map<String, Estimate> estimates(Map<String, Map<Integer, Double>> values) {
    Map<String, Estimate> out = new LinkedHashMap<>();
    values.forEach((k, v) -> out.put(k, Estimate.of(List.copyOf(v.values()))));
    return out;
  }

  /** The claims of docs/benchmark.md with their verdicts. */
  public List<Claim> claims() {
    Map<String, Estimate> gains = gainOver(Method.CLIP, config.longest());
    String after = " after " + steps(config.longest());
    List<String> metrics = List.of(ZERO_SHOT, LATERALITY, TOKEN_PROBE);
    List<Optional<Estimate>> found =
        metrics.stream().map(m -> Optional.ofNullable(gains.get(m))).toList();
    List<Claim> claims =
        new ArrayList<>(
            Claim.superiority(
                List.of(
                    "zero-shot AUROC is higher" + after,
                    "laterality AUROC is higher" + after,
                    "token probe AUROC is higher" + after),
                metrics,
                found,
                config.replicates()));
    for (String metric : RETRIEVAL) {
      String statement =
          String.format(Locale.ROOT, "%s is not %.2f lower%s", title(metric), MARGIN, after);
      claims.add(
          Claim.noninferiority(
              statement,
              metric,
              Optional.ofNullable(gains.get(metric)),
              MARGIN,
              config.replicates()));
    }
    return claims;
  }

  private static String steps(int steps) {
    return String.format(Locale.ROOT, "%,d steps", steps);
  }

  private static String title(String metric) {
    return metric.replace("/", ": ").replace("retrieval: ", "");
  }

  /** The methods that have results for a number of steps, in the table's order. */
  private List<Method> methods(int steps) {
    return config.methods().stream().filter(m -> !values(m, steps).isEmpty()).toList();
  }

  /** The metrics that tables of a number of steps show. */
  private List<String> columns(int steps) {
    Set<String> known = new LinkedHashSet<>();
    config.methods().forEach(m -> known.addAll(values(m, steps).keySet()));
    return SHOWN.stream().filter(known::contains).toList();
  }

  /**
   * A table.
   *
   * @param title above it
   * @param header names of the columns
   * @param rows cells
   */
  public record Section(String title, List<String> header, List<List<String>> rows) {
    String markdown() {
      StringBuilder out = new StringBuilder("### ").append(title).append("\n\n");
      out.append("| ").append(String.join(" | ", header)).append(" |\n");
      out.append("| ").append("--- | ".repeat(header.size()).trim()).append('\n');
      rows.forEach(r -> out.append("| ").append(String.join(" | ", r)).append(" |\n"));
      return out.toString();
    }
  }

  /** Claims, then the tables of each number of steps, most first. */
  public List<Section> sections() {
    List<Section> out = new ArrayList<>();
    out.add(new Section("Claims", Claim.header(), claims().stream().map(Claim::row).toList()));
    for (int i = config.steps().size() - 1; i >= 0; i--) {
      int steps = config.steps().get(i);
      List<String> columns = columns(steps);
      List<List<String>> means = new ArrayList<>();
      List<List<String>> gains = new ArrayList<>();
      for (Method method : methods(steps)) {
        means.add(row(method.title(), columns, of(method, steps), false));
        if (method != Method.T3D && !values(Method.T3D, steps).isEmpty()) {
          gains.add(row("T3D − " + method.title(), columns, gainOver(method, steps), true));
        }
      }
      if (!means.isEmpty()) {
        out.add(new Section(steps(steps), header("method", columns), means));
      }
      if (!gains.isEmpty()) {
        out.add(
            new Section(
                steps(steps) + ": T3D minus others, paired by replicate",
                header("difference", columns),
                gains));
      }
    }
    changes().ifPresent(out::add);
    return out;
  }

  private Optional<Section> changes() {
    if (config.steps().size() < 2) {
      return Optional.empty();
    }
    List<String> columns =
        columns(config.longest()).stream()
            .filter(columns(config.steps().get(0))::contains)
            .toList();
    List<List<String>> rows = new ArrayList<>();
    for (Method method : config.longMethods()) {
      Map<String, Estimate> change = gainOfSteps(method);
      if (method != Method.T3D && !change.isEmpty()) {
        rows.add(row("T3D − " + method.title(), columns, change, true));
      }
    }
    String title =
        "How T3D's gain changes from " + config.steps().get(0) + " to " + steps(config.longest());
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(new Section(title, header("difference", columns), rows));
  }

  private List<String> row(
      String name, List<String> columns, Map<String, Estimate> estimates, boolean signed) {
    List<String> row = new ArrayList<>(List.of(name));
    for (String column : columns) {
      Estimate e = estimates.get(column);
      row.add(e == null ? "–" : (signed ? e.signed() : e.text()) + missing(e.replicates()));
    }
    return row;
  }

  /** Says so where there are fewer replicates than planned. */
  private String missing(int replicates) {
    return replicates == config.replicates() ? "" : " (n=" + replicates + ")";
  }

  private static List<String> header(String first, List<String> columns) {
    List<String> header = new ArrayList<>(List.of(first));
    columns.forEach(c -> header.add(title(c)));
    return header;
  }

  /** All tables as Markdown. */
  public String markdown() {
    return String.join("\n", sections().stream().map(Section::markdown).toList());
  }

  /** T3D's differences as a picture, most steps first. */
  ForestPlot forest() {
    List<Method> compared = COMPARED.stream().filter(config.methods()::contains).toList();
    ForestPlot plot =
        new ForestPlot(
            "What T3D gains",
            compared.isEmpty()
                ? List.of("T3D")
                : compared.stream().map(m -> "T3D − " + m.title()).toList(),
            MARGIN);
    for (int i = config.steps().size() - 1; i >= 0; i--) {
      int steps = config.steps().get(i);
      List<ForestPlot.Row> rows = new ArrayList<>();
      for (String metric : DRAWN) {
        List<Optional<Estimate>> estimates =
            compared.stream()
                .map(m -> Optional.ofNullable(gainOver(m, steps).get(metric)))
                .toList();
        if (estimates.stream().anyMatch(Optional::isPresent)) {
          rows.add(new ForestPlot.Row(title(metric), estimates, RETRIEVAL.contains(metric)));
        }
      }
      plot.group(steps(steps), rows);
    }
    return plot;
  }

  /**
   * What {@code results.json} holds.
   *
   * @param claims with verdicts
   * @param means steps → folder name of the method → task/metric → estimate
   * @param gains the same: T3D minus that method, paired by replicate
   * @param gainOfSteps folder name → task/metric → change of that gain from fewest to most steps
   * @param cells every value
   */
  record Results(
      List<Claim> claims,
      Map<Integer, Map<String, Map<String, Estimate>>> means,
      Map<Integer, Map<String, Map<String, Estimate>>> gains,
      Map<String, Map<String, Estimate>> gainOfSteps,
      List<Cell> cells) {}

  /** Writes {@code results.json}, {@code results.md} and {@code forest.svg}. */
  void write(Path out) throws IOException {
    Map<Integer, Map<String, Map<String, Estimate>>> means = new LinkedHashMap<>();
    Map<Integer, Map<String, Map<String, Estimate>>> gains = new LinkedHashMap<>();
    Map<String, Map<String, Estimate>> changes = new LinkedHashMap<>();
    for (int steps : config.steps()) {
      means.put(steps, new LinkedHashMap<>());
      gains.put(steps, new LinkedHashMap<>());
      for (Method method : methods(steps)) {
        means.get(steps).put(method.folder(), of(method, steps));
        if (method != Method.T3D) {
          gains.get(steps).put(method.folder(), gainOver(method, steps));
        }
      }
    }
    for (Method method : config.longMethods()) {
      if (method != Method.T3D) {
        changes.put(method.folder(), gainOfSteps(method));
      }
    }
    Results results = new Results(claims(), means, gains, changes, cells);
    AtomicFiles.writeText(out.resolve("results.json"), Configs.toJson(results) + "\n");
    AtomicFiles.writeText(out.resolve("results.md"), markdown());
    ForestPlot forest = forest();
    if (!forest.isEmpty()) {
      AtomicFiles.writeText(out.resolve("forest.svg"), forest.svg());
    }
  }
}
