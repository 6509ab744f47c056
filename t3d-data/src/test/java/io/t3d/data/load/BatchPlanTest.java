package io.t3d.data.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchPlanTest {
  @Test
  void everyRowComesOnce() {
    List<int[]> plan = BatchPlan.shuffled(patients(103, 3), 8, false, 1);
    assertThat(plan).hasSize(13);
    assertThat(plan.stream().flatMapToInt(Arrays::stream).sorted().toArray())
        .isEqualTo(IntStream.range(0, 103).toArray());
    assertThat(BatchPlan.shuffled(patients(103, 3), 8, true, 1)).hasSize(12);
  }

  @Test
  void scansOfAPatientComeIntoDifferentBatches() {
    List<String> patients = patients(96, 4);
    for (long seed = 0; seed < 20; seed++) {
      int mixed = 0;
      for (int[] batch : BatchPlan.shuffled(patients, 8, true, seed)) {
        long distinct = Arrays.stream(batch).mapToObj(patients::get).distinct().count();
        mixed += distinct < batch.length ? 1 : 0;
      }
      // Only the last batch may run out of other patients.
      assertThat(mixed).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void manyRowsOfOnePatientAreStillPlannedQuickly() {
    List<int[]> plan = BatchPlan.shuffled(Collections.nCopies(100_000, "p"), 16, true, 1);
    assertThat(plan).hasSize(6250);
  }

  @Test
  void otherSeedsGiveOtherOrders() {
    List<String> patients = patients(50, 1);
    assertThat(BatchPlan.shuffled(patients, 50, true, 1).get(0))
        .isEqualTo(BatchPlan.shuffled(patients, 50, true, 1).get(0))
        .isNotEqualTo(BatchPlan.shuffled(patients, 50, true, 2).get(0));
  }

  @Test
  void withoutShufflingTheManifestsOrderIsKept() {
    List<int[]> plan = BatchPlan.inOrder(5, 2, false);
    assertThat(plan).containsExactly(new int[] {0, 1}, new int[] {2, 3}, new int[] {4});
  }

  private static List<String> patients(int rows, int scans) {
    return IntStream.range(0, rows).mapToObj(i -> "p" + i / scans).toList();
  }
}
