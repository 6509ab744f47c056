package io.t3d.core.eval.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The golden file is of {@code src/test/python/text_scores_goldens.py}. */
class WordScoresTest {
  private static final JsonNode GOLDEN = golden();
  private static final double TOLERANCE = 1e-9;

  private static JsonNode golden() {
    try {
      return new ObjectMapper()
          .readTree(Path.of("src/test/resources/golden/eval/text.json").toFile());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  @Test
  void scoresAreThoseOfTheReferenceImplementations() {
    assertThat(GOLDEN.get("cases")).hasSize(4);
    for (JsonNode c : GOLDEN.get("cases")) {
      WordScores got = WordScores.of(texts(c.get("written")), texts(c.get("reference")));
      JsonNode want = c.get("scores");
      assertClose("bleu1", got.bleu1(), want);
      assertClose("bleu2", got.bleu2(), want);
      assertClose("bleu3", got.bleu3(), want);
      assertClose("bleu4", got.bleu4(), want);
      assertClose("rougeL", got.rougeL(), want);
      assertClose("meteorExactStem", got.meteorExactStem(), want);
      assertClose("cider", got.cider(), want);
    }
  }

  private static void assertClose(String name, double got, JsonNode want) {
    assertThat(got).as(name).isCloseTo(want.get(name).asDouble(), within(TOLERANCE));
  }

  @Test
  void wordsAreThoseOfTheScript() {
    GOLDEN
        .get("words")
        .properties()
        .forEach(e -> assertThat(ReportWords.of(e.getKey())).isEqualTo(texts(e.getValue())));
    assertThat(ReportWords.of("3.5 mm, left-sided; the patient's 2-3 nodules.Clear"))
        .containsExactly("3.5", "mm", "left-sided", "the", "patient's", "2-3", "nodules", "clear");
  }

  @Test
  void stemsAreThoseOfNltk() {
    assertThat(GOLDEN.get("stems").size()).isGreaterThan(300);
    GOLDEN
        .get("stems")
        .properties()
        .forEach(
            e ->
                assertThat(PorterStemmer.stem(e.getKey()))
                    .as(e.getKey())
                    .isEqualTo(e.getValue().asText()));
  }

  @Test
  void theSameTextIsPerfect() {
    List<String> reports =
        List.of("no pleural effusion or pneumothorax", "a nodule of 9 mm in the left upper lobe");
    WordScores scores = WordScores.of(reports, reports);
    assertThat(scores.bleu4()).isCloseTo(1, within(1e-6));
    assertThat(scores.rougeL()).isCloseTo(1, within(1e-12));
    assertThat(scores.cider()).isCloseTo(10, within(1e-9));
    assertThat(scores.meteorExactStem()).isGreaterThan(0.99);
  }

  @Test
  void theOrderOfReportsDoesNotMatterAndCaseAndPunctuationNeither() {
    JsonNode c = GOLDEN.get("cases").get(0);
    List<String> written = texts(c.get("written"));
    List<String> reference = texts(c.get("reference"));
    WordScores before = WordScores.of(written, reference);
    Collections.reverse(written);
    Collections.reverse(reference);
    written.replaceAll(text -> text.toUpperCase(java.util.Locale.ROOT).replace(".", " !"));
    written.replaceAll(text -> text.replace("9 !5", "9.5"));
    WordScores after = WordScores.of(written, reference);
    assertThat(after.bleu4()).isCloseTo(before.bleu4(), within(1e-12));
    assertThat(after.meteorExactStem()).isCloseTo(before.meteorExactStem(), within(1e-12));
    assertThat(after.cider()).isCloseTo(before.cider(), within(1e-12));
  }

  @Test
  void theLongestCommonSubsequenceMayHaveGaps() {
    assertThat(
            RougeL.longestCommonSubsequence(
                List.of("a", "x", "b", "c"), List.of("a", "b", "y", "c", "z")))
        .isEqualTo(3);
    assertThat(RougeL.longestCommonSubsequence(List.of(), List.of("a"))).isZero();
  }

  @Test
  void countsMustAgree() {
    assertThatThrownBy(() -> WordScores.of(List.of("a"), List.of()))
        .hasMessage(
            "candidates and references must have one text per report, at least one, got 1 and 0");
  }
}
