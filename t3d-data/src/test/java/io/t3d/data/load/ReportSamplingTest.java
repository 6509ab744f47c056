package io.t3d.data.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReportSamplingTest {
  private static final String REPORT =
      "There is a 3.5 mm nodule. No effusion. The heart is normal. Impression: Nodule.";
  private static final List<String> SENTENCES =
      List.of(
          "There is a 3.5 mm nodule.",
          "No effusion.",
          "The heart is normal.",
          "Impression: Nodule.");

  @Test
  void reportsStayAsTheyAreWithoutSampling() {
    assertThat(ReportSampling.none().sample(REPORT, 5)).isEqualTo(REPORT);
  }

  @Test
  void sentencesStayWholeAndAreNotRepeated() {
    Set<Integer> counts = new HashSet<>();
    Set<String> first = new HashSet<>();
    for (long seed = 0; seed < 200; seed++) {
      String text = ReportSampling.sentences().sample(REPORT, seed);
      List<String> kept = Arrays.asList(text.split("(?<=\\.) "));
      assertThat(SENTENCES).containsAll(kept);
      assertThat(kept).doesNotHaveDuplicates();
      counts.add(kept.size());
      first.add(kept.get(0));
    }
    assertThat(counts).containsExactlyInAnyOrder(1, 2, 3, 4);
    assertThat(first).containsExactlyInAnyOrderElementsOf(SENTENCES);
  }

  @Test
  void theNumbersOfAListStayWithTheirSentences() {
    String list = "1. Clear lungs. 2. No effusion. 3. 12. Small nodule. 4.";
    Set<String> units = Set.of("1. Clear lungs.", "2. No effusion.", "3. 12. Small nodule. 4.");
    Set<String> alone = new HashSet<>();
    for (long seed = 0; seed < 100; seed++) {
      String text = ReportSampling.sentences().sample(list, seed);
      String rest = text;
      for (String unit : units) {
        rest = rest.replace(unit, "");
      }
      assertThat(rest).as(text).isBlank();
      if (units.contains(text)) {
        alone.add(text);
      }
    }
    assertThat(alone).isEqualTo(units);
    assertThat(ReportSampling.sentences().sample("1. 2. 3.", 1)).isEqualTo("1. 2. 3.");
  }

  @Test
  void theSameSeedGivesTheSameText() {
    ReportSampling sampling = ReportSampling.sentences();
    assertThat(sampling.sample(REPORT, 9)).isEqualTo(sampling.sample(REPORT, 9));
  }

  @Test
  void aShareKeepsThatManySentencesInOrder() {
    for (long seed = 0; seed < 50; seed++) {
      String text = new ReportSampling(0.75, false).sample(REPORT, seed);
      List<String> kept = Arrays.asList(text.split("(?<=\\.) "));
      assertThat(kept.size()).isBetween(3, 4);
      assertThat(kept.stream().map(SENTENCES::indexOf).toList()).isSorted();
    }
  }

  @Test
  void aShareOutsideItsRangeIsAnError() {
    assertThatThrownBy(() -> new ReportSampling(0, true))
        .hasMessage("ReportSampling.minShare must be in (0, 1], got 0.0");
  }
}
