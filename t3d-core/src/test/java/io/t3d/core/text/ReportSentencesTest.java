package io.t3d.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReportSentencesTest {
  private static final List<String> REPORTS =
      List.of(
          "No effusion. There is a 3.5 mm nodule! Impression: Nodule.",
          "Impression: no effusion",
          "A 12 mm nodule. Heart normal. No effusion.");

  @Test
  void headingsAndBlankSentencesAreLeftOut() {
    assertThat(Sentences.of(REPORTS.get(0)))
        .containsExactly("No effusion.", "There is a 3.5 mm nodule!", "Nodule.");
    assertThat(Sentences.of("Findings: Clear lungs. Impression:")).containsExactly("Clear lungs.");
    assertThat(Sentences.of(" Impression: ")).containsExactly("Impression:");
  }

  @Test
  void theNumbersOfAListAreNoSentences() {
    assertThat(Sentences.of("Impression: 1. Clear lungs. 2. No effusion. 3."))
        .containsExactly("Clear lungs.", "No effusion.");
    assertThat(Sentences.of("1. 2.")).containsExactly("1. 2.");
    assertThat(Sentences.of("Nódulo de 3 mm. Легкие чистые."))
        .containsExactly("Nódulo de 3 mm.", "Легкие чистые.");
  }

  @Test
  void wordsForgetCaseAndPunctuationButNotNumbers() {
    assertThat(Sentences.words("No effusion.")).isEqualTo(Sentences.words("no  Effusion"));
    assertThat(Sentences.words("3 mm nodule")).isNotEqualTo(Sentences.words("4 mm nodule"));
    assertThat(Sentences.words("Of 1.2 mm.")).isNotEqualTo(Sentences.words("Of 12 mm."));
    assertThat(Sentences.words("Of 1.2 mm.")).isEqualTo(Sentences.words("of 1,2 mm"));
    assertThat(Sentences.words("L1. 2 mm.")).isEqualTo("l12mm");
    assertThat(Sentences.words("Nódulo")) // one letter, and two
        .isEqualTo(Sentences.words("No\u0301dulo"))
        .isNotEqualTo(Sentences.words("Nodulo"));
  }

  @Test
  void asManyAsAskedForAreDrawnAndNoneTwice() {
    Set<List<String>> seen = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      ReportSentences drawn = ReportSentences.draw(REPORTS, 2, seed);
      assertThat(drawn.owners()).containsExactly(0, 0, 1, 2, 2);
      assertThat(drawn.texts().get(2)).isEqualTo("no effusion");
      assertThat(drawn.texts().subList(0, 2)).doesNotHaveDuplicates();
      assertThat(Sentences.of(REPORTS.get(2))).containsAll(drawn.texts().subList(3, 5));
      assertThat(ReportSentences.draw(REPORTS, 2, seed)).isEqualTo(drawn);
      seen.add(drawn.texts().subList(3, 5));
    }
    assertThat(seen).hasSize(6); // each ordered pair of three
  }

  @Test
  void aSentenceStandsInEveryReportThatSaysTheSame() {
    ReportSentences all = ReportSentences.draw(REPORTS, 9, 1);
    for (int t = 0; t < all.size(); t++) {
      Set<Integer> expected =
          Sentences.words(all.texts().get(t)).equals("noeffusion")
              ? Set.of(0, 1, 2)
              : Set.of(all.owners().get(t));
      assertThat(all.standsIn().get(t)).as(all.texts().get(t)).isEqualTo(expected);
    }
  }

  @Test
  void aPartHasTheTextsOfItsPairsUnderNewNumbers() {
    ReportSentences all = ReportSentences.draw(REPORTS, 9, 1);
    ReportSentences part = all.ofPairs(1, 3);
    assertThat(part.texts()).isEqualTo(all.texts().subList(3, 7));
    assertThat(part.owners()).containsExactly(0, 1, 1, 1);
    assertThat(part.standsIn().get(0)).isEqualTo(Set.of(0, 1));
    assertThat(part.pairs()).isEqualTo(2);
  }

  @Test
  void samplingDrawsWhatItsUnitSays() {
    List<String> seen = List.of("Nodule.", "no effusion", "Heart normal.");
    assertThat(SentenceSampling.none().draw(REPORTS, seen, 1)).isEmpty();
    assertThat(SentenceSampling.sentences(1).draw(REPORTS, seen, 1).orElseThrow().owners())
        .containsExactly(0, 1, 2);
    Optional<ReportSentences> whole = SentenceSampling.reports().draw(REPORTS, seen, 1);
    assertThat(whole.orElseThrow().texts()).isEqualTo(seen);
    assertThat(whole.orElseThrow().standsIn()).containsExactly(Set.of(0), Set.of(1), Set.of(2));
  }

  @Test
  void settingsAndNumbersOutOfRangeAreErrors() {
    assertThatThrownBy(() -> SentenceSampling.sentences(0))
        .hasMessage("SentenceSampling.perReport must be > 0, got 0");
    assertThatThrownBy(() -> new ReportSentences(List.of("a"), List.of(2), List.of(Set.of()), 2))
        .hasMessage("ReportSentences.owners must be ascending numbers of pairs in [0, 2), got [2]");
    assertThatThrownBy(() -> new ReportSentences(List.of(), List.of(), List.of(), 2))
        .hasMessageEndingWith("got 0 texts, 0 owners and 0 sets");
  }
}
