package io.t3d.examples.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cells that are done one after another by one process.
 *
 * @param method the way to pre-train
 * @param seed of the run
 * @param cells names of tasks, or {@link UnitRunner#PRETRAINING}, in this order
 */
record Unit(Method method, long seed, List<String> cells) {
  Unit {
    cells = List.copyOf(cells);
    if (cells.isEmpty()) {
      throw new IllegalArgumentException("A unit needs cells, got none");
    }
  }

  /** What is not done yet, in the order in which it should be done. */
  static List<Unit> missing(BenchmarkConfig config, List<BenchmarkTask> tasks, CellStore store)
      throws IOException {
    List<Unit> units = new ArrayList<>();
    for (long seed : config.seeds()) {
      List<Unit> slow = new ArrayList<>();
      for (Method method : config.methods()) {
        List<String> fast = new ArrayList<>();
        if (store.find(method, seed, UnitRunner.PRETRAINING).isEmpty()) {
          fast.add(UnitRunner.PRETRAINING);
        }
        for (BenchmarkTask task : tasks) {
          if (!task.applies(method) || store.find(method, seed, task.name()).isPresent()) {
            continue;
          }
          if (task.slow()) {
            slow.add(new Unit(method, seed, List.of(task.name())));
          } else {
            fast.add(task.name());
          }
        }
        if (!fast.isEmpty()) {
          units.add(new Unit(method, seed, fast));
        }
      }
      units.addAll(slow);
    }
    return units;
  }

  /** Whether it pre-trains what the other needs. */
  boolean pretrains(Unit other) {
    return method == other.method
        && seed == other.seed
        && !equals(other)
        && cells.contains(UnitRunner.PRETRAINING);
  }

  /** One line, for {@link #parse}. */
  String line() {
    return method.name() + " " + seed + " " + String.join(" ", cells);
  }

  static Unit parse(String line) {
    String[] words = line.split(" ", -1);
    return new Unit(
        Method.valueOf(words[0]),
        Long.parseLong(words[1]),
        Arrays.asList(words).subList(2, words.length));
  }
}
