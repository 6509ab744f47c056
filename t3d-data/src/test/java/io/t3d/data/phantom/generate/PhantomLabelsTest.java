package io.t3d.data.phantom.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomStudy;
import io.t3d.data.phantom.Side;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhantomLabelsTest {
  @Test
  void theLabelsOfFiveHundredReportsAreRecoveredExactly() {
    PhantomGenerator generator = PhantomGeneratorTest.coarse();
    for (int seed = 0; seed < 500; seed++) {
      PhantomStudy study = generator.generate(seed);
      assertThat(PhantomLabels.extract(study.report()))
          .as(study.report())
          .isEqualTo(study.labels());
      assertThat(study.report()).doesNotContain("{").doesNotContain("null");
    }
  }

  @Test
  void theSidesOfFiveHundredReportsAreThoseOfTheirFindings() {
    PhantomGenerator generator = PhantomGeneratorTest.coarse();
    int named = 0;
    for (int seed = 0; seed < 500; seed++) {
      PhantomStudy study = generator.generate(seed);
      Map<String, Set<Side>> read = PhantomLabels.sides(study.report());
      for (FindingKind kind : FindingKind.values()) {
        Set<Side> truth =
            study.findings().stream()
                .filter(f -> f.kind() == kind)
                .map(Finding::side)
                .collect(Collectors.toSet());
        String what = kind + " in: " + study.report();
        assertThat(read.containsKey(kind.label())).as(what).isEqualTo(!truth.isEmpty());
        switch (kind) {
          case PLEURAL_EFFUSION, PNEUMOTHORAX, ATELECTASIS ->
              assertThat(read.getOrDefault(kind.label(), Set.of())).as(what).isEqualTo(truth);
          // Of several, only the largest is placed; some sentences place none.
          case NODULE, CONSOLIDATION ->
              assertThat(truth).as(what).containsAll(read.getOrDefault(kind.label(), Set.of()));
          default -> assertThat(read.getOrDefault(kind.label(), Set.of())).as(what).isEmpty();
        }
        named += read.getOrDefault(kind.label(), Set.of()).size();
      }
    }
    assertThat(named).isGreaterThan(500);
  }

  @Test
  void reportsDifferFromStudyToStudy() {
    PhantomGenerator generator = PhantomGeneratorTest.coarse();
    Set<String> reports = new HashSet<>();
    for (int seed = 0; seed < 100; seed++) {
      reports.add(generator.generate(seed).report());
    }
    assertThat(reports).hasSizeGreaterThan(97);
  }

  @Test
  void aReportNamesTheSideAndLobeOfItsFindings() {
    PhantomGenerator generator = PhantomGeneratorTest.coarse();
    for (int seed = 0; seed < 100; seed++) {
      PhantomStudy study = generator.generate(seed);
      String report = study.report().toLowerCase(Locale.ROOT);
      for (Finding f : study.findings()) {
        if (f.kind() == FindingKind.CONSOLIDATION) {
          assertThat(report).contains(f.lobe().orElseThrow().words());
        } else if (f.kind() == FindingKind.PNEUMOTHORAX) {
          assertThat(report).contains(f.side().word());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "No pleural effusion or pneumothorax.|",
        "Small left pleural effusion without pneumothorax.|pleural_effusion",
        "No pneumothorax, but a small effusion.|pleural_effusion",
        "Atelectasis is not seen.|",
        "The heart is not enlarged.|",
        "The heart is enlarged.|cardiomegaly",
        "Heart size is normal. Two nodules; calcified plaques.|calcification nodule",
        "Lungs are clear of consolidation.|",
        "A mass in the left lung: emphysematous change.|emphysema nodule",
        "''|"
      })
  void negationsReachOnlyTheirClause(String report, String expected) {
    Set<String> present = new TreeSet<>();
    PhantomLabels.extract(report)
        .forEach(
            (label, isPresent) -> {
              if (isPresent) {
                present.add(label);
              }
            });
    assertThat(String.join(" ", present)).isEqualTo(expected == null ? "" : expected);
  }

  @Test
  void promptsSayWhatTheyClaim() {
    PhantomPrompts.all()
        .forEach(
            prompts -> {
              assertThat(prompts.positive()).hasSizeGreaterThan(2);
              assertThat(prompts.negative()).hasSizeGreaterThan(2);
              for (String text : prompts.positive()) {
                PhantomLabels.extract(text)
                    .forEach(
                        (l, present) ->
                            assertThat(present).as(text).isEqualTo(l.equals(prompts.finding())));
              }
              for (String text : prompts.negative()) {
                assertThat(PhantomLabels.extract(text).values()).as(text).doesNotContain(true);
              }
            });
  }
}
