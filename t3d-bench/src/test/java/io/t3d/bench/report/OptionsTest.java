package io.t3d.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void withoutOptionsTheFirstGpuIsMeasuredForEightMinutes() {
    Options options = Options.of();
    assertThat(options.device()).isEqualTo("gpu");
    assertThat(options.minutes()).isEqualTo(8);
    assertThat(options.models()).containsExactly("vit-base", "resnet50");
    assertThat(options.precisions()).containsExactly("float32", "bfloat16");
    assertThat(options.pairs()).containsExactly(2, 8, 48);
  }

  @Test
  void commandsAreWordsAndAnEmptyOneIsNone() {
    Options options = Options.of("--tests", "./mvnw -o  test", "--python", "", "--short");
    assertThat(options.tests()).containsExactly("./mvnw", "-o", "test");
    assertThat(options.python()).isEmpty();
    assertThat(options.models()).containsExactly("vit-base-narrow", "resnet50-narrow");
  }

  @Test
  void wrongOptionsAreRefused() {
    assertThatThrownBy(() -> Options.of("--fast"))
        .hasMessage(
            "gpu-report takes --short and, with a value, --device, --home, --minutes, --out,"
                + " --python, --t3d, --tests, got --fast");
    assertThatThrownBy(() -> Options.of("--device", "tpu"))
        .hasMessage("--device must be gpu, gpu1 or cpu, got tpu");
    assertThatThrownBy(() -> Options.of("--minutes", "0"))
        .hasMessage("--minutes must be a number > 0, got 0");
    assertThatThrownBy(() -> Options.of("--minutes", "soon"))
        .hasMessage("--minutes must be a number > 0, got soon");
  }
}
