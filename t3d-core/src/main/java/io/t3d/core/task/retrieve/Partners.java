package io.t3d.core.task.retrieve;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which targets are correct for which queries, of N pairs one way: those whose name is a partner of
 * the query's name in any pair. A volume so finds each of its reports, under whatever row they
 * stand, and a report each volume that it was written for.
 */
final class Partners {
  private final int[] query; // name of each query
  private final int[] target; // name of each target
  private final int[] @Nullable [] accepted; // per query's name, ascending; null: the same name

  private Partners(int[] query, int[] target, int[] @Nullable [] accepted) {
    this.query = query;
    this.target = target;
    this.accepted = accepted;
  }

  /** Queries and targets of which each has a group, whose members are correct for each other. */
  static Partners groups(int[] groups) {
    return new Partners(groups, groups, null);
  }

  /**
   * Partners by names.
   *
   * @param queries N names; equal ones have the same partners
   * @param targets the N partners' names
   */
  static Partners of(List<String> queries, List<String> targets) {
    int[] query = numbers(queries);
    int[] target = numbers(targets);
    List<Set<Integer>> ofQuery = partners(query, target);
    if (ofQuery.stream().allMatch(names -> names.size() == 1)) {
      return groups(target);
    }
    if (partners(target, query).stream().allMatch(names -> names.size() == 1)) {
      return groups(query);
    }
    int[][] accepted =
        ofQuery.stream()
            .map(names -> names.stream().mapToInt(Integer::intValue).sorted().toArray())
            .toArray(int[][]::new);
    return new Partners(query, target, accepted);
  }

  /** The names that stand beside each name. */
  private static List<Set<Integer>> partners(int[] names, int[] beside) {
    List<Set<Integer>> found = new ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      if (names[i] == found.size()) {
        found.add(new HashSet<>());
      }
      found.get(names[i]).add(beside[i]);
    }
    return found;
  }

  /** Each name's number, in order of appearance. */
  private static int[] numbers(List<String> names) {
    Map<String, Integer> known = new HashMap<>();
    return names.stream().mapToInt(n -> known.computeIfAbsent(n, unused -> known.size())).toArray();
  }

  /** N. */
  int size() {
    return query.length;
  }

  /** Whether a target is correct for a query. */
  boolean correct(int q, int t) {
    return accepted == null
        ? query[q] == target[t]
        : Arrays.binarySearch(accepted[query[q]], target[t]) >= 0;
  }

  /**
   * The same of a block.
   *
   * @param scope owns the result
   * @param t0 first target; up to t1, without it
   * @param q0 first query; up to q1, without it
   * @return {@code (T, Q)}, float32: 1 where correct, else 0
   */
  NDArray block(NDManager scope, Device device, int t0, int t1, int q0, int q1) {
    if (accepted == null) {
      NDArray targets = numbers(scope, device, target, t0, t1).reshape(-1, 1); // (T, 1)
      NDArray queries = numbers(scope, device, query, q0, q1).reshape(1, -1); // (1, Q)
      return targets.eq(queries).toType(DataType.FLOAT32, false);
    }
    float[] flags = new float[(t1 - t0) * (q1 - q0)];
    int at = 0;
    for (int t = t0; t < t1; t++) {
      for (int q = q0; q < q1; q++) {
        flags[at++] = correct(q, t) ? 1 : 0;
      }
    }
    return scope.create(flags, new Shape(t1 - t0, q1 - q0)).toDevice(device, false);
  }

  private static NDArray numbers(NDManager scope, Device device, int[] all, int from, int to) {
    return scope.create(Arrays.copyOfRange(all, from, to)).toDevice(device, false);
  }
}
