package io.t3d.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CellsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " \t\n",
        "\u00a0\u200b\ufeff\u3000\u00ad",
        "nan",
        "NaN",
        "None",
        "none.",
        "NULL",
        "N/A",
        "n.a.",
        "<NA>",
        "#N/A",
        "Not given",
        "not\u00a0given.",
        "NOT GIVEN.",
        "\u00a0Not given.\u200b",
        "\"Not available\"",
        "-",
        "\u2014",
        "..."
      })
  void wordsThatSayNothingAreNoText(String text) {
    assertThat(Cells.saysNothing(text)).isTrue();
    assertThat(Cells.label(text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Normal.",
        "No nodule.",
        "None of the nodules has grown.",
        "Contrast not given.",
        "\u80ba\u7d50\u7bc0"
      })
  void reportsStay(String text) {
    assertThat(Cells.saysNothing(text)).isFalse();
  }

  @Test
  void blanksThatAreNotSeenAreStripped() {
    assertThat(Cells.strip("\u00a0\u200b Lungs are clear.\ufeff\n")).isEqualTo("Lungs are clear.");
    assertThat(Cells.strip("a\u00a0b")).isEqualTo("a\u00a0b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "1.0", "1.000", "1.", "True", "TRUE", " 1.0\u00a0", "+1"})
  void presentIsWrittenInManyWays(String text) {
    assertThat(Cells.label(text)).contains(true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "0.0", "-0.0", "0.00", "False", "false"})
  void absentToo(String text) {
    assertThat(Cells.label(text)).contains(false);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "-1.0", "0.5", "2", "10", "yes", "1,0", "01x"})
  void otherValuesAreErrors(String text) {
    assertThatThrownBy(() -> Cells.label(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
