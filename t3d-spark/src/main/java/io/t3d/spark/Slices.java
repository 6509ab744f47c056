package io.t3d.spark;

import io.t3d.core.T3dException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** The division of work into tasks: neighbours of a list stay together, nothing is shuffled. */
final class Slices {
  /** Setting of a session: volumes that a task works on, one after another. */
  static final String VOLUMES_PER_TASK = "spark.t3d.volumesPerTask";

  /** So many tasks for each core, so that a slow one does not leave the others idle at the end. */
  private static final int TASKS_PER_CORE = 4;

  /** What a lost executor may cost. */
  private static final int MOST = 256;

  private Slices() {}

  /**
   * Cuts a list into the work of tasks.
   *
   * @param multiple of each task's items, but for the last one's
   */
  static <T> JavaRDD<List<T>> of(SparkSession session, List<T> all, int multiple) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(session.sparkContext());
    int size = size(setting(session), all.size(), context.defaultParallelism(), multiple);
    List<List<T>> slices = new ArrayList<>();
    int from = 0;
    for (int count : sizes(all.size(), size, multiple)) {
      slices.add(new ArrayList<>(all.subList(from, from + count)));
      from += count;
    }
    // One element in each partition: a task gets its own items and no others.
    return context.parallelize(slices, Math.max(1, slices.size()));
  }

  /**
   * How many items each task gets: as few tasks as the most for one allows, and all nearly alike,
   * so that no core is left with a whole task more than another at the end.
   *
   * @param most for one task, a multiple of {@code multiple}
   */
  static List<Integer> sizes(int items, int most, int multiple) {
    int tasks = (items + most - 1) / most;
    int units = (items + multiple - 1) / multiple; // the last may be short
    List<Integer> sizes = new ArrayList<>();
    int left = items;
    for (int task = 0; task < tasks; task++) {
      int own = units / tasks + (task < units % tasks ? 1 : 0);
      sizes.add(Math.min(left, own * multiple));
      left -= sizes.get(task);
    }
    return sizes;
  }

  private static String setting(SparkSession session) {
    return session.conf().get(VOLUMES_PER_TASK, "");
  }

  /**
   * Items of a task.
   *
   * @param setting a number, or empty to have one chosen
   */
  static int size(String setting, int items, int cores, int multiple) {
    int wanted;
    if (setting.isBlank()) {
      int tasks = TASKS_PER_CORE * Math.max(1, cores);
      wanted = Math.min(MOST, (items + tasks - 1) / tasks);
    } else {
      wanted = number(setting);
    }
    return Math.max(1, (wanted + multiple - 1) / multiple) * multiple;
  }

  private static int number(String setting) {
    try {
      int given = Integer.parseInt(setting.strip());
      if (given >= 1 && given <= 1_000_000) {
        return given;
      }
    } catch (NumberFormatException e) {
      // The same to the user.
    }
    throw new T3dException(
        T3dException.Kind.USAGE,
        VOLUMES_PER_TASK + " must be a whole number from 1 to 1000000, got " + setting);
  }
}
