package io.t3d.data.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SplitsTest {
  @Test
  void patientsAreDisjointAndFractionsAreMet() {
    List<ManifestRow> rows = Splits.byPatient(Rows.many(300, 3), 0.1, 0.2, 5);
    assertThatCode(() -> Splits.verifyDisjoint(rows)).doesNotThrowAnyException();
    Map<Split, Long> counts =
        rows.stream().collect(Collectors.groupingBy(ManifestRow::split, Collectors.counting()));
    assertThat(counts).isEqualTo(Map.of(Split.TRAIN, 210L, Split.VALIDATION, 30L, Split.TEST, 60L));
  }

  @Test
  void theSplitDependsOnSeedAndPatientsButNotOnTheOrderOfRows() {
    List<ManifestRow> rows = Rows.many(60, 2);
    List<ManifestRow> reversed = new ArrayList<>(rows);
    Collections.reverse(reversed);
    assertThat(byRow(Splits.byPatient(reversed, 0.2, 0.2, 5)))
        .isEqualTo(byRow(Splits.byPatient(rows, 0.2, 0.2, 5)))
        .isNotEqualTo(byRow(Splits.byPatient(rows, 0.2, 0.2, 6)));
  }

  @Test
  void everySplitThatIsAskedForGetsAPatient() {
    List<ManifestRow> rows = Splits.byPatient(Rows.many(3, 1), 0.01, 0.01, 1);
    assertThat(rows.stream().map(ManifestRow::split))
        .containsExactlyInAnyOrder(Split.TRAIN, Split.VALIDATION, Split.TEST);
    assertThat(Splits.byPatient(Rows.many(3, 1), 0, 0, 1)).allMatch(r -> r.split() == Split.TRAIN);
  }

  @Test
  void tooFewPatientsAndBadFractionsAreErrors() {
    assertThatThrownBy(() -> Splits.byPatient(Rows.many(8, 4), 0.1, 0.1, 1))
        .hasMessageContaining(
            "Too few patients for the split: got 2, validation takes 1, test takes 1");
    assertThatThrownBy(() -> Splits.byPatient(Rows.many(8, 1), 0.6, 0.5, 1))
        .hasMessageContaining("got validation 0.6 and test 0.5");
    assertThatThrownBy(() -> Splits.byPatient(Rows.many(8, 1), Double.NaN, 0.5, 1))
        .isInstanceOf(T3dException.class);
  }

  @Test
  void aPatientInTwoSplitsIsAnErrorThatNamesRowsOnly() {
    List<ManifestRow> rows =
        List.of(
            Rows.row(2, "a", "secret").withSplit(Split.TRAIN),
            Rows.row(3, "b", "other").withSplit(Split.TRAIN),
            Rows.row(4, "c", "secret").withSplit(Split.TEST),
            Rows.row(5, "d", "other"));
    assertThatThrownBy(() -> Splits.verifyDisjoint(rows))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("the same patient is in rows 2 (train) and 4 (test);")
        .hasMessageNotContaining("secret");
  }

  private static Map<Integer, Split> byRow(List<ManifestRow> rows) {
    return rows.stream().collect(Collectors.toMap(ManifestRow::row, ManifestRow::split));
  }
}
