package io.t3d.data.load;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Which rows make up which batch of an epoch. */
final class BatchPlan {
  /** How far to look ahead for a row of another patient, in batches. */
  private static final int LOOK_AHEAD = 8;

  private BatchPlan() {}

  /** Rows 0..count-1 in order, in batches. */
  static List<int[]> inOrder(int count, int batchSize, boolean dropLast) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    return cut(order, batchSize, dropLast);
  }

  /**
   * Shuffled batches. Two pairs of one patient come into one batch only when there is no row of
   * another patient among those that come next: such pairs are no negatives of each other, so a
   * batch that has them teaches less.
   *
   * @param patients the patient of each row
   * @param seed depends on the run's seed and the epoch
   */
  static List<int[]> shuffled(List<String> patients, int batchSize, boolean dropLast, long seed) {
    Deque<Integer> waiting = new ArrayDeque<>(shuffle(patients.size(), seed));
    int[] order = new int[patients.size()];
    for (int at = 0; at < order.length; at += batchSize) {
      int size = Math.min(batchSize, order.length - at);
      fill(order, at, size, waiting, patients);
    }
    return cut(order, batchSize, dropLast);
  }

  private static void fill(
      int[] order, int at, int size, Deque<Integer> waiting, List<String> patients) {
    Set<String> present = new HashSet<>();
    Deque<Integer> skipped = new ArrayDeque<>();
    int filled = 0;
    for (int looked = 0;
        filled < size && !waiting.isEmpty() && looked < LOOK_AHEAD * size;
        looked++) {
      int row = waiting.removeFirst();
      if (present.add(patients.get(row))) {
        order[at + filled++] = row;
      } else {
        skipped.addLast(row);
      }
    }
    while (filled < size) {
      order[at + filled++] = skipped.isEmpty() ? waiting.removeFirst() : skipped.removeFirst();
    }
    // What was skipped comes first in the next batch, in its old order.
    while (!skipped.isEmpty()) {
      waiting.addFirst(skipped.removeLast());
    }
  }

  private static List<Integer> shuffle(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Integer> rows = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int other = random.nextInt(i + 1);
      rows.add(i);
      rows.set(i, rows.get(other));
      rows.set(other, i);
    }
    return rows;
  }

  private static List<int[]> cut(int[] order, int batchSize, boolean dropLast) {
    List<int[]> batches = new ArrayList<>();
    for (int at = 0; at < order.length; at += batchSize) {
      int end = Math.min(order.length, at + batchSize);
      if (end - at == batchSize || !dropLast) {
        batches.add(Arrays.copyOfRange(order, at, end));
      }
    }
    return batches;
  }
}
