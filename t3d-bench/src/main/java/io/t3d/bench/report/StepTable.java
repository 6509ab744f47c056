package io.t3d.bench.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Whole training steps of both models and precisions, T3D's beside PyTorch's. */
final class StepTable {
  /** Seconds that a process takes to start and run all sizes, by experience. */
  private static final double OF_A_SIDE = 45;

  private final Options options;
  private final Budget budget;
  private final Map<Case, Map<String, Cell>> rows = new LinkedHashMap<>();

  /** A row. */
  private record Case(String model, String precision, int pairs) {}

  /**
   * What a side took.
   *
   * @param seconds median of the steps; NaN when it failed
   * @param peakMiB on a GPU what all of it uses, less what was in use before; else resident
   * @param failure empty when it did not fail
   */
  private record Cell(double seconds, int peakMiB, String failure) {}

  StepTable(Options options, Budget budget) {
    this.options = options;
    this.budget = budget;
  }

  /** Runs all for which there is time. */
  void run(boolean withTorch) {
    for (String model : options.models()) {
      for (String precision : options.precisions()) {
        side("T3D", model, precision, t3d(model, precision));
        if (withTorch) {
          side("PyTorch", model, precision, torch(model, precision));
        }
      }
    }
  }

  private List<String> t3d(String model, String precision) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx4g",
                "-XX:+UseParallelGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"));
    Optional.ofNullable(System.getProperty("t3d.cuda.path"))
        .ifPresent(path -> command.add("-Dt3d.cuda.path=" + path));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            "io.t3d.bench.step.StepRunner",
            model,
            precision,
            options.device()));
    return command;
  }

  private List<String> torch(String model, String precision) {
    List<String> command = new ArrayList<>(options.python());
    command.addAll(
        List.of(
            options.home().resolve("t3d-bench/src/test/python/step_reference.py").toString(),
            model,
            precision,
            "--device",
            options.device()));
    return command;
  }

  private void side(String name, String model, String precision, List<String> command) {
    String what = name + " " + model + " " + precision;
    if (!budget.allows(what, options.brief() ? 0 : OF_A_SIDE)) {
      return;
    }
    System.err.printf("gpu-report: %s (%.0f s left)%n", what, budget.left());
    int before = options.gpu() ? Machine.usedMiB(options.home()).orElse(0) : 0;
    try (Commands run = new Commands(command, options.home(), options.environment())) {
      if (run.await(line -> line.equals("ready"), budget.left()).isEmpty()) {
        cells(model, precision, options.pairs().get(0)).put(name, failed(run));
        return;
      }
      for (int pairs : options.pairs()) {
        run.say("pairs " + pairs);
        Cell cell = steps(run, before);
        cells(model, precision, pairs).put(name, cell);
        if (!cell.failure().isEmpty()) {
          return; // larger ones will not fit either
        }
      }
    } catch (IOException e) {
      cells(model, precision, options.pairs().get(0))
          .put(name, new Cell(Double.NaN, 0, e.toString()));
    }
  }

  private Map<String, Cell> cells(String model, String precision, int pairs) {
    return rows.computeIfAbsent(new Case(model, precision, pairs), row -> new LinkedHashMap<>());
  }

  private Cell steps(Commands run, int before) throws IOException {
    double[] seconds = new double[options.steps()];
    int peak = 0;
    for (int i = -options.warmUp(); i < seconds.length; i++) {
      run.say("step");
      Optional<String> line = run.await(l -> l.startsWith("{"), budget.left());
      if (line.isEmpty()) {
        return failed(run);
      }
      JsonNode step = new ObjectMapper().readTree(line.get());
      if (i >= 0) {
        seconds[i] = step.get("seconds").asDouble();
      }
      peak = step.get("peakMiB").asInt();
    }
    if (options.gpu()) {
      peak = Machine.usedMiB(options.home()).map(used -> used - before).orElse(0);
    }
    Arrays.sort(seconds);
    return new Cell(seconds[seconds.length / 2], peak, "");
  }

  private Cell failed(Commands run) {
    String why = budget.left() > 0 ? run.tail() : "no time was left";
    return new Cell(Double.NaN, 0, why);
  }

  /** Whether every cell has a figure, and there is one. */
  boolean isWhole() {
    return !rows.isEmpty()
        && rows.values().stream()
            .flatMap(cells -> cells.values().stream())
            .allMatch(cell -> cell.failure().isEmpty());
  }

  /** In Markdown. */
  List<String> markdown() {
    List<String> out = new ArrayList<>();
    out.add(
        "| model | precision | pairs | T3D, s a step | PyTorch, s a step | PyTorch / T3D | T3D, MiB |"
            + " PyTorch, MiB |");
    out.add("| --- | --- | --- | --- | --- | --- | --- | --- |");
    rows.forEach(
        (row, cells) -> {
          Optional<Cell> ours = Optional.ofNullable(cells.get("T3D"));
          Optional<Cell> theirs = Optional.ofNullable(cells.get("PyTorch"));
          String ratio =
              ours.isPresent() && theirs.isPresent()
                  ? number("%.2f", theirs.get().seconds() / ours.get().seconds())
                  : "";
          out.add(
              String.format(
                  "| %s | %s | %d | %s | %s | %s | %s | %s |",
                  row.model(),
                  row.precision(),
                  row.pairs(),
                  seconds(ours),
                  seconds(theirs),
                  ratio,
                  memory(ours),
                  memory(theirs)));
        });
    return out;
  }

  private static String seconds(Optional<Cell> cell) {
    return cell.map(
            c ->
                c.failure().isEmpty() ? number("%.4f", c.seconds()) : "failed: " + cut(c.failure()))
        .orElse("");
  }

  private static String cut(String failure) {
    String oneLine = failure.replace('|', '/').strip();
    return oneLine.length() > 160 ? oneLine.substring(0, 160) + "…" : oneLine;
  }

  private static String memory(Optional<Cell> cell) {
    return cell.filter(c -> c.peakMiB() > 0).map(c -> Integer.toString(c.peakMiB())).orElse("");
  }

  private static String number(String format, double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
  }
}
