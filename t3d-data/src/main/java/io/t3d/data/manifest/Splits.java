package io.t3d.data.manifest;

import com.google.common.hash.HashFunction;
import com.google.common.hash.Hashing;
import io.t3d.core.T3dException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Creates patient-disjoint splits: all scans of a patient fall into the same split, because
 * otherwise test metrics would reward remembering patients.
 */
public final class Splits {
  private static final int SHOWN = 20;

  private Splits() {}

  /**
   * Assigns every row to a split, by patient. Which patients go where depends on the seed and the
   * ids alone, not on the order of the rows.
   *
   * @param rows assignments they have are overwritten
   * @param validation fraction of the patients for validation, in [0, 1)
   * @param test fraction of the patients for testing, in [0, 1); with validation less than 1
   * @param seed other seeds give other splits
   * @return the rows in the same order
   * @throws T3dException when fractions are out of range, or there are too few patients to give
   *     every split one
   */
  public static List<ManifestRow> byPatient(
      List<ManifestRow> rows, double validation, double test, long seed) {
    if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Fractions must be >= 0 and leave some patients for training, got validation "
              + validation
              + " and test "
              + test);
    }
    List<String> patients = shuffledPatients(rows, seed);
    int testCount = share(patients.size(), test);
    int validationCount = share(patients.size(), validation);
    if (testCount + validationCount >= patients.size()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Too few patients for the split: got "
              + patients.size()
              + ", validation takes "
              + validationCount
              + ", test takes "
              + testCount
              + " and nothing is left for training; rows without a patient count as one patient"
              + " per volume");
    }
    Map<String, Split> assigned = new HashMap<>();
    for (int i = 0; i < patients.size(); i++) {
      Split split =
          i < testCount
              ? Split.TEST
              : i < testCount + validationCount ? Split.VALIDATION : Split.TRAIN;
      assigned.put(patients.get(i), split);
    }
    return rows.stream().map(r -> r.withSplit(assigned.get(r.patient()))).toList();
  }

  /**
   * Checks that no patient is in two splits. Unassigned rows are in none.
   *
   * @throws T3dException naming the first such rows, not the patients
   */
  public static void verifyDisjoint(List<ManifestRow> rows) {
    Map<String, ManifestRow> first = new HashMap<>();
    List<String> clashes = new ArrayList<>();
    for (ManifestRow row : rows) {
      if (row.split() == Split.UNASSIGNED) {
        continue;
      }
      ManifestRow other = first.putIfAbsent(row.patient(), row);
      if (other != null && other.split() != row.split()) {
        clashes.add(
            "rows "
                + other.row()
                + " ("
                + other.split().text()
                + ") and "
                + row.row()
                + " ("
                + row.split().text()
                + ")");
      }
    }
    if (!clashes.isEmpty()) {
      int more = clashes.size() - SHOWN;
      throw new T3dException(
          T3dException.Kind.INPUT,
          "A patient must be in one split only; the same patient is in "
              + String.join(", ", clashes.subList(0, Math.min(SHOWN, clashes.size())))
              + (more > 0 ? " and " + more + " more" : "")
              + "; correct the column split, or leave it out and use Splits.byPatient");
    }
  }

  private static List<String> shuffledPatients(List<ManifestRow> rows, long seed) {
    HashFunction hash = Hashing.sipHash24(seed, ~seed);
    Comparator<String> byHash =
        Comparator.comparingLong(p -> hash.hashString(p, StandardCharsets.UTF_8).asLong());
    return rows.stream()
        .map(ManifestRow::patient)
        .distinct()
        .sorted(byHash.thenComparing(Comparator.naturalOrder()))
        .toList();
  }

  /** The rounded share; at least one when a share is asked for. */
  private static int share(int patients, double fraction) {
    return fraction == 0 ? 0 : Math.max(1, (int) Math.round(fraction * patients));
  }
}
