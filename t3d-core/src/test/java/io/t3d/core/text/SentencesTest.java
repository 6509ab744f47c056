package io.t3d.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SentencesTest {
  @Test
  void abbreviationsEndNoSentence() {
    assertThat(Sentences.of("Discussed with Dr. Smith. Larger vs. 2021, e.g. 3.5 cm. St. Mary's!"))
        .containsExactly(
            "Discussed with Dr. Smith.", "Larger vs. 2021, e.g. 3.5 cm.", "St. Mary's!");
    assertThat(Sentences.of("Nodule in the chest. Normal heart."))
        .as("words that end like an abbreviation")
        .hasSize(2);
  }
}
