package io.t3d.data.transform.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AxisCodesTest {
  @Test
  void findsTheAxisThatRunsAlongADirectionEitherWay() {
    assertThat(AxisCodes.checked("asl")).isEqualTo("ASL");
    assertThat(AxisCodes.axisAlong("ASL", 'R')).isEqualTo(2);
    assertThat(AxisCodes.axisAlong("ASL", 'L')).isEqualTo(2);
    assertThat(AxisCodes.axisAlong("ASL", 'P')).isZero();
    assertThat(AxisCodes.axisAlong("ASL", 'I')).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "RA", "RASS", "RAX", "RLS", "R S"})
  void everyDirectionMustBeNamedOnce(String codes) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AxisCodes.checked(codes))
        .withMessageContaining("got " + codes);
  }
}
