package io.t3d.data.dicom.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DcmtkRequestTest {
  @Test
  void decimalsHaveAtMostSixteenCharactersAndAllDigitsThatFit() {
    assertThat(DcmtkRequest.decimal(-97.5)).isEqualTo("-97.5");
    assertThat(DcmtkRequest.decimal(100)).isEqualTo("100");
    assertThat(DcmtkRequest.decimal(-0.0)).isEqualTo("0");
    assertThat(DcmtkRequest.decimal(-0.123456789012345678)).isEqualTo("-0.1234567890123");
    assertThat(DcmtkRequest.decimal(1e300)).isEqualTo("1E300");
    Random random = new Random(5);
    for (int i = 0; i < 10_000; i++) {
      double value = random.nextGaussian() * Math.pow(10, random.nextInt(30) - 15);
      String text = DcmtkRequest.decimal(value);
      assertThat(text).hasSizeLessThanOrEqualTo(16).matches("-?[0-9.]+(E-?[0-9]+)?");
      assertThat(Math.abs(Double.parseDouble(text) - value))
          .isLessThanOrEqualTo(1e-8 * Math.abs(value) + 1e-13);
    }
  }

  @Test
  void fieldsCannotForgeLines() {
    DcmtkRequest request = new DcmtkRequest();
    for (String bad : new String[] {"a\tb", "a\nb", "a\rb", "a\\b"}) {
      assertThatThrownBy(() -> request.line("segment", bad))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("choose another name");
    }
  }

  @Test
  void longTextsAreCut() {
    assertThat(DcmtkRequest.cut("a\nb\\c", 64)).isEqualTo("abc");
    assertThat(DcmtkRequest.cut("12345", 4)).isEqualTo("123…");
  }
}
