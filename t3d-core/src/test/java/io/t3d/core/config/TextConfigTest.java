package io.t3d.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.config.TextConfig.Wording;
import org.junit.jupiter.api.Test;

class TextConfigTest {
  @Test
  void textsAreSplitAsNltkDoes() {
    // NLTK's wordpunct_tokenize: re.findall(r"\w+|[^\w\s]+", text.lower()), joined by blanks.
    assertThat(Wording.LOWER_WORD_PUNCT.apply("Mass 2.5cm² (½ lobe),\n\u00a0NO."))
        .isEqualTo("mass 2 . 5cm² ( ½ lobe ), no .");
  }
}
