package io.t3d.cli.benchmark;

import io.t3d.cli.benchmark.task.BenchmarkTask;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cells that are done one after another by one process.
 *
 * @param arm the pre-training
 * @param cells names of tasks, or {@link UnitRunner#PRETRAINING}, in this order
 */
record Unit(Arm arm, List<String> cells) {
  Unit {
    cells = List.copyOf(cells);
    if (cells.isEmpty()) {
      throw new IllegalArgumentException("A unit needs cells, got none");
    }
  }

  /**
   * All units, in the order in which they should be done: the claims' comparison first, then its
   * other budgets, then the other methods, then slow tasks.
   */
  static List<Unit> all(BenchmarkConfig config, List<BenchmarkTask> tasks) {
    List<Arm> arms = config.arms();
    List<Unit> units = new ArrayList<>();
    for (Arm arm : arms) {
      List<String> cells = new ArrayList<>(List.of(UnitRunner.PRETRAINING));
      tasks.stream().filter(t -> !t.slow() && suits(t, arm)).forEach(t -> cells.add(t.name()));
      units.add(new Unit(arm, cells));
    }
    for (Arm arm : arms) {
      if (arm.steps() == config.steps().get(0) && arm.replicate() <= config.slowReplicates()) {
        tasks.stream()
            .filter(t -> t.slow() && suits(t, arm))
            .forEach(t -> units.add(new Unit(arm, List.of(t.name()))));
      }
    }
    return units;
  }

  private static boolean suits(BenchmarkTask task, Arm arm) {
    return arm.method().alignsText() || !task.needsText();
  }

  /** What is not done yet of all. */
  static List<Unit> missing(BenchmarkConfig config, List<BenchmarkTask> tasks, CellStore store)
      throws IOException {
    List<Unit> units = new ArrayList<>();
    for (Unit unit : all(config, tasks)) {
      List<String> cells = new ArrayList<>();
      for (String cell : unit.cells()) {
        if (store.find(unit.arm(), cell).isEmpty()) {
          cells.add(cell);
        }
      }
      if (!cells.isEmpty()) {
        units.add(new Unit(unit.arm(), cells));
      }
    }
    return units;
  }

  /** Whether it pre-trains what the other needs. */
  boolean pretrains(Unit other) {
    return arm.equals(other.arm) && !equals(other) && cells.contains(UnitRunner.PRETRAINING);
  }

  /** One line, for {@link #parse}. */
  String line() {
    return arm.method().name()
        + " "
        + arm.steps()
        + " "
        + arm.replicate()
        + " "
        + String.join(" ", cells);
  }

  static Unit parse(String line) {
    String[] words = line.split(" ", -1);
    return new Unit(
        new Arm(Method.valueOf(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2])),
        Arrays.asList(words).subList(3, words.length));
  }
}
