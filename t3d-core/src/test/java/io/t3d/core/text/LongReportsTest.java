package io.t3d.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.t3d.core.TestDevice;
import io.t3d.core.config.TextConfig.LongReports;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LongReportsTest {
  private static final String SHORT = "No effusion. Clear lungs.";
  private static final String FINDINGS =
      "Findings: clear lungs. no effusion. the heart is normal. Impression: small nodule. Left.";

  private static ReportTokenizer tokenizer; // of 10 tokens, two of them special
  private static NDManager manager;

  @BeforeAll
  static void open() {
    tokenizer = ReportTokenizer.fromCorpus(List.of(SHORT, FINDINGS, "conclusion opinion"), 300, 10);
    manager = TestDevice.manager();
  }

  @AfterAll
  static void close() {
    tokenizer.close();
    manager.close();
  }

  /** Each row as text. */
  private static List<String> rows(String report, LongReports how) {
    try (TokenBatch batch = tokenizer.encode(manager, List.of(report), how)) {
      int rows = (int) batch.tokenIds().getShape().get(0);
      assertThat(batch.size()).isEqualTo(1);
      assertThat(batch.windows()).containsExactly(rows);
      assertThat(batch.tokenIds().getShape().get(1)).isLessThanOrEqualTo(10);
      return java.util.stream.IntStream.range(0, rows)
          .mapToObj(i -> tokenizer.decode(batch.tokenIds().get(i).toLongArray()))
          .toList();
    }
  }

  @ParameterizedTest
  @EnumSource(LongReports.class)
  void aReportThatFitsIsReadWhole(LongReports how) {
    assertThat(rows(SHORT, how)).containsExactly("no effusion. clear lungs.");
  }

  @Test
  void theHeadTheTailOrBothAreKept() {
    assertThat(rows(FINDINGS, LongReports.HEAD))
        .containsExactly("findings : clear lungs. no effusion.");
    assertThat(rows(FINDINGS, LongReports.TAIL))
        .containsExactly(". impression : small nodule. left.");
    assertThat(rows(FINDINGS, LongReports.HEAD_TAIL))
        .containsExactly("findings : : small nodule. left.");
  }

  @Test
  void theImpressionComesFirst() {
    assertThat(rows(FINDINGS, LongReports.IMPRESSION_FIRST))
        .containsExactly("impression : small nodule. left. findings");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "the heart is normal. no effusion. clear lungs.\nCONCLUSION:\nsmall nodule.\nFindings: the left is normal",
        "Impression: the left is normal. the heart is normal.\n  Conclusion : small nodule.\nFindings: the left",
        "the heart is normal; no effusion; clear lungs;\nOpinion\nsmall nodule.\nTECHNIQUE: the left",
        "TECHNIQUE: the heart. Findings: normal. Conclusion: small nodule. COMPARISON: the left is normal."
      })
  void conclusionsAreKnownByTheirHeadingsAndEndAtTheNext(String report) {
    List<String> row = rows(report, LongReports.IMPRESSION_FIRST);
    assertThat(row.get(0)).matches("(conclusion|opinion) ?:? small nodule\\..*");
  }

  @Test
  void withoutAnImpressionTheHeadIsKept() {
    String report = "The heart is normal. No effusion. Clear lungs. The left is normal.";
    assertThat(rows(report, LongReports.IMPRESSION_FIRST))
        .isEqualTo(rows(report, LongReports.HEAD))
        .containsExactly("the heart is normal. no effusion.");
  }

  @Test
  void windowsAreWholeSentencesAndLoseNothing() {
    assertThat(rows(FINDINGS, LongReports.SENTENCE_WINDOWS))
        .containsExactly(
            "findings : clear lungs. no effusion.",
            "the heart is normal.",
            "impression : small nodule. left.");
  }

  @Test
  void aSentenceThatIsTooLongIsCutAtItsLinesThenBetweenTokens() {
    assertThat(
            rows(
                "- clear lungs\n- no effusion\n- the heart is normal",
                LongReports.SENTENCE_WINDOWS))
        .containsExactly("- clear lungs - no effusion", "- the heart is normal");
    assertThat(rows("no ".repeat(20) + "nodule. Left.", LongReports.SENTENCE_WINDOWS))
        .containsExactly(
            "no no no no no no no no", "no no no no no no no no", "no no no no nodule.", "left.");
  }

  @Test
  void windowsOfABatchAreCountedPerReport() {
    try (TokenBatch batch =
        tokenizer.encode(manager, List.of(SHORT, FINDINGS, SHORT), LongReports.SENTENCE_WINDOWS)) {
      assertThat(batch.size()).isEqualTo(3);
      assertThat(batch.windows()).containsExactly(1, 3, 1);
      assertThat(batch.hasWindows()).isTrue();
      assertThat(batch.tokenIds().getShape().get(0)).isEqualTo(5);
    }
  }

  @Test
  void howManyAreTooLongIsCounted() {
    assertThat(tokenizer.countLong(List.of(SHORT, FINDINGS, SHORT, FINDINGS))).isEqualTo(2);
  }
}
