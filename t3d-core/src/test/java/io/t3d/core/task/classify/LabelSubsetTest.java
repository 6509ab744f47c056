package io.t3d.core.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.eval.LabelMatrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LabelSubsetTest {
  private static final int N = 2000;
  private static final double[] SHARES = {0.4, 0.1, 0.005};
  private final List<String> patients = new ArrayList<>();
  private final LabelMatrix labels;

  LabelSubsetTest() {
    SplittableRandom random = new SplittableRandom(3);
    double[][] values = new double[N][SHARES.length];
    for (int i = 0; i < N; i++) {
      patients.add("p" + i / 2);
      for (int j = 0; j < SHARES.length; j++) {
        values[i][j] = random.nextDouble() < SHARES[j] ? 1 : 0;
      }
    }
    labels = new LabelMatrix(List.of("often", "seldom", "rare"), values);
  }

  @Test
  void aShareKeepsPatientsWholeAndLabelsInProportion() {
    for (double fraction : new double[] {0.01, 0.1, 0.5}) {
      int[] some = LabelSubset.choose(labels, patients, fraction, 1);
      assertThat(some.length).isEqualTo((int) (N * fraction));
      var names = Arrays.stream(some).mapToObj(patients::get).collect(Collectors.toSet());
      assertThat(names).hasSize(some.length / 2);
      LabelMatrix chosen = labels.select(some);
      for (int j = 0; j < SHARES.length; j++) {
        double wanted = Math.max(1, fraction * labels.positives(j));
        assertThat((double) chosen.positives(j))
            .as("label %d at %s", j, fraction)
            .isCloseTo(wanted, within(Math.max(2, 0.3 * wanted)));
        assertThat(chosen.positives(j)).isPositive();
      }
    }
  }

  @Test
  void allIsAllAndTheSeedDecides() {
    assertThat(LabelSubset.choose(labels, patients, 1, 1))
        .isEqualTo(IntStream.range(0, N).toArray());
    int[] first = LabelSubset.choose(labels, patients, 0.1, 1);
    assertThat(LabelSubset.choose(labels, patients, 0.1, 1)).isEqualTo(first);
    assertThat(LabelSubset.choose(labels, patients, 0.1, 2)).isNotEqualTo(first);
  }

  @Test
  void aTinyShareGrowsUntilEveryLabelHasItsPositive() {
    double[][] values = new double[100][5];
    for (int j = 0; j < 5; j++) {
      values[j * 10][j] = 1;
    }
    LabelMatrix five = new LabelMatrix(List.of("a", "b", "c", "d", "e"), values);
    List<String> alone = IntStream.range(0, 100).mapToObj(Integer::toString).toList();
    int[] some = LabelSubset.choose(five, alone, 0.01, 1);
    assertThat(some).containsExactly(0, 10, 20, 30, 40);
  }

  @Test
  void aTinyShareGrowsUntilEveryLabelHasItsNegativeToo() {
    double[][] values = new double[100][2];
    for (int i = 0; i < 100; i++) {
      values[i][0] = i == 7 ? 0 : 1; // one patient without it
      values[i][1] = 1; // a label without negatives asks for none
    }
    LabelMatrix common = new LabelMatrix(List.of("common", "always"), values);
    List<String> alone = IntStream.range(0, 100).mapToObj(Integer::toString).toList();
    for (int seed = 0; seed < 5; seed++) {
      int[] some = LabelSubset.choose(common, alone, 0.01, seed);
      assertThat(some).hasSizeLessThanOrEqualTo(2).contains(7);
      assertThat(common.select(some).positives(1)).isPositive();
    }
  }

  @Test
  void patientsWithoutAnyLabelTakeNobodysPlace() {
    double[][] values = new double[100][1];
    for (int i = 0; i < 100; i++) {
      values[i][0] = i < 90 ? Double.NaN : i % 2; // 10 labelled patients, half with the finding
    }
    LabelMatrix few = new LabelMatrix(List.of("nodule"), values);
    List<String> alone = IntStream.range(0, 100).mapToObj(Integer::toString).toList();
    for (int seed = 0; seed < 20; seed++) {
      int[] some = LabelSubset.choose(few, alone, 0.4, seed);
      assertThat(some).hasSize(4);
      assertThat(some[0]).isGreaterThanOrEqualTo(90); // they ascend
      assertThat(few.select(some).positives(0)).isEqualTo(2);
    }
    assertThat(LabelSubset.choose(few, alone, 1, 1)).isEqualTo(IntStream.range(90, 100).toArray());
    assertThatThrownBy(
            () -> LabelSubset.choose(few.select(new int[] {0, 1}), List.of("a", "b"), 1, 1))
        .hasMessage("There are no labelled samples to choose from");
  }

  @Test
  void wrongInputsAreNamed() {
    assertThatThrownBy(() -> LabelSubset.choose(labels, patients, 0, 1))
        .hasMessage("The fraction of labels must be > 0, got 0.0");
    assertThatThrownBy(() -> LabelSubset.choose(labels, List.of("p"), 0.1, 1))
        .hasMessage("patients must name one patient per sample (2000), got 1");
  }
}
